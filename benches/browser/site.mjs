// The folder that the benchmark serves, assembled of links to what is already built or cached, and what each side downloads from it.
import fs from 'node:fs';
import path from 'node:path';
import { cache, dist, models, root } from '../../scripts/paths.mjs';

const bench = path.join(root, 'target/bench');
const runtime = path.join(root, 'www/node_modules/onnxruntime-web/dist');
const ourModel = path.join(models, 'all-MiniLM-L6-v2-int8');
const peerModel = path.join(cache, 'peer/model.onnx');

const RUNTIME_FILES = {
  cpu: ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm'],
  webgpu: ['ort.webgpu.bundle.min.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'],
};
const OUR_FILES = ['client.js', 'worker.js', 'inglenook.js', 'inglenook_bg.wasm'];

function need(file, remedy) {
  if (!fs.existsSync(file)) throw new Error(`the benchmark needs ${file}; ${remedy}`);
  return file;
}

/** Folder of the synthetic catalog of that name, or undefined where it was not written. */
function syntheticCatalog(name) {
  const folder = path.join(bench, 'synthetic', name);
  return fs.existsSync(path.join(folder, 'manifest.json')) ? folder : undefined;
}

/** @returns {{ folder: string, hasCatalog(name: string): boolean }} */
export function assembleSite() {
  const folder = path.join(bench, 'site');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.cpSync(path.join(root, 'benches/browser/page'), folder, { recursive: true });
  const link = (to, name) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.symlinkSync(to, path.join(folder, name));
  };
  need(path.join(dist, 'inglenook_bg.wasm'), 'build it with `make build`');
  link(dist, 'lib');
  link(need(ourModel, 'fetch it with scripts/setup/model.sh'), 'model');
  link(need(peerModel, 'fetch it with scripts/setup/peer-model.sh'), 'peer/model.onnx');
  for (const name of Object.values(RUNTIME_FILES).flat()) {
    link(need(path.join(runtime, name), 'install it with scripts/setup/npm.sh'), `peer/${name}`);
  }
  const catalogs = path.join(bench, 'synthetic');
  if (fs.existsSync(catalogs)) link(catalogs, 'synthetic');
  return { folder, hasCatalog: (name) => syntheticCatalog(name) !== undefined };
}

/** The files that are downloaded before the first embedding: ours on any device, the peer's on each. */
export function downloads() {
  const ourModelFiles = JSON.parse(fs.readFileSync(path.join(ourModel, 'manifest.json'), 'utf8')).files;
  const peer = (device) => ({
    code: RUNTIME_FILES[device].map((name) => path.join(runtime, name)),
    model: [peerModel],
  });
  return {
    'inglenook, any device': {
      code: OUR_FILES.map((name) => path.join(dist, name)),
      model: ['manifest.json', ...ourModelFiles.map(({ name }) => name)].map((name) => path.join(ourModel, name)),
    },
    'onnxruntime-web, cpu': peer('cpu'),
    'onnxruntime-web, webgpu': peer('webgpu'),
  };
}
