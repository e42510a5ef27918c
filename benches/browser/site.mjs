// The folder that the benchmark serves, assembled of links to what is already built or cached.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { cache, catalogs, dist, models, root } from '../../scripts/paths.mjs';

const bench = path.join(root, 'target/bench');
const tools = path.join(root, 'www/node_modules/.bin');

/** Where everything that is served or weighed lies. */
export const places = {
  ourModel: path.join(models, 'all-MiniLM-L6-v2-int8'),
  shippedModel: path.join(root, 'models/inglenook-en'),
  films: path.join(catalogs, 'films'),
  peerModels: path.join(cache, 'peer/minilm'),
  onnxruntime: path.join(root, 'www/node_modules/onnxruntime-web/dist'),
  transformers: path.join(cache, 'peer/transformers/dist'),
  transformersRuntime: path.join(cache, 'peer/transformers-onnxruntime/dist'),
  hnswlib: path.join(cache, 'peer/hnswlib-wasm/dist'),
  edgevec: path.join(cache, 'peer/edgevec'),
  vectors: path.join(cache, 'peer/glosses'),
  tokenizer: path.join(models, 'all-MiniLM-L6-v2'),
  tables: path.join(bench, 'catalogs'),
};

function need(file, remedy) {
  if (!fs.existsSync(file)) throw new Error(`the benchmark needs ${file}; ${remedy}`);
  return file;
}

/** @returns {string} the folder, with the page of benches/browser/page at its root */
export function assembleSite({ peersOnly }) {
  const folder = path.join(bench, 'site');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.cpSync(path.join(root, 'benches/browser/page'), folder, { recursive: true });
  const link = (to, name, remedy) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.symlinkSync(need(to, remedy), path.join(folder, name));
  };
  if (!peersOnly) {
    for (const name of ['inglenook_bg.wasm', 'inglenook_relaxed_bg.wasm']) {
      need(path.join(dist, name), 'build it with `make build`');
    }
    link(dist, 'lib', 'build it with `make build`');
    link(places.ourModel, 'model', 'build it with `make build`');
    link(places.shippedModel, 'shipped', 'it is part of the repository');
    link(places.tables, 'catalogs', 'write it with scripts/bench.sh');
  }
  link(places.films, 'films', 'build it with `make build`');
  link(places.peerModels, 'peer/minilm', 'make it with scripts/setup/peer-model.sh');
  link(places.vectors, 'vectors', 'make it with scripts/setup/peer-vectors.sh');
  link(places.onnxruntime, 'peer/onnxruntime', 'install it with scripts/setup/npm.sh');
  const libraries = 'fetch it with scripts/setup/peer-libraries.sh';
  link(places.transformers, 'peer/transformers', libraries);
  link(places.transformersRuntime, 'peer/transformers-onnxruntime', libraries);
  link(places.hnswlib, 'peer/hnswlib-wasm', libraries);
  link(places.edgevec, 'peer/edgevec', libraries);
  // The layout in which transformers.js looks for a model: its configuration, tokenizer and onnx/model_quantized.onnx.
  const repository = 'peer/models/all-MiniLM-L6-v2';
  for (const name of ['config.json', 'tokenizer.json']) {
    link(path.join(places.tokenizer, name), `${repository}/${name}`, 'fetch it with scripts/setup/model.sh');
  }
  fs.writeFileSync(path.join(folder, repository, 'tokenizer_config.json'), '{ "tokenizer_class": "BertTokenizer" }\n');
  link(
    path.join(places.peerModels, 'q8.onnx'),
    `${repository}/onnx/model_quantized.onnx`,
    'make it with scripts/setup/peer-model.sh',
  );
  const source = path.join(root, 'scripts/peers/memory-sum.wat');
  execFileSync(path.join(tools, 'wasm-as'), ['--enable-simd', source, '-o', path.join(folder, 'memory-sum.wasm')]);
  return folder;
}
