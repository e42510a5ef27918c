// The peer of ranking: what a page with a table of unit embeddings writes by hand, with care: four accumulators, since a single one waits
// for each addition, and a short list of the best instead of a sort. Its answers are exact, and recall is measured by them.
import { itemVectors, rankingSubject } from './vectors.js';

function dot(table, from, query) {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < query.length; i += 4) {
    a += table[from + i] * query[i];
    b += table[from + i + 1] * query[i + 1];
    c += table[from + i + 2] * query[i + 2];
    d += table[from + i + 3] * query[i + 3];
  }
  return a + b + (c + d);
}

function top(table, query, rows, k) {
  const best = [];
  for (let row = 0; row < rows; row++) {
    const score = dot(table, row * query.length, query);
    if (best.length === k && score <= best[k - 1].score) continue;
    if (best.length === k) best.pop();
    let at = best.length;
    while (at > 0 && best[at - 1].score < score) at--;
    best.splice(at, 0, { row, score });
  }
  return Uint32Array.from(best, ({ row }) => row);
}

/** `build_ms` is 0: the vectors arrive as the table that is scanned. */
export async function start({ name, rows, dimensions }) {
  const table = await itemVectors(name, rows, dimensions);
  return rankingSubject({
    dimensions,
    info: () => ({ bytes: table.byteLength, build_ms: 0 }),
    topOf:
      ({ k }) =>
      (query) =>
        top(table, query, rows, k),
  });
}
