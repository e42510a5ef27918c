// A GPU is trusted only after it has given the known answer to the model's canary; what fails, and what is no real GPU, leaves the work
// to the CPU and says so.
import assert from 'node:assert/strict';
import test from 'node:test';
import { withEngine } from './support/engine.mjs';

const MODEL = 'all-MiniLM-L6-v2-int8';
const TIMEOUT = { timeout: 10 * 60_000 };

/** Another answer than any device will give: to the check, the GPU computes wrongly. */
function wrongCanary(pathname, reply) {
  if (!pathname.endsWith('manifest.json')) return reply;
  const manifest = JSON.parse(reply.body.toString());
  assert.equal(manifest.canary.embedding.length, 384);
  manifest.canary.embedding.reverse();
  return { ...reply, body: Buffer.from(JSON.stringify(manifest)) };
}

test('a GPU that fails its self-check hands over to the CPU', TIMEOUT, async () => {
  const setting = { model: MODEL, device: 'webgpu', browser: 'swiftshader', alter: wrongCanary };
  await withEngine(setting, async ({ backend, adapter, reason }, call) => {
    assert.deepEqual([backend, adapter], ['cpu', null]);
    assert.match(reason, /failed its self-check: cosine -?0\.\d+ to the known answer, expected at least 0\.999/);
    const [embedding] = await call('encode', ['a film about cats']);
    assert.ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-4, 'the CPU serves');
  });
});

test('auto passes over a GPU that is emulated in software', TIMEOUT, async () => {
  await withEngine({ model: MODEL, device: 'auto', browser: 'swiftshader' }, async ({ backend, reason }) => {
    assert.equal(backend, 'cpu');
    assert.match(reason, /emulated in software \(google swiftshader/);
  });
});
