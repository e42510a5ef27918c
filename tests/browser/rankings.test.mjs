// The browser and the command line rank alike: the same items in the same order, for ten fixed histories over the film library.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { cargoTarget, catalogs, models, root } from '../../scripts/paths.mjs';
import { withEngine } from './support/engine.mjs';

const K = 20;
const QUERY = 'a heist that goes wrong';
/** The model that is shipped, and its teacher: the catalogs' vectors are the teacher's, and both search them. One has learned parts. */
const PAIRS = [
  { model: 'inglenook-en', catalog: 'films' },
  { model: 'all-MiniLM-L6-v2-int8', catalog: 'films' },
  { model: 'inglenook-en', catalog: 'films-learned' },
];
/** What a request may take after its words are encoded, on one thread of the CPU. */
const REQUEST_MS = 15;
const histories = JSON.parse(fs.readFileSync(path.join(root, 'tests/fixtures/histories.json'), 'utf8'));

/** What the command line recommends. */
function recommendNatively({ model, catalog }, { interactions, now_ms: now, diversity }, query) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inglenook-'));
  const history = path.join(folder, 'history.json');
  fs.writeFileSync(history, JSON.stringify(interactions));
  const places = ['--catalog', path.join(catalogs, catalog), '--model', path.join(models, model), '--history', history];
  const optional = [
    ...(diversity === undefined ? [] : ['--diversity', diversity]),
    ...(query === undefined ? [] : ['--query', query]),
  ];
  const args = ['recommend', ...places, '--now', now, '-k', K, '--json', ...optional].map(String);
  const output = execFileSync(path.join(cargoTarget, 'release/inglenook'), args, { encoding: 'utf8' });
  fs.rmSync(folder, { recursive: true });
  return JSON.parse(output);
}

const toHistory = (interactions) =>
  interactions.map((i) => ({ itemId: i.item_id, kind: i.kind, timestampMs: i.timestamp_ms }));

/** What the module recommends. */
async function recommendInBrowser(call, { interactions, now_ms: nowMs, diversity }, query) {
  return call(
    'recommend',
    toHistory(interactions),
    { k: K, nowMs, ...(diversity !== undefined && { diversity }) },
    query,
  );
}

const ids = (list) => list.map(({ id }) => id);

for (const pair of PAIRS) {
  test(`native and browser lists are equal: ${pair.model}, ${pair.catalog}`, { timeout: 600_000 }, async (t) => {
    await withEngine({ ...pair, device: 'cpu', browser: 'none' }, async (_, call) => {
      assert.equal(histories.length, 10);
      for (const history of histories) {
        await t.test(history.name, async () => {
          const [native, browser] = [recommendNatively(pair, history), await recommendInBrowser(call, history)];
          assert.equal(native.length, K);
          assert.deepEqual(ids(browser), ids(native));
          // No text was encoded, so even the bits are the same.
          assert.deepEqual(
            browser.map(({ score }) => Math.fround(score)),
            native.map(({ score }) => Math.fround(score)),
          );
          assert.deepEqual(
            browser.map(({ because }) => because.map(({ id }) => id)),
            native.map(({ because }) => because.map(({ id }) => id)),
          );
        });
      }
      await t.test('with a request in words', async () => {
        const [native, browser] = [
          recommendNatively(pair, histories[1], QUERY),
          await recommendInBrowser(call, histories[1], QUERY),
        ];
        assert.deepEqual(ids(browser), ids(native));
      });
    });
  });
}

test('a request over the library takes a blink, learned parts and words included', { timeout: 600_000 }, async () => {
  await withEngine({ ...PAIRS[2], device: 'cpu', browser: 'none' }, async (_, call) => {
    const all = histories.map(({ interactions }) => toHistory(interactions));
    for (const query of [undefined, QUERY]) {
      const times = await call('timeRequests', all, { k: K, nowMs: histories[0].now_ms }, query, 21);
      console.log(`request ${query ? 'in words' : 'without words'}: ${times.map((ms) => ms.toFixed(1)).join(', ')} ms`);
      assert.ok(Math.max(...times) <= REQUEST_MS, `expected at most ${REQUEST_MS} ms, found ${times.join(', ')}`);
    }
  });
});
