// The peer: onnxruntime-web on the same model, from token ids to unit embeddings. The graph ends at the token embeddings; mean pooling
// and normalization are done here, as transformers.js does them.
import { tokenIds } from './texts.js';

const BUILDS = {
  cpu: { script: 'ort.wasm.bundle.min.mjs', wasm: 'ort-wasm-simd-threaded.wasm', provider: 'wasm' },
  webgpu: { script: 'ort.webgpu.bundle.min.mjs', wasm: 'ort-wasm-simd-threaded.asyncify.wasm', provider: 'webgpu' },
};

function meanPoolAndNormalize(hidden, rows, tokens, dimensions) {
  const embeddings = new Float32Array(rows * dimensions);
  for (let row = 0; row < rows; row++) {
    const embedding = embeddings.subarray(row * dimensions, (row + 1) * dimensions);
    for (let token = 0; token < tokens; token++) {
      const from = (row * tokens + token) * dimensions;
      for (let i = 0; i < dimensions; i++) embedding[i] += hidden[from + i];
    }
    let squares = 0;
    for (const value of embedding) squares += value * value;
    const scale = 1 / Math.sqrt(squares);
    for (let i = 0; i < dimensions; i++) embedding[i] *= scale;
  }
  return embeddings;
}

/** `model`: a file under /peer/minilm. */
export async function start({ device, model }) {
  const { script, wasm, provider } = BUILDS[device];
  const ort = await import(`/peer/onnxruntime/${script}`);
  // One thread: what a page has unless its server sends the cross-origin isolation headers; ours has one as well.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { wasm: `/peer/onnxruntime/${wasm}` };
  ort.env.logLevel = 'error';
  const bytes = await (await fetch(`/peer/minilm/${model}`)).arrayBuffer();
  const session = await ort.InferenceSession.create(bytes, { executionProviders: [provider] });
  return {
    info: () => ({ provider, version: ort.env.versions.web }),
    prepare({ rows, tokens }) {
      const shape = [rows, tokens];
      const ids = BigInt64Array.from(tokenIds(rows, tokens), BigInt);
      const feeds = () => ({
        input_ids: new ort.Tensor('int64', ids, shape),
        attention_mask: new ort.Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
        token_type_ids: new ort.Tensor('int64', new BigInt64Array(ids.length), shape),
      });
      return async () => {
        const { last_hidden_state: hidden } = await session.run(feeds());
        return meanPoolAndNormalize(hidden.data, rows, tokens, hidden.dims[2]);
      };
    },
  };
}
