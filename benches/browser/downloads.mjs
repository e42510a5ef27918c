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
  const { files } = JSON.parse(fs.readFileSync(path.join(places.ourModel, 'manifest.json'), 'utf8'));
  const model = ['manifest.json', ...files.map(({ name }) => name)].map((name) => path.join(places.ourModel, name));
  const built = fs.readdirSync(dist).filter((name) => SERVED.test(name));
  const relaxed = built.filter((name) => /relaxed/.test(name));
  const code = (names) => names.map((name) => path.join(dist, name));
  if (relaxed.length === 0) return { 'inglenook, any device': { code: code(built), model } };
  // A browser downloads one of the two variants of the module.
  const counterparts = relaxed.map((name) => name.replace(/[-_.]?relaxed/, ''));
  return {
    'inglenook, any device, relaxed SIMD': { code: code(built.filter((name) => !counterparts.includes(name))), model },
    'inglenook, any device, SIMD': { code: code(built.filter((name) => !relaxed.includes(name))), model },
  };
}
