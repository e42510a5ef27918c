// A page that does one side's work once, named in the address. `window.measured` resolves when it is done.
import { texts } from './texts.js';

const { searchParams: asked } = new URL(location);

function inWorker(module) {
  const worker = new Worker(module, { type: 'module' });
  window.held = worker; // or it might be collected
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
    worker.onerror = (event) => reject(new Error(event.message));
  });
}

/** Ours as a page uses it: the client starts its own worker. */
async function throughClient() {
  const { createRecommender } = await import('/lib/client.js');
  const recommender = await createRecommender({
    catalog: '/films/',
    model: `/${asked.get('model') ?? 'model'}/`,
    device: 'cpu',
  });
  await recommender.encode(texts(8, 32));
  await recommender.recommend({ query: 'a quiet film about the sea', k: 20 });
  window.held = recommender;
  return {};
}

const WORK = {
  nothing: async () => ({}),
  inglenook: throughClient,
  module: () => inWorker('memory-module.js'),
  onnxruntime: () => inWorker('memory-onnxruntime.js'),
};

window.measured = WORK[asked.get('side')]();
