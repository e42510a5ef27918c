// The engine in a module worker, as in production, without the client around it.
import init, { Engine } from '/lib/inglenook.js';
import { fetchDirectory } from './fetch-directory.js';

let engine;

const methods = {
  async load(model, catalog, device, module) {
    const [files, items] = await Promise.all([
      fetchDirectory(model),
      catalog && fetchDirectory(catalog),
      init({ module_or_path: `/lib/${module}` }),
    ]);
    engine = Engine.loadMaps(files, items ?? undefined);
    if (device !== 'cpu') await engine.chooseDevices(device, null, undefined);
    return engine.status();
  },
  // A plain array of rows: what travels from the page to the test is JSON.
  async encode(texts) {
    const embeddings = await engine.encode(texts);
    const { dimensions } = engine.status();
    return texts.map((_, row) => Array.from(embeddings.subarray(row * dimensions, (row + 1) * dimensions)));
  },
  async recommend(history, request, query) {
    engine.setHistory(history);
    return engine.recommend(request, query ? await engine.encode([query]) : undefined);
  },
  /** Median milliseconds of a request for each of some histories, the vector of its words given. */
  async timeRequests(histories, request, query, runs) {
    const vector = query && (await engine.encode([query]));
    const medians = [];
    for (const history of histories) {
      engine.setHistory(history);
      const times = [];
      // Two to warm up.
      for (let run = -2; run < runs; run++) {
        const from = performance.now();
        await engine.recommend(request, vector);
        if (run >= 0) times.push(performance.now() - from);
      }
      medians.push(times.sort((a, b) => a - b)[runs >> 1]);
    }
    return medians;
  },
};

self.onmessage = async ({ data: { method, args } }) => {
  try {
    self.postMessage({ result: await methods[method](...args) });
  } catch (error) {
    self.postMessage({ error: `${error?.name ?? 'Error'} ${error?.code ?? ''}: ${error?.message ?? error}` });
  }
};
