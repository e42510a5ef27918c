// Reproducible pseudo-random unit vectors. The time to rank does not depend on the values, only on how many there are.
export function unitVectors(count, dimensions, seed) {
  const values = new Float32Array(count * dimensions);
  let state = seed | 1;
  for (let row = 0; row < count; row++) {
    const vector = values.subarray(row * dimensions, (row + 1) * dimensions);
    let squares = 0;
    for (let i = 0; i < dimensions; i++) {
      // xorshift32: Math.random() takes no seed
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      vector[i] = state;
      squares += state * state;
    }
    const scale = 1 / Math.sqrt(squares);
    for (let i = 0; i < dimensions; i++) vector[i] *= scale;
  }
  return values;
}
