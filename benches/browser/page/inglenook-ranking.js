// Ours: the rows of a catalog nearest to a query embedding, without the parts and explanations of a whole recommendation.
import { loadEngine } from './engine.js';
import { rankingSubject } from './vectors.js';

/** Without `catalog`: what the module takes with its model alone, to tell the catalog's share. */
export async function start({ catalog, rows, dimensions, device }) {
  const { engine, memory, loadMs } = await loadEngine({ device, catalog });
  const info = () => ({ ...engine.status(), build_ms: loadMs, bytes: memory.buffer.byteLength });
  if (!catalog) return { info };
  const status = engine.status();
  if (status.items !== rows || status.dimensions !== dimensions) {
    throw new Error(
      `${catalog}: expected ${rows} items of ${dimensions} dimensions, found ${status.items} of ${status.dimensions}; build it again`,
    );
  }
  return rankingSubject({
    dimensions,
    info,
    topOf:
      ({ k }) =>
      async (query) =>
        (await engine.nearest(query, k, device === 'webgpu')).rows,
  });
}
