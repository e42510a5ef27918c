// The exact answers over a catalog's own int8 rows: what a scan of them can find at best.
import { catalogVectors, topOfCatalog } from './catalog-vectors.js';
import { rankingSubject } from './vectors.js';

export async function start({ catalog, dimensions }) {
  const vectors = await catalogVectors(catalog);
  return rankingSubject({
    dimensions,
    info: () => ({}),
    topOf:
      ({ k }) =>
      (query) =>
        topOfCatalog(vectors, query, k),
  });
}
