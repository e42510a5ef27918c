// A peer of ranking: hnswlib-wasm, a graph of neighbors (Malkov and Yashunin 2016) over inner products.
import { itemVectors, rankingSubject } from './vectors.js';

const BATCH = 1_000;
const SEED = 1;

export async function start({ name, rows, dimensions, m, efConstruction }) {
  const table = await itemVectors(name, rows, dimensions);
  const { loadHnswlib } = await import('/peer/hnswlib-wasm/hnswlib.js');
  // Its messages about the file system that it brings along would fill the console.
  const library = await loadHnswlib('MEMFS').catch(() => loadHnswlib());
  const from = performance.now();
  const index = new library.HierarchicalNSW('ip', dimensions, '');
  index.initIndex(rows, m, efConstruction, SEED);
  for (let row = 0; row < rows; row += BATCH) {
    const batch = [];
    for (let i = row; i < Math.min(row + BATCH, rows); i++) {
      batch.push(table.subarray(i * dimensions, (i + 1) * dimensions));
    }
    index.addItems(batch, false);
  }
  const buildMs = performance.now() - from;
  return rankingSubject({
    dimensions,
    info: () => ({ build_ms: buildMs, bytes: library.HEAPU8.byteLength }),
    topOf({ k, ef }) {
      index.setEfSearch(ef);
      return (query) => index.searchKnn(query, k, undefined).neighbors;
    },
  });
}
