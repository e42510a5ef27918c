// The peer, as a page uses it: transformers.js on the same model in q8, then products with the same item vectors. Files come from this
// server instead of a public one; it keeps them in Cache Storage, as it does by default.
import { env, pipeline } from '/peer/transformers/transformers.min.js';
import { catalogVectors, topOfCatalog } from './catalog-vectors.js';

env.remoteHost = `${location.origin}/peer/models/`;
env.remotePathTemplate = '{model}/';
const runtime = `${location.origin}/peer/transformers-onnxruntime/ort-wasm-simd-threaded.asyncify`;
env.backends.onnx.wasm.wasmPaths = { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` };
env.backends.onnx.wasm.numThreads = 1;

export async function firstRecommendation(query) {
  const [encode, films] = await Promise.all([
    pipeline('feature-extraction', 'all-MiniLM-L6-v2', { dtype: 'q8', device: 'wasm' }),
    catalogVectors('/films'),
  ]);
  const { data } = await encode(query, { pooling: 'mean', normalize: true });
  return { first: topOfCatalog(films, data, 10)[0], version: env.version };
}
