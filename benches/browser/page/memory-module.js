// Our wasm module alone in a worker, for the size of its memory, which the client does not tell.
import { loadEngine } from './engine.js';
import { texts } from './texts.js';

async function work() {
  const { engine, memory } = await loadEngine({ device: 'cpu', catalog: '/films' });
  await engine.encode(texts(8, 32));
  await engine.recommend({ k: 20, nowMs: 0 }, await engine.encode(texts(1, 8)));
  return { wasm_bytes: memory.buffer.byteLength };
}

work().then(
  (found) => self.postMessage(found),
  (error) => self.postMessage({ error: `${error?.name ?? 'Error'}: ${error?.message ?? error}` }),
);
