// Both wasm modules, with relaxed SIMD and without, and the native library give the same vectors, to the bit.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
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

function nativeVectors() {
  const tool = path.join(cargoTarget, 'release/inglenook');
  const found = execFileSync(tool, ['encode', '--model', path.join(models, MODEL)], {
    input: `${texts.join('\n')}\n`,
    maxBuffer: 1 << 28,
  });
  return found
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).map(Math.fround));
}

for (const [module, level] of Object.entries(LEVELS)) {
  test(`${module} gives the vectors of the native library`, async () => {
    await withEngine({ model: MODEL, device: 'cpu', browser: 'none', module }, async ({ simd }, call) => {
      assert.match(simd, level);
      console.log(`${module}: ${simd}, ${texts.length} texts`);
      const found = await call('encode', texts);
      const expected = nativeVectors();
      assert.equal(found.length, expected.length);
      for (const [i, text] of texts.entries()) assert.deepEqual(found[i], expected[i], text);
    });
  });
}
