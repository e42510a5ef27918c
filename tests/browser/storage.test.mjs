// What stays in the browser from one visit to the next: profile, added items and downloads; and what happens where nothing can stay.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { assertError, loadClient, openClient, withSite } from './support/client-page.mjs';

const MATRIX = '2571';

let browser;
before(async () => (browser = await launch('none')));
after(() => browser?.close());

/** Runs `use` with a tab that has the client. */
const inPage = (use, options = {}) =>
  withSite(browser, options, async (server, context) => use(await openClient(context, server), context, server));

async function reload(page) {
  await page.reload();
  await loadClient(page);
}

describe('the profile and the added items', () => {
  it('are there on the next visit, and gone after a reset', () =>
    inPage(async (page) => {
      await page.evaluate(async (matrix) => {
        const recommender = await load();
        await recommender.record({ itemId: matrix, kind: 'like', timestamp: 5 });
        await recommender.addItems([{ id: 'mine', title: 'A film of mine', text: 'About my garden.' }]);
        await recommender.removeItems(['1']);
      }, MATRIX);
      await reload(page);
      const next = await page.evaluate(async () => {
        const recommender = await load();
        const state = {
          interactions: (await recommender.profile.export()).interactions,
          items: (await recommender.items(['mine', '1'])).map((item) => item?.title ?? null),
          found: (await recommender.search('a garden of my own', { k: 1 }))[0].id,
        };
        await recommender.profile.reset();
        await recommender.removeItems(['mine']);
        return state;
      });
      assert.deepEqual(next.interactions, [{ itemId: MATRIX, kind: 'like', timestampMs: 5 }]);
      assert.deepEqual(next.items, ['A film of mine', null]);
      assert.equal(next.found, 'mine');
      await reload(page);
      const last = await page.evaluate(async () => {
        const recommender = await load();
        return { profile: await recommender.profile.get(), items: await recommender.items(['mine']) };
      });
      assert.deepEqual(last, { profile: [], items: [null] });
    }));

  it('are kept apart by name, and not at all where the page says so', () =>
    inPage(async (page) => {
      const found = await page.evaluate(async (matrix) => {
        const record = async (storage) => {
          const recommender = await load({ storage });
          await recommender.record({ itemId: matrix, kind: 'like' });
          recommender.dispose();
        };
        await record({ name: 'one' });
        await record('memory');
        const count = async (storage) => (await (await load({ storage })).profile.get()).length;
        return [await count({ name: 'one' }), await count({ name: 'two' }), await count('memory')];
      }, MATRIX);
      assert.deepEqual(found, [1, 0, 0]);
    }));

  it('of an earlier release are taken over', () =>
    inPage(async (page) => {
      const profile = await page.evaluate(async (matrix) => {
        // The database as its first version was.
        const request = indexedDB.open('inglenook', 1);
        request.onupgradeneeded = () => request.result.createObjectStore('profiles');
        const database = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
        const interactions = [{ itemId: matrix, kind: 'purchase', timestampMs: 7 }];
        const transaction = database.transaction('profiles', 'readwrite');
        transaction.objectStore('profiles').put({ plain: { interactions } }, '/catalog/');
        await new Promise((resolve) => (transaction.oncomplete = resolve));
        database.close();
        const recommender = await load();
        await recommender.addItems([{ id: 'mine', title: 'Mine' }]);
        return { ...(await recommender.profile.export()), problem: recommender.status().storage.problem };
      }, MATRIX);
      assert.equal(profile.problem, null);
      assert.deepEqual(profile.interactions, [{ itemId: MATRIX, kind: 'purchase', timestampMs: 7 }]);
    }));

  it('of a later release are left alone', () =>
    inPage(async (page) => {
      const status = await page.evaluate(async () => {
        const request = indexedDB.open('inglenook', 99);
        const database = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
        database.close();
        const recommender = await load();
        await recommender.record({ itemId: '1', kind: 'like' });
        return { storage: recommender.status().storage, entries: (await recommender.profile.get()).length };
      });
      assert.equal(status.storage.profile, 'memory');
      assert.equal(status.storage.problem.code, 'storage_unavailable');
      assert.equal(status.entries, 1);
    }));
});

describe('encryption', () => {
  it('hides what is stored, and opens it with the same key only', () =>
    inPage(async (page) => {
      const result = await page.evaluate(async (matrix) => {
        const newKey = () => crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
        const [key, otherKey] = [await newKey(), await newKey()];
        const stored = async () => {
          const request = indexedDB.open('inglenook');
          const database = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
          const read = (store) =>
            new Promise((resolve) => {
              const get = database.transaction(store).objectStore(store).get('/catalog/');
              get.onsuccess = () => resolve(get.result);
            });
          const all = [await read('profiles'), await read('editions')];
          database.close();
          return all.map((document) => ({
            kind: Object.keys(document)[0],
            text: new TextDecoder('latin1').decode(document.sealed?.data),
          }));
        };
        // Begun without a key: what is there is encrypted as soon as a page brings one.
        const plain = await load();
        await plain.record({ itemId: matrix, kind: 'like', timestamp: 5 });
        await plain.addItems([{ id: 'secret', title: 'A secret film' }]);
        const before = await stored();
        plain.dispose();

        const first = await load({ storage: { key } });
        const after = await stored();
        const status = first.status().storage;
        const joined = [await failure(load({ storage: { key: otherKey } })), await failure(load())];
        first.dispose();

        const later = [await failure(load({ storage: { key: otherKey } })), await failure(load())];
        const again = await load({ storage: { key } });
        return {
          before,
          after,
          status,
          errors: [...joined, ...later],
          interactions: (await again.profile.export()).interactions,
          items: await again.items(['secret']),
        };
      }, MATRIX);
      assert.deepEqual(
        result.before.map(({ kind }) => kind),
        ['plain', 'plain'],
      );
      for (const { kind, text } of result.after) {
        assert.equal(kind, 'sealed');
        assert.ok(text.length > 20 && !text.includes(MATRIX) && !text.includes('secret'));
      }
      assert.equal(result.status.isEncrypted, true);
      for (const error of result.errors) assertError(error, 'profile_locked');
      assert.deepEqual(result.interactions, [{ itemId: MATRIX, kind: 'like', timestampMs: 5 }]);
      assert.equal(result.items[0].title, 'A secret film');
    }));
});

/** Puts a script before everything in the worker, where storage is used. */
const inWorker = (script) => ({
  alter: (pathname, reply) =>
    pathname === '/lib/worker.js'
      ? { ...reply, body: Buffer.concat([Buffer.from(`${script};\n`), reply.body]) }
      : reply,
});

describe('a browser that keeps nothing', () => {
  const cases = [
    [
      'without IndexedDB, as in some private windows',
      "IDBFactory.prototype.open = () => { throw new DOMException('not in this window', 'SecurityError'); }",
      { profile: 'memory', isEncrypted: false, artifacts: 'persistent' },
      'storage_unavailable',
    ],
    [
      'without Cache Storage',
      "CacheStorage.prototype.open = async () => { throw new DOMException('not in this window', 'SecurityError'); }",
      { profile: 'persistent', isEncrypted: false, artifacts: 'memory' },
      'storage_unavailable',
    ],
    [
      'whose disk is full for profiles',
      "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); }",
      { profile: 'memory', isEncrypted: false, artifacts: 'persistent' },
      'storage_full',
    ],
    [
      'whose disk is full for downloads',
      "Cache.prototype.put = async () => { throw new DOMException('full', 'QuotaExceededError'); }",
      { profile: 'persistent', isEncrypted: false, artifacts: 'memory' },
      'storage_full',
    ],
  ];
  for (const [name, script, storage, code] of cases) {
    it(`${name}, works all the same and says so`, () =>
      inPage(async (page) => {
        const result = await page.evaluate(async (matrix) => {
          const told = [];
          const recommender = await load({ onStatus: ({ storage }) => told.push(storage) });
          await recommender.record({ itemId: matrix, kind: 'like' });
          const [{ because }] = await recommender.recommend({ k: 1 });
          return { because: because.map(({ id }) => id), storage: recommender.status().storage, told };
        }, MATRIX);
        const { problem, ...found } = result.storage;
        assert.deepEqual(found, storage);
        assert.equal(problem.code, code, problem.message);
        assert.deepEqual(result.because, [MATRIX]);
      }, inWorker(script)));
  }

  it('in truth full, goes on and says so', () =>
    withSite(browser, {}, async (server, context) => {
      const page = await openClient(context, server);
      const session = await context.newCDPSession(page);
      await session.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize: 1_000_000 });
      const result = await page.evaluate(async () => {
        const recommender = await load();
        return { storage: recommender.status().storage, films: (await recommender.recommend({ k: 3 })).length };
      });
      assert.equal(result.storage.artifacts, 'memory');
      assert.equal(result.storage.problem.code, 'storage_full');
      assert.equal(result.films, 3);
    }));
});
