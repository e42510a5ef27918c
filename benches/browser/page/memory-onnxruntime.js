// The peer in a worker: onnxruntime-web on the CPU in q8, then products with the film catalog's vectors.
import { catalogVectors, topOfCatalog } from './catalog-vectors.js';
import { start } from './onnxruntime-encoder.js';

async function work() {
  const [encoder, films] = await Promise.all([start({ device: 'cpu', model: 'q8.onnx' }), catalogVectors('/films')]);
  await encoder.prepare({ rows: 8, tokens: 32 })();
  topOfCatalog(films, await encoder.prepare({ rows: 1, tokens: 8 })(), 20);
  self.held = [encoder, films]; // or they might be collected
  return {};
}

work().then(
  (found) => self.postMessage(found),
  (error) => self.postMessage({ error: `${error?.name ?? 'Error'}: ${error?.message ?? error}` }),
);
