// Ours: from texts to unit embeddings, tokenization included.
import { fetchDirectory } from './fetch-directory.js';
import { texts } from './texts.js';

export async function start({ device }) {
  const { default: init, Engine } = await import('/lib/inglenook.js');
  const [model] = await Promise.all([fetchDirectory('/model'), init({ module_or_path: '/lib/inglenook_bg.wasm' })]);
  const engine = await Engine.load(model, undefined, device);
  const status = engine.status();
  if (status.backend !== device) {
    throw new Error(`expected backend ${device}, found ${status.backend}: ${status.reason}`);
  }
  return {
    info: status,
    prepare({ rows, tokens }) {
      const batch = texts(rows, tokens);
      return () => engine.encode(batch);
    },
  };
}
