// The peer of ranking: what a page with a table of unit embeddings writes by hand, twice. `sort`: a loop of dot products and a sort.
// `careful`: four accumulators, since a single one waits for each addition, and a short list of the best instead of the sort.
import { unitVectors } from './vectors.js';

function dot(table, from, query) {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += table[from + i] * query[i];
  return sum;
}

function dotInFour(table, from, query) {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < query.length; i += 4) {
    a += table[from + i] * query[i];
    b += table[from + i + 1] * query[i + 1];
    c += table[from + i + 2] * query[i + 2];
    d += table[from + i + 3] * query[i + 3];
  }
  return a + b + (c + d);
}

function topBySort(table, query, rows, k) {
  const scores = new Float32Array(rows);
  for (let row = 0; row < rows; row++) scores[row] = dot(table, row * query.length, query);
  const order = Uint32Array.from(scores, (_, row) => row);
  return order.sort((a, b) => scores[b] - scores[a]).slice(0, k);
}

function topByShortList(table, query, rows, k) {
  const best = [];
  for (let row = 0; row < rows; row++) {
    const score = dotInFour(table, row * query.length, query);
    if (best.length === k && score <= best[k - 1].score) continue;
    if (best.length === k) best.pop();
    let at = best.length;
    while (at > 0 && best[at - 1].score < score) at--;
    best.splice(at, 0, { row, score });
  }
  return Uint32Array.from(best, ({ row }) => row);
}

const METHODS = { sort: topBySort, careful: topByShortList };

export async function start({ rows, dimensions }) {
  const table = unitVectors(rows, dimensions, 1);
  const query = unitVectors(1, dimensions, 7);
  return {
    info: { bytes: table.byteLength },
    prepare({ method, k }) {
      const top = METHODS[method];
      return () => top(table, query, rows, k);
    },
  };
}
