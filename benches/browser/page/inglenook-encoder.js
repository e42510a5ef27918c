// Ours: from texts to unit embeddings, tokenization included.
import { loadEngine } from './engine.js';
import { texts } from './texts.js';

export async function start({ device, model, simd }) {
  const { engine } = await loadEngine({ device, model, simd });
  return {
    info: () => engine.status(),
    prepare({ rows, tokens }) {
      const batch = texts(rows, tokens);
      return () => engine.encode(batch);
    },
  };
}
