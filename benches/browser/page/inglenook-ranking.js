// Ours: a whole recommendation (retrieval, ranking, explanation, titles), not only the scan, over a synthetic catalog.
import { fetchDirectory } from './fetch-directory.js';
import { unitVectors } from './vectors.js';

export async function start({ catalog, rows, dimensions }) {
  const { default: init, Engine } = await import('/lib/inglenook.js');
  const [model, items] = await Promise.all([
    fetchDirectory('/model'),
    fetchDirectory(catalog),
    init({ module_or_path: '/lib/inglenook_bg.wasm' }),
  ]);
  const engine = await Engine.load(model, items, 'cpu');
  const status = engine.status();
  if (status.items !== rows || status.dimensions !== dimensions) {
    throw new Error(
      `${catalog}: expected ${rows} items of ${dimensions} dimensions, found ${status.items} of ${status.dimensions}; build it again`,
    );
  }
  const query = unitVectors(1, dimensions, 7);
  return {
    info: status,
    prepare({ k }) {
      const request = { k, nowMs: 0, seed: 0, diversity: 0 };
      return () => {
        const found = engine.recommend(request, query);
        if (found.length !== k) throw new Error(`expected ${k} recommendations, found ${found.length}`);
        return found.map(({ id }) => id);
      };
    },
  };
}
