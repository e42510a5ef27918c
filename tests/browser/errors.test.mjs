// What a visitor and a host page see when something is wrong: damaged files, missing ones, no GPU, calls that cannot be honored.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { DemoPage } from './support/demo-page.mjs';
import { serve, SITE } from './support/server.mjs';

/** Served by the site, and of its origin, but without scripts of its own. */
const QUIET_PAGE = '/films/LICENSE-MovieLens.txt';

let browser;
before(async () => (browser = await launch('none')));
after(() => browser?.close());

/** Runs `use` with a server of the site that alters the answers to paths that match. */
async function withServer(altered, use) {
  const alter = altered && ((pathname, reply) => (altered.path.test(pathname) ? altered.reply(reply) : reply));
  const server = await serve(SITE, { alter });
  const context = await browser.newContext();
  try {
    return await use(server, await context.newPage());
  } finally {
    await context.close();
    await server.close();
  }
}

const flipped = ({ status, body }) => {
  const copy = Buffer.from(body);
  copy[copy.length >> 1] ^= 1;
  return { status, body: copy };
};
const truncated = ({ status, body }) => ({ status, body: body.subarray(0, body.length - 1) });
const missing = () => ({ status: 404, body: Buffer.from('not here') });
const replaced = (text) => () => ({ status: 200, body: Buffer.from(text) });
const manifest =
  (change) =>
  ({ status, body }) => ({
    status,
    body: Buffer.from(JSON.stringify({ ...JSON.parse(body), ...change })),
  });

describe('a site whose files are not as they should be', () => {
  const cases = [
    ['a flipped bit in the embeddings', /^\/catalog\/embeddings/, flipped, 'artifact_corrupt', /embeddings.*SHA-256/],
    ['a flipped bit in the weights', /^\/model\/.*\.safetensors$/, flipped, 'artifact_corrupt', /safetensors.*SHA-256/],
    ['a file without its last byte', /^\/catalog\/embeddings/, truncated, 'artifact_corrupt', /embeddings.*bytes/],
    ['a missing file', /^\/model\/tokenizer\.json$/, missing, 'network', /tokenizer\.json answered 404/],
    ['a missing manifest', /^\/catalog\/manifest\.json$/, missing, 'network', /manifest\.json answered 404/],
    ['a missing wasm module', /^\/lib\/inglenook\w*_bg\.wasm$/, missing, 'network', /inglenook_bg\.wasm answered 404/],
    ['a missing worker', /^\/lib\/worker\.js$/, missing, 'network', /worker/],
    [
      'a web page in place of a manifest',
      /^\/model\/manifest\.json$/,
      replaced('<!doctype html>'),
      'artifact_corrupt',
      /not JSON/,
    ],
    [
      'a manifest of a later format',
      /^\/catalog\/manifest\.json$/,
      manifest({ format_version: 2 }),
      'artifact_incompatible',
      /format_version 2/,
    ],
    [
      'a catalog of another model',
      /^\/catalog\/manifest\.json$/,
      manifest({ model: 'another' }),
      'artifact_incompatible',
      /another/,
    ],
    [
      'a manifest that names a path',
      /^\/model\/manifest\.json$/,
      manifest({ files: [{ name: '../x', bytes: 1 }] }),
      'artifact_corrupt',
      /"\.\.\/x"/,
    ],
  ];
  for (const [name, path, reply, code, message] of cases) {
    it(`shows ${code} for ${name}`, () =>
      withServer({ path, reply }, async (server, page) => {
        const demo = new DemoPage(page);
        await page.goto(server.url);
        await demo.loaded();
        const error = await demo.error();
        assert.equal(error?.code, code, error?.message);
        assert.match(error.message, message);
        // What looks damaged is asked for once more, around the browser's cache, before the visitor is bothered.
        const asked = server.requests.map(({ url }) => url).filter((url) => path.test(url));
        for (const url of new Set(asked)) {
          assert.equal(asked.filter((other) => other === url).length, code === 'artifact_corrupt' ? 2 : 1, url);
        }
        assert.notEqual(asked.length, 0);
      }));
  }
});

describe('a browser without WebGPU', () => {
  for (const device of ['auto', 'webgpu']) {
    it(`runs on the CPU and says why, asked for ${device}`, () =>
      withServer(null, async (server, page) => {
        const demo = new DemoPage(page);
        await demo.open(`${server.url}/?device=${device}`);
        const { backend, adapter, reason } = await demo.status();
        assert.equal(backend, 'cpu');
        assert.equal(adapter, null);
        assert.match(reason, /GPU/);
      }));
  }
});

/**
 * Runs `scenario` in a page that has the client. There it finds `load`, which creates a recommender from the site's model and
 * catalog, and `failure`, which gives what a promise was rejected with in a form that can leave the page.
 */
function inPage(scenario, altered = null) {
  return withServer(altered, async (server, page) => {
    await page.goto(server.url + QUIET_PAGE);
    await page.evaluate(async () => {
      const { createRecommender } = await import('/lib/client.js');
      const site = { model: '/model/', catalog: '/catalog/', device: 'cpu', storage: 'memory' };
      globalThis.load = (options) => createRecommender({ ...site, ...options });
      globalThis.failure = (promise) =>
        promise.then(
          (value) => ({ value }),
          (error) => ({ isError: error instanceof Error, name: error.name, code: error.code, message: error.message }),
        );
    });
    return page.evaluate(scenario);
  });
}

/** Asserts that this is an `InglenookError` of this code, as seen on the page's side of the worker. */
function assertError(error, code, message = /./) {
  assert.deepEqual(
    { isError: error.isError, name: error.name, code: error.code },
    { isError: true, name: 'InglenookError', code },
    JSON.stringify(error),
  );
  assert.match(error.message, message);
}

describe('the client', () => {
  it('gives typed errors across the worker, and goes on working after them', async () => {
    const result = await inPage(async () => {
      const recommender = await load();
      const errors = {
        record: await failure(recommender.record({ itemId: 'no such film', kind: 'like' })),
        explain: await failure(recommender.explain('no such film')),
        k: await failure(recommender.recommend({ k: 0 })),
        kind: await failure(recommender.record({ itemId: '1', kind: 'adore' })),
        unclonable: await failure(recommender.recommend({ filter: { anyOf: [() => {}] } })),
      };
      const list = await recommender.recommend({ k: 3, seed: undefined, filter: { anyOf: undefined } });
      return { ...errors, count: list.length };
    });
    assertError(result.record, 'unknown_item', /no such film/);
    assertError(result.explain, 'unknown_item', /no such film/);
    assertError(result.k, 'invalid_input', /1 to 1000/);
    assertError(result.kind, 'invalid_input', /adore/);
    assertError(result.unclonable, 'invalid_input');
    assert.equal(result.count, 3);
  });

  it('refuses a device that it does not know', async () => {
    const result = await inPage(async () => failure(load({ device: 'abacus' })));
    assertError(result, 'invalid_input', /abacus/);
  });

  it('stops loading when its signal says so', async () => {
    const result = await inPage(async () => {
      const controller = new AbortController();
      const onProgress = ({ loadedBytes }) => loadedBytes > 0 && controller.abort();
      return [
        await failure(load({ signal: controller.signal, onProgress })),
        await failure(load({ signal: AbortSignal.abort() })),
      ];
    });
    for (const error of result) assertError(error, 'cancelled');
  });

  it('takes back calls under way when they or the recommender are cancelled', async () => {
    const result = await inPage(async () => {
      const recommender = await load();
      const controller = new AbortController();
      const first = failure(recommender.encode(['the first call is under way']));
      const second = failure(recommender.recommend({ query: 'never begun' }, { signal: controller.signal }));
      controller.abort();
      const results = [await second, (await first).value?.length];
      const third = failure(recommender.encode(['disposed in the middle']));
      recommender.dispose();
      return [...results, await third, await failure(recommender.profile.get())];
    });
    const [second, first, third, late] = result;
    assertError(second, 'cancelled');
    assert.equal(first, 1);
    assertError(third, 'cancelled', /disposed/);
    assertError(late, 'cancelled', /disposed/);
  });

  it('does what it is asked in order, one call after another', async () => {
    const result = await inPage(async () => {
      const recommender = await load();
      const [alone, , liked, history] = await Promise.all([
        recommender.recommend({ query: 'robots', k: 20 }),
        recommender.record({ itemId: '1', kind: 'like' }),
        recommender.recommend({ query: 'robots', k: 20 }),
        recommender.profile.get(),
      ]);
      const reasons = (list) => list.flatMap(({ because }) => because).length;
      return {
        alone: reasons(alone),
        liked: reasons(liked),
        history: history.map(({ itemId, interactions }) => [itemId, interactions[0].kind]),
      };
    });
    assert.equal(result.alone, 0);
    assert.ok(result.liked > 0);
    assert.deepEqual(result.history, [['1', 'like']]);
  });

  it('reports progress from the first byte to the last', async () => {
    const result = await inPage(async () => {
      const events = [];
      await load({ onProgress: (event) => events.push(event) });
      return events;
    });
    const stages = result.map(({ stage }) => stage).filter((stage, i, all) => stage !== all[i - 1]);
    assert.deepEqual(stages, ['download', 'compile', 'download', 'verify', 'ready']);
    result.forEach(({ loadedBytes, totalBytes }, i) => {
      assert.ok(loadedBytes >= (result[i - 1]?.loadedBytes ?? 0) && loadedBytes <= totalBytes);
    });
    assert.equal(result.at(-1).loadedBytes, result.at(-1).totalBytes);
  });

  it('turns a panic of the engine into an error, at once and from then on', async () => {
    // An engine whose encoding traps in a later task and never settles, as a panic in an async wasm function does.
    const trap = [
      0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11,
    ];
    const engine = `
      export default async ({ module_or_path }) => { await (await module_or_path).arrayBuffer(); };
      const { f: trap } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(${JSON.stringify(trap)}))).exports;
      export class Files { allocate() {} write() {} view() {} areHashed() {} }
      export class PreparedGpu {}
      export class Engine {
        static load = () => new Engine();
        chooseDevices = async () => {};
        status = () => ({ dimensions: 1 });
        items = () => [];
        encode = () => { queueMicrotask(trap); return new Promise(() => {}); };
      }`;
    const result = await inPage(
      async () => {
        const recommender = await load();
        const before = await recommender.profile.get();
        return [before, await failure(recommender.encode(['x'])), await failure(recommender.profile.get())];
      },
      { path: /^\/lib\/inglenook\.js$/, reply: replaced(engine) },
    );
    const [before, during, afterwards] = result;
    assert.deepEqual(before, []);
    for (const error of [during, afterwards]) assertError(error, 'backend_unavailable', /stopped unexpectedly/);
  });
});
