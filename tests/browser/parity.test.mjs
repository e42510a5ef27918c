// The engine in a real browser gives the embeddings of the reference implementation: float32 on the CPU and on WebGPU within rounding,
// int8 closely. Chromium's software GPU takes seconds a text, so by default WebGPU gets eight short ones;
// `PARITY_GPU=nvidia node --test tests/browser/parity.test.mjs` gives a real GPU all of them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { dist, models, root } from '../../scripts/paths.mjs';
import { launch } from './support/browser.mjs';
import { serve } from './support/server.mjs';

const LOWEST_COSINE = 0.9999;
const LARGEST_DIFFERENCE = 1e-4;
const LOWEST_MEAN_COSINE_INT8 = 0.995;
const BATCH = 8;
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

function assembleSite() {
  const site = path.join(root, 'target/test-sites/parity');
  fs.rmSync(site, { recursive: true, force: true });
  fs.cpSync(path.join(root, 'tests/browser/pages/parity'), site, { recursive: true });
  fs.copyFileSync(path.join(root, 'benches/browser/page/fetch-directory.js'), path.join(site, 'fetch-directory.js'));
  const links = [
    ['lib', dist, 'inglenook_bg.wasm', 'build it with `make build`'],
    ['f32', path.join(models, 'all-MiniLM-L6-v2'), 'manifest.json', 'fetch it with scripts/setup/model.sh'],
    ['int8', path.join(models, 'all-MiniLM-L6-v2-int8'), 'manifest.json', 'fetch it with scripts/setup/model.sh'],
  ];
  for (const [name, folder, file, remedy] of links) {
    assert.ok(fs.existsSync(path.join(folder, file)), `${path.join(folder, file)} is missing; ${remedy}`);
    fs.symlinkSync(folder, path.join(site, name));
  }
  return site;
}

/** Loads the model on the device in a fresh browser and hands `work` the engine's status and a function that encodes. */
async function withEngine({ model, device, browser: kind }, work) {
  const server = await serve(assembleSite());
  const browser = await launch(kind);
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(server.url);
    await page.waitForFunction(() => window.call);
    const call = (method, ...args) => page.evaluate(([m, a]) => window.call(m, ...a), [method, args]);
    await work(await call('load', `/${model}`, device), (texts) => call('encode', texts));
  } finally {
    await browser.close();
    await server.close();
  }
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
async function measure(encode, expected) {
  const results = [];
  for (let from = 0; from < expected.length; from += BATCH) {
    const batch = expected.slice(from, from + BATCH);
    const embeddings = await encode(batch.map(({ text }) => text));
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
  await withEngine({ model: 'f32', device: 'cpu', browser: 'none' }, async (status, encode) => {
    assert.equal(status.backend, 'cpu');
    assert.equal(status.dtype, 'f32');
    assertClose(t, 'cpu, f32', await measure(encode, references));
    // The shortest beside the longest: padding must not leak into a short text's embedding.
    const mixed = [references[0], references.at(-1), references[1], references.at(-2)];
    assertClose(t, 'cpu, f32, mixed lengths', await measure(encode, mixed));
  });
});

test('int8 on the CPU stays close to the float32 reference', { timeout: 20 * MINUTE }, async (t) => {
  await withEngine({ model: 'int8', device: 'cpu', browser: 'none' }, async (status, encode) => {
    assert.equal(status.backend, 'cpu');
    assert.equal(status.dtype, 'int8');
    const cosines = (await measure(encode, references)).map(({ cosine }) => cosine);
    const mean = cosines.reduce((a, b) => a + b) / cosines.length;
    t.diagnostic(
      `cpu, int8: ${cosines.length} texts, mean cosine ${mean.toFixed(5)}, worst ${Math.min(...cosines).toFixed(5)}`,
    );
    assert.ok(mean >= LOWEST_MEAN_COSINE_INT8, `expected a mean cosine >= ${LOWEST_MEAN_COSINE_INT8}, found ${mean}`);
  });
});

test('float32 on WebGPU equals the reference', { timeout: 30 * MINUTE }, async (t) => {
  await withEngine({ model: 'f32', device: 'webgpu', browser: gpu }, async (status, encode) => {
    assert.equal(status.backend, 'webgpu', status.reason);
    if (gpu !== 'swiftshader') {
      assert.doesNotMatch(status.adapter ?? '', /swiftshader/i, `PARITY_GPU=${gpu}, but the adapter is software`);
    }
    const expected = gpu === 'swiftshader' ? shortReferences(SHORT_TEXTS) : references;
    assertClose(t, `webgpu (${status.adapter}), f32`, await measure(encode, expected));
  });
});
