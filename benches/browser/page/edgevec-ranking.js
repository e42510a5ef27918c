// A peer of ranking: edgevec, by its graph of neighbors (`search`) or by binary codes whose best are rescored (`rescored`).
import { itemVectors, rankingSubject } from './vectors.js';

export async function start({ name, rows, dimensions, m, efConstruction, ef }) {
  const table = await itemVectors(name, rows, dimensions);
  const { default: init, EdgeVec, EdgeVecConfig } = await import('/peer/edgevec/edgevec.js');
  const { memory } = await init({ module_or_path: '/peer/edgevec/edgevec_bg.wasm' });
  const from = performance.now();
  const config = new EdgeVecConfig(dimensions);
  // Between unit vectors the nearest have the largest product. Its own metrics `dot` and `cosine` return the farthest (version 0.9.0).
  config.metric = 'l2';
  config.m = m;
  config.m0 = 2 * m;
  config.ef_construction = efConstruction;
  config.ef_search = ef;
  const index = new EdgeVec(config);
  index.enableBQ();
  const ids = index.insertBatchFlat(table, rows);
  const buildMs = performance.now() - from;
  const rowOf = new Map(Array.from(ids, (id, row) => [id, row]));
  const methods = {
    search: (query, k) => index.search(query, k),
    rescored: (query, k, factor) => index.searchBQRescored(query, k, factor),
  };
  return rankingSubject({
    dimensions,
    info: () => ({ build_ms: buildMs, bytes: memory.buffer.byteLength }),
    topOf:
      ({ k, method, factor }) =>
      (query) =>
        methods[method](query, k, factor).map(({ id }) => rowOf.get(id)),
  });
}
