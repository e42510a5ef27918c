// Reads the item vectors of a catalog directory where they lie (docs/artifact-format.md), for peers that rank the same items.
import { fetchDirectory } from './fetch-directory.js';

const HEADER_BYTES = 24;
const ENTRY_BYTES = 24;

function sections(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return Object.fromEntries(
    Array.from({ length: Number(view.getBigUint64(16, true)) }, (_, i) => {
      const at = HEADER_BYTES + i * ENTRY_BYTES;
      const name = new TextDecoder().decode(file.subarray(at, at + 8)).trim();
      const offset = Number(view.getBigUint64(at + 8, true));
      return [name, file.slice(offset, offset + Number(view.getBigUint64(at + 16, true))).buffer];
    }),
  );
}

/** int8 rows and their scales. */
export async function catalogVectors(url) {
  const files = await fetchDirectory(url);
  const manifest = JSON.parse(new TextDecoder().decode(files.get('manifest.json')));
  if (manifest.dtype !== 'int8') throw new Error(`${url}: expected int8 vectors, found ${manifest.dtype}`);
  const { scales, values } = sections(files.get(manifest.embeddings));
  return { scales: new Float32Array(scales), values: new Int8Array(values), dimensions: manifest.dimensions };
}

/** The rows with the `k` largest products with `query`, best first. */
export function topOfCatalog({ scales, values, dimensions }, query, k) {
  const scores = scales.map((scale, row) => {
    let sum = 0;
    for (let i = 0, at = row * dimensions; i < dimensions; i++) sum += values[at + i] * query[i];
    return sum * scale;
  });
  return Array.from(scores.keys())
    .sort((a, b) => scores[b] - scores[a])
    .slice(0, k);
}
