// The engine in a real browser gives the embeddings of the reference implementation: float32 on the CPU and on WebGPU within rounding,
// int8 closely. Chromium's software GPU takes seconds a text, so by default WebGPU gets eight short ones;
// `PARITY_GPU=nvidia node --test tests/browser/parity.test.mjs` gives a real GPU all of them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { cargoTarget, models, root } from '../../scripts/paths.mjs';
import { withEngine } from './support/engine.mjs';

const LOWEST_COSINE = 0.9999;
const LARGEST_DIFFERENCE = 1e-4;
const LOWEST_MEAN_COSINE_INT8 = 0.995;
const LOWEST_COSINE_OF_DEVICES = 0.9995;
const BATCH = 8;
const SHIPPED = 'inglenook-en';
/** Packed models, by what their weights are stored as. */
const PACKED = { [SHIPPED]: 'int8', 'all-MiniLM-L6-v2-int4': 'int4' };
const SHORT_TEXTS = 8;
const MINUTE = 60_000;

const gpu = process.env.PARITY_GPU ?? 'swiftshader';

/** The committed texts, and every further one of a larger reference file where there is one. */
function readReferences() {
  const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
  const committed = read(path.join(root, 'tests/fixtures/parity/parity.json'));
  const larger = process.env.INGLENOOK_PARITY ?? path.join(root, '../shared/data/parity.json');
  if (process.env.INGLENOOK_PARITY === undefined && !fs.existsSync(larger)) return committed;
  const known = new Set(committed.map(({ text }) => text));
  return [...committed, ...read(larger).filter(({ text }) => !known.has(text))];
}

const lengthOf = ({ text, ids }) => ids?.length ?? text.length;
/** In order of length: texts of similar length share a batch, since padding costs time. Mixed lengths have a check of their own. */
const references = readReferences().sort((a, b) => lengthOf(a) - lengthOf(b));

/** `count` texts of up to 16 tokens, from short to long. The empty text is left to the CPU: a few texts should all have words in them. */
function shortReferences(count) {
  const short = references.filter((reference) => reference.text.trim() !== '' && lengthOf(reference) <= 16);
  return Array.from({ length: count }, (_, i) => short[Math.floor((i * (short.length - 1)) / (count - 1))]);
}

function compare(embedding, reference) {
  assert.equal(embedding.length, reference.length, 'dimensions');
  let [dot, a, b, difference] = [0, 0, 0, 0];
  for (const [i, value] of embedding.entries()) {
    dot += value * reference[i];
    a += value * value;
    b += reference[i] * reference[i];
    // Not Math.max alone: a NaN must not pass for the smallest difference.
    difference = Number.isFinite(value) ? Math.max(difference, Math.abs(value - reference[i])) : Infinity;
  }
  return { cosine: dot / Math.sqrt(a * b), difference };
}

/** Encodes in batches and compares each text with its reference. */
async function measure(call, expected) {
  const results = [];
  for (let from = 0; from < expected.length; from += BATCH) {
    const batch = expected.slice(from, from + BATCH);
    const embeddings = await call(
      'encode',
      batch.map(({ text }) => text),
    );
    for (const [i, { text, embedding }] of batch.entries())
      results.push({ text, ...compare(embeddings[i], embedding) });
  }
  return results;
}

function assertClose(t, place, results) {
  const worst = results.reduce((a, b) => (b.cosine >= a.cosine ? a : b));
  const farthest = results.reduce((a, b) => (b.difference > a.difference ? b : a));
  t.diagnostic(
    `${place}: ${results.length} texts, worst cosine ${worst.cosine.toFixed(7)} (${excerpt(worst)}), ` +
      `largest difference ${farthest.difference.toExponential(2)} (${excerpt(farthest)})`,
  );
  assert.ok(
    worst.cosine >= LOWEST_COSINE,
    `${excerpt(worst)}: expected cosine >= ${LOWEST_COSINE}, found ${worst.cosine}`,
  );
  assert.ok(
    farthest.difference <= LARGEST_DIFFERENCE,
    `${excerpt(farthest)}: expected a difference <= ${LARGEST_DIFFERENCE}, found ${farthest.difference}`,
  );
}

const excerpt = ({ text }) => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);

test('float32 on the CPU equals the reference on every text', { timeout: 20 * MINUTE }, async (t) => {
  await withEngine({ model: 'all-MiniLM-L6-v2', device: 'cpu', browser: 'none' }, async (status, call) => {
    assert.equal(status.backend, 'cpu');
    assert.equal(status.dtype, 'f32');
    assertClose(t, 'cpu, f32', await measure(call, references));
    // The shortest beside the longest: padding must not leak into a short text's embedding.
    const mixed = [references[0], references.at(-1), references[1], references.at(-2)];
    assertClose(t, 'cpu, f32, mixed lengths', await measure(call, mixed));
  });
});

test('int8 on the CPU stays close to the float32 reference', { timeout: 20 * MINUTE }, async (t) => {
  await withEngine({ model: 'all-MiniLM-L6-v2-int8', device: 'cpu', browser: 'none' }, async (status, call) => {
    assert.equal(status.backend, 'cpu');
    assert.equal(status.dtype, 'int8');
    const cosines = (await measure(call, references)).map(({ cosine }) => cosine);
    const mean = cosines.reduce((a, b) => a + b) / cosines.length;
    t.diagnostic(
      `cpu, int8: ${cosines.length} texts, mean cosine ${mean.toFixed(5)}, worst ${Math.min(...cosines).toFixed(5)}`,
    );
    assert.ok(mean >= LOWEST_MEAN_COSINE_INT8, `expected a mean cosine >= ${LOWEST_MEAN_COSINE_INT8}, found ${mean}`);
  });
});

test('float32 on WebGPU equals the reference', { timeout: 30 * MINUTE }, async (t) => {
  await withEngine({ model: 'all-MiniLM-L6-v2', device: 'webgpu', browser: gpu }, async (status, call) => {
    assert.equal(status.backend, 'webgpu', status.reason);
    assert.match(status.adapter ?? 'none', new RegExp(gpu), 'the engine names the adapter');
    // Chromium takes its software GPU without a word where it finds no other.
    assert.match(status.pageAdapter ?? 'none', new RegExp(gpu), `PARITY_GPU=${gpu}, but the page has another adapter`);
    const expected = gpu === 'swiftshader' ? shortReferences(SHORT_TEXTS) : references;
    assertClose(t, `webgpu (${status.pageAdapter}), f32`, await measure(call, expected));
  });
});

for (const [model, dtype] of Object.entries(PACKED)) {
  test(`the same vectors natively and in the browser: ${model}`, { timeout: 20 * MINUTE }, async () => {
    const texts = references.map(({ text }) => text.replaceAll(/\s+/g, ' ').trim()).filter((text) => text !== '');
    const tool = path.join(cargoTarget, 'release/inglenook');
    const output = execFileSync(tool, ['encode', '--model', path.join(models, model)], {
      input: texts.join('\n') + '\n',
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    const native = output
      .trim()
      .split('\n')
      .map((line) => Float32Array.from(JSON.parse(line)));
    assert.equal(native.length, texts.length);
    await withEngine({ model, device: 'cpu', browser: 'none' }, async (status, call) => {
      assert.equal(status.dtype, dtype);
      for (let from = 0; from < texts.length; from += BATCH) {
        const found = await call('encode', texts.slice(from, from + BATCH));
        found.forEach((embedding, i) => assert.deepEqual([...embedding], [...native[from + i]], texts[from + i]));
      }
    });
  });
}

for (const model of ['all-MiniLM-L6-v2-int8', ...Object.keys(PACKED)]) {
  test(`the CPU and WebGPU agree: ${model}`, { timeout: 30 * MINUTE }, async (t) => {
    const expected = gpu === 'swiftshader' ? shortReferences(SHORT_TEXTS) : references;
    const encoded = {};
    for (const device of ['cpu', 'webgpu']) {
      await withEngine({ model, device, browser: gpu }, async (status, call) => {
        assert.equal(status.backend, device, status.reason);
        if (device === 'webgpu') assert.ok(status.dispatches <= 2 + 8 * 6, `${status.dispatches} dispatches an encode`);
        encoded[device] = [];
        for (let from = 0; from < expected.length; from += BATCH) {
          const texts = expected.slice(from, from + BATCH).map(({ text }) => text);
          encoded[device].push(...(await call('encode', texts)));
        }
      });
    }
    const cosines = encoded.cpu.map((embedding, i) => compare(encoded.webgpu[i], embedding).cosine);
    t.diagnostic(`${cosines.length} texts, lowest cosine between CPU and WebGPU ${Math.min(...cosines)}`);
    for (const cosine of cosines) assert.ok(cosine >= LOWEST_COSINE_OF_DEVICES, `found ${cosine}`);
  });
}
