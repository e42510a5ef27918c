// The files that are downloaded before the first embedding: ours, and the peer's on each device.
import fs from 'node:fs';
import path from 'node:path';
import { dist } from '../../scripts/paths.mjs';
import { places } from './site.mjs';

const RUNTIME_FILES = {
  cpu: ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm'],
  webgpu: ['ort.webgpu.bundle.min.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'],
};
/** The command line tool's declarations and source maps are no download. */
const SERVED = /\.(js|wasm)$/;
/** What browsers without relaxed SIMD take in the place of the other module; it is a little smaller. */
const INSTEAD = 'inglenook_bg.wasm';

export function downloads({ peersOnly }) {
  const peer = (device) => ({
    code: RUNTIME_FILES[device].map((name) => path.join(places.onnxruntime, name)),
    model: [path.join(places.peerModels, 'q8.onnx')],
  });
  return {
    ...(!peersOnly && ours()),
    'onnxruntime-web, cpu, q8': peer('cpu'),
    'onnxruntime-web, webgpu, q8': peer('webgpu'),
  };
}

function ours() {
  const model = (folder) => {
    const { files } = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
    return ['manifest.json', ...files.map(({ name }) => name)].map((name) => path.join(folder, name));
  };
  const code = fs
    .readdirSync(dist)
    .filter((name) => SERVED.test(name) && name !== INSTEAD)
    .map((name) => path.join(dist, name));
  return {
    'inglenook, any device': { code, model: model(places.shippedModel) },
    "inglenook with the peer's model, any device": { code, model: model(places.ourModel) },
  };
}
