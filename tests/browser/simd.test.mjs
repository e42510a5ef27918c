// Both wasm modules, with relaxed SIMD and without, and the native library give the same vectors, to the bit.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { cargoTarget, models, root } from '../../scripts/paths.mjs';
import { PLAIN, RELAXED, withEngine } from './support/engine.mjs';

const MODEL = 'all-MiniLM-L6-v2-int8';
const LEVELS = { [RELAXED]: /^(relaxed-simd|simd128)$/, [PLAIN]: /^simd128$/ };

const texts = JSON.parse(fs.readFileSync(path.join(root, 'tests/fixtures/parity/parity.json'), 'utf8'))
  .map(({ text }) => text)
  // What the command line reads is lines.
  .filter((text) => text.trim() !== '' && !/[\n\r]/.test(text));

const tool = path.join(cargoTarget, 'release/inglenook');

function nativeVectors(model, texts) {
  const found = execFileSync(tool, ['encode', '--model', model], {
    input: `${texts.join('\n')}\n`,
    maxBuffer: 1 << 28,
  });
  return found
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).map(Math.fround));
}

/** A model of random weights, in int8, with the vocabulary of MiniLM. Its feed-forward part has 20 channels: no whole tiles. */
function makeOddModel(folder) {
  const [hidden, inner, layers] = [32, 20, 2];
  const source = path.join(models, 'all-MiniLM-L6-v2');
  const config = JSON.parse(fs.readFileSync(path.join(source, 'config.json'), 'utf8'));
  const sizes = {
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: 2,
    max_position_embeddings: 256,
  };
  const shapes = {
    'embeddings.word_embeddings.weight': [config.vocab_size, hidden],
    'embeddings.position_embeddings.weight': [sizes.max_position_embeddings, hidden],
    'embeddings.token_type_embeddings.weight': [2, hidden],
  };
  const norm = (name) => Object.assign(shapes, { [`${name}.weight`]: [hidden], [`${name}.bias`]: [hidden] });
  const linear = (name, out, input) =>
    Object.assign(shapes, { [`${name}.weight`]: [out, input], [`${name}.bias`]: [out] });
  norm('embeddings.LayerNorm');
  for (let layer = 0; layer < layers; layer++) {
    const key = (name) => `encoder.layer.${layer}.${name}`;
    for (const name of ['query', 'key', 'value']) linear(key(`attention.self.${name}`), hidden, hidden);
    linear(key('attention.output.dense'), hidden, hidden);
    norm(key('attention.output.LayerNorm'));
    linear(key('intermediate.dense'), inner, hidden);
    linear(key('output.dense'), hidden, inner);
    norm(key('output.LayerNorm'));
  }
  let seed = 1;
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 31 - 1;
  const header = {};
  const parts = [];
  let offset = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, random);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, (offset += values.byteLength)] };
    parts.push(Buffer.from(values.buffer));
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const raw = path.join(folder, 'raw');
  fs.mkdirSync(raw);
  fs.writeFileSync(path.join(raw, 'model.safetensors'), Buffer.concat([length, json, ...parts]));
  fs.writeFileSync(path.join(raw, 'config.json'), JSON.stringify({ ...config, ...sizes }));
  fs.copyFileSync(path.join(source, 'tokenizer.json'), path.join(raw, 'tokenizer.json'));
  const packed = path.join(folder, 'packed');
  execFileSync(tool, ['pack', '--source', raw, '--out', packed], { stdio: 'pipe' });
  return packed;
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inglenook-simd-'));
test.after(() => fs.rmSync(folder, { recursive: true }));
const MODELS = { [MODEL]: texts, 'a model of odd sizes': texts.slice(0, 40) };

for (const [name, texts] of Object.entries(MODELS)) {
  for (const [module, level] of Object.entries(LEVELS)) {
    test(`${module} gives the vectors of the native library: ${name}`, async () => {
      const model = name === MODEL ? path.join(models, MODEL) : path.join(folder, 'packed');
      if (!fs.existsSync(model)) makeOddModel(folder);
      await withEngine({ model, device: 'cpu', browser: 'none', module }, async ({ simd }, call) => {
        assert.match(simd, level);
        console.log(`${module}: ${simd}, ${texts.length} texts`);
        const found = await call('encode', texts);
        const expected = nativeVectors(model, texts);
        assert.equal(found.length, expected.length);
        for (const [i, text] of texts.entries()) assert.deepEqual(found[i], expected[i], text);
      });
    });
  }
}
