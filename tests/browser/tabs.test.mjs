// Several tabs of one site: one engine, one profile; and what becomes of the others when a tab or the engine goes.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { assertError, openClient, withSite } from './support/client-page.mjs';

const MATRIX = '2571';

let browser;
before(async () => (browser = await launch('none')));
after(() => browser?.close());

/** Runs `use` with two tabs that have the client. */
const inTwoTabs = (use, options = {}) =>
  withSite(browser, options, async (server, context) =>
    use(await openClient(context, server), await openClient(context, server), server),
  );

const start = (tab, options = {}) =>
  tab.evaluate(async (options) => {
    globalThis.changes = 0;
    globalThis.statuses = [];
    globalThis.recommender = await load({ ...options, onStatus: (status) => statuses.push(status) });
    recommender.profile.subscribe(() => changes++);
    return recommender.status();
  }, options);

const history = (tab) => tab.evaluate(async () => (await recommender.profile.export()).interactions);

/** Waits until `condition` holds in a tab. */
const until = (tab, condition, argument) => tab.waitForFunction(condition, argument, { timeout: 10_000 });

for (const shared of [true, false]) {
  describe(shared ? 'two tabs of one engine' : 'two tabs of an engine each', () => {
    it('share the profile and the added items', () =>
      inTwoTabs(async (one, two, server) => {
        const statuses = [await start(one, { shared }), await start(two, { shared })];
        assert.deepEqual(
          statuses.map(({ isShared }) => isShared),
          [shared, shared],
        );
        assert.equal(server.requests.filter(({ url }) => url.endsWith('.wasm')).length, shared ? 1 : 2);
        assert.equal(server.requests.filter(({ url }) => url.endsWith('.safetensors')).length, 1);

        await one.evaluate((itemId) => recommender.record({ itemId, kind: 'like', timestamp: 5 }), MATRIX);
        await until(two, () => changes === 1);
        assert.deepEqual(await history(two), [{ itemId: MATRIX, kind: 'like', timestampMs: 5 }]);
        const because = await two.evaluate(async () => (await recommender.recommend({ k: 1 }))[0].because);
        assert.equal(because[0].id, MATRIX);

        await two.evaluate(() => recommender.addItems([{ id: 'mine', title: 'A film of mine' }]));
        await until(one, (items) => statuses.at(-1)?.items === items, statuses[0].items + 1);
        const [item] = await one.evaluate(() => recommender.items(['mine']));
        assert.equal(item.title, 'A film of mine');

        // At the same time, in both: nothing is lost.
        const recordMany = (tab, kind) =>
          tab.evaluate(
            (kind) => Promise.all(['1', '2', '3', '4'].map((itemId) => recommender.record({ itemId, kind }))),
            kind,
          );
        await Promise.all([recordMany(one, 'view'), recordMany(two, 'click')]);
        const hasAll = async () => (await recommender.profile.export()).interactions.length === 9;
        await until(one, hasAll);
        await until(two, hasAll);
        assert.deepEqual(await history(two), await history(one));
      }));
  });
}

describe('a tab that goes', () => {
  it('leaves the engine to the others', () =>
    inTwoTabs(async (one, two) => {
      await start(one);
      await start(two);
      await one.close();
      assert.equal(await two.evaluate(async () => (await recommender.recommend({ k: 3 })).length), 3);
    }));

  it('in the middle of loading does not end the download of another', () =>
    inTwoTabs(async (one, two, server) => {
      const first = one.evaluate(async () => void (await load())).catch(() => {});
      const second = two.evaluate(async () => (await (await load()).recommend({ k: 3 })).length);
      await one.close();
      await first;
      assert.equal(await second, 3);
      assert.equal(server.requests.filter(({ url }) => url.endsWith('.safetensors')).length, 1);
    }));

  it('frees the memory of an engine that nobody else uses', () =>
    inTwoTabs(async (one, two) => {
      await start(one, { storage: { name: 'one' } });
      const before = (await start(two, { storage: { name: 'two' } })).memoryBytes;
      // Engines come and go in the same worker: were they not freed, its memory would grow with each.
      const after = await one.evaluate(async () => {
        for (let i = 0; i < 3; i++) {
          recommender.dispose();
          globalThis.recommender = await load({ storage: { name: 'one' } });
        }
        return recommender.status().memoryBytes;
      });
      assert.ok(after < 1.2 * before, `${after} bytes after, ${before} before`);
    }));
});

describe('a shared worker that ends', () => {
  it('is noticed, and the next recommender has a new one', () => {
    const alter = (pathname, reply) => {
      if (pathname !== '/lib/worker.js') return reply;
      // As if the browser had ended it for want of memory.
      const ending = "new BroadcastChannel('end the worker').onmessage = () => self.close();\n";
      return { ...reply, body: Buffer.concat([Buffer.from(ending), reply.body]) };
    };
    return inTwoTabs(
      async (one, two) => {
        await start(one);
        await start(two);
        const error = await two.evaluate(async () => {
          new BroadcastChannel('end the worker').postMessage(null);
          await new Promise((resolve) => setTimeout(resolve, 500));
          return failure(recommender.recommend());
        });
        assertError(error, 'backend_unavailable', /create a new recommender/);
        assertError(await one.evaluate(() => failure(recommender.recommend())), 'backend_unavailable');
        assert.equal(await one.evaluate(async () => (await (await load()).recommend({ k: 3 })).length), 3);
      },
      { alter },
    );
  });
});

describe('a browser without shared workers', () => {
  it('has an engine for each page', () =>
    withSite(browser, {}, async (server, context) => {
      await context.addInitScript(() => delete globalThis.SharedWorker);
      const page = await openClient(context, server);
      const status = await start(page);
      assert.equal(status.isShared, false);
    }));
});
