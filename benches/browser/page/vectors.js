// The vectors that ranking is measured on: real sentence embeddings, f32 rows of unit length (scripts/peers/gloss_vectors.py).
async function floats(name) {
  const response = await fetch(`/vectors/${name}.f32`);
  if (!response.ok) throw new Error(`/vectors/${name}.f32: expected to be served, found HTTP ${response.status}`);
  return new Float32Array(await response.arrayBuffer());
}

/** The first `rows` rows of the table `name`. */
export async function itemVectors(name, rows, dimensions) {
  const values = await floats(name);
  if (values.length < rows * dimensions) {
    throw new Error(`/vectors/${name}.f32: expected ${rows} rows of ${dimensions}, found ${values.length} numbers`);
  }
  return values.length === rows * dimensions ? values : values.slice(0, rows * dimensions);
}

/** Query embeddings, one array each. */
export async function queryVectors(dimensions) {
  const values = await floats('queries');
  return Array.from({ length: values.length / dimensions }, (_, row) =>
    values.subarray(row * dimensions, (row + 1) * dimensions),
  );
}

/**
 * The subject of a way to rank: `topOf(testCase)` returns a function from a query vector to the rows found, best first. Timed runs go
 * through the queries in turn, so that no answer is in a cache.
 */
export async function rankingSubject({ dimensions, info, topOf }) {
  const queries = await queryVectors(dimensions);
  return {
    info,
    async prepare(testCase) {
      const top = await topOf(testCase);
      let next = 0;
      return () => top(queries[next++ % queries.length]);
    },
    async answers(testCase) {
      const top = await topOf(testCase);
      const found = [];
      for (const query of queries.slice(0, testCase.queries)) found.push(...(await top(query)));
      return found;
    },
  };
}
