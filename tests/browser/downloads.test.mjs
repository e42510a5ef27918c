// How models and catalogs come and stay: cached by their pieces, taken up again where they broke off, brought up to date, used offline.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { root } from '../../scripts/paths.mjs';
import { launch } from './support/browser.mjs';
import { assertError, loadClient, openClient, withSite } from './support/client-page.mjs';
import { SITE } from './support/server.mjs';

let browser;
before(async () => (browser = await launch('none')));
after(() => browser?.close());

const ARTIFACTS = /^\/(model|catalog)\//;
const WEIGHTS = /\.safetensors$/;
const EMBEDDINGS = /^\/catalog\/embeddings-/;
const MEBIBYTE = 2 ** 20;

const artifactRequests = (server) => server.requests.filter(({ url }) => ARTIFACTS.test(url));
const forget = (server) => server.requests.splice(0);

describe('downloads', () => {
  it('come once for all recommenders, and not at all on the next visit', () =>
    withSite(browser, {}, async (server, context) => {
      const page = await openClient(context, server);
      await page.evaluate(async () => {
        await Promise.all([load(), load()]);
      });
      const first = artifactRequests(server).map(({ url }) => url);
      assert.equal(new Set(first).size, first.length, `asked twice: ${first}`);
      assert.equal(server.requests.filter(({ url }) => url.endsWith('.wasm')).length, 1);

      forget(server);
      await page.reload();
      await loadClient(page);
      const events = await page.evaluate(async () => {
        const events = [];
        await load({ onProgress: (event) => events.push(event) });
        return events;
      });
      const second = artifactRequests(server).map(({ url }) => url);
      assert.deepEqual(second.toSorted(), ['/catalog/manifest.json', '/model/manifest.json']);
      assert.equal(events.at(-1).loadedBytes, events.at(-1).totalBytes);
    }));

  it('are told of and deleted, one by one or all', () =>
    withSite(browser, {}, async (server, context) => {
      const page = await openClient(context, server);
      const infos = await page.evaluate(async () => {
        const infos = [await cacheInfo()];
        (await load()).dispose();
        infos.push(await cacheInfo());
        const deleted = [await deleteCache('/catalog/'), await deleteCache('/nothing/')];
        infos.push(await cacheInfo());
        deleted.push(await deleteCache());
        infos.push(await cacheInfo());
        return { infos, deleted };
      });
      const [none, all, model, empty] = infos.infos;
      assert.deepEqual(none, { artifacts: [], bytes: 0 });
      const sizeOf = (folder) =>
        JSON.parse(fs.readFileSync(path.join(SITE, folder, 'manifest.json'), 'utf8')).files.reduce(
          (sum, { bytes }) => sum + bytes,
          0,
        );
      assert.deepEqual(
        all.artifacts.toSorted((a, b) => a.url.localeCompare(b.url)),
        ['catalog', 'model'].map((folder) => ({
          url: `${server.url}/${folder}/`,
          bytes: sizeOf(folder),
          isComplete: true,
        })),
      );
      assert.equal(all.bytes, sizeOf('catalog') + sizeOf('model'));
      assert.deepEqual(
        model.artifacts.map(({ url }) => url),
        [`${server.url}/model/`],
      );
      assert.equal(model.bytes, sizeOf('model'));
      assert.deepEqual(empty, { artifacts: [], bytes: 0 });
      assert.deepEqual(infos.deleted, [true, false, true]);
    }));

  it('that break off are taken up again at once, from the last whole piece', () => {
    let broken = 0;
    // What a browser has received and not yet handed on is lost with the connection, so it breaks only when two pieces have been handed on.
    let arrive;
    const breakWhen = new Promise((resolve) => (arrive = resolve));
    const alter = (pathname, reply) =>
      WEIGHTS.test(pathname) && broken++ === 0 ? { ...reply, breakAfter: 2.5 * MEBIBYTE, breakWhen } : reply;
    return withSite(browser, { alter }, async (server, context) => {
      const page = await openClient(context, server);
      await page.exposeFunction('arrive', arrive);
      const films = await page.evaluate(async (bytes) => {
        let [all, weights] = [0, 0];
        const onProgress = ({ file, loadedBytes }) => {
          if (file?.endsWith('.safetensors')) weights += loadedBytes - all;
          all = loadedBytes;
          if (weights >= bytes) void arrive();
        };
        const recommender = await load({ onProgress });
        return (await recommender.recommend({ query: 'robots', k: 3 })).length;
      }, 2 * MEBIBYTE);
      assert.equal(films, 3);
      const asked = server.requests.filter(({ url }) => WEIGHTS.test(url)).map(({ range }) => range);
      assert.equal(asked.length, 2);
      assert.equal(asked[0], undefined);
      assert.match(asked[1], new RegExp(`^bytes=${2 * MEBIBYTE}-\\d+$`));
    });
  });

  it('that were cancelled go on where they stopped', () =>
    withSite(browser, {}, async (server, context) => {
      const page = await openClient(context, server);
      const [error, info] = await page.evaluate(async (bytes) => {
        const controller = new AbortController();
        const onProgress = ({ file, loadedBytes }) =>
          file?.endsWith('.safetensors') && loadedBytes > bytes && controller.abort();
        const error = await failure(load({ signal: controller.signal, onProgress }));
        await new Promise((resolve) => setTimeout(resolve, 300));
        return [error, await cacheInfo()];
      }, 4 * MEBIBYTE);
      assertError(error, 'cancelled');
      const kept = info.artifacts.find(({ url }) => url.endsWith('/model/'));
      assert.ok(kept && !kept.isComplete && kept.bytes >= MEBIBYTE, JSON.stringify(info));
      forget(server);
      await page.evaluate(async () => void (await load()));
      const asked = server.requests.filter(({ url }) => WEIGHTS.test(url));
      assert.equal(asked.length, 1);
      assert.match(asked[0].range, /^bytes=[1-9]/);
    }));

  it('are whole where the server knows no ranges', () => {
    let broken = 0;
    const alter = (pathname, reply, request) => {
      delete request.headers.range;
      return WEIGHTS.test(pathname) && broken++ === 0 ? { ...reply, breakAfter: 2.5 * MEBIBYTE } : reply;
    };
    return withSite(browser, { alter }, async (server, context) => {
      const page = await openClient(context, server);
      const films = await page.evaluate(async () => (await (await load()).recommend({ query: 'robots', k: 3 })).length);
      assert.equal(films, 3);
    });
  });

  it('that never come are an error, after some attempts', () => {
    const alter = (pathname, reply) => (WEIGHTS.test(pathname) ? { ...reply, breakAfter: 1000 } : reply);
    return withSite(browser, { alter }, async (server, context) => {
      const page = await openClient(context, server);
      assertError(await page.evaluate(async () => failure(load())), 'network', /broke off/);
      assert.equal(server.requests.filter(({ url }) => WEIGHTS.test(url)).length, 3);
    });
  });

  it('that were damaged on the disk are fetched again', () =>
    withSite(browser, {}, async (server, context) => {
      const page = await openClient(context, server);
      await page.evaluate(async () => {
        (await load()).dispose();
        const cache = await caches.open('inglenook');
        const chunk = (await cache.keys()).find(({ url }) => url.includes('/chunk/'));
        await cache.put(chunk, new Response('damaged'));
      });
      forget(server);
      const films = await page.evaluate(async () => (await (await load()).recommend({ k: 3 })).length);
      assert.equal(films, 3);
      assert.equal(artifactRequests(server).filter(({ url }) => !url.endsWith('manifest.json')).length, 1);
    }));
});

/** A site whose catalog may change. */
function twoVersions() {
  const site = path.join(root, 'target/test-sites/versions');
  fs.rmSync(site, { recursive: true, force: true });
  fs.mkdirSync(site, { recursive: true });
  for (const name of ['lib', 'model', 'films']) fs.symlinkSync(path.join(SITE, name), path.join(site, name));
  fs.cpSync(path.join(SITE, 'catalog'), path.join(site, 'catalog'), { recursive: true });
  return site;
}

/** Makes another version of the site's catalog in the browser: with a film that is new, and without some. */
async function publish(page, site, without = []) {
  const files = await page.evaluate(async (without) => {
    const recommender = await load({ storage: 'memory', shared: false });
    await recommender.removeItems(without);
    await recommender.addItems([{ id: 'new', title: 'A new film', text: 'About a lighthouse.' }]);
    const files = await recommender.exportCatalog();
    recommender.dispose();
    return [...files].map(([name, content]) => [name, Array.from(content)]);
  }, without);
  fs.rmSync(path.join(site, 'catalog'), { recursive: true });
  fs.mkdirSync(path.join(site, 'catalog'));
  for (const [name, content] of files) fs.writeFileSync(path.join(site, 'catalog', name), Buffer.from(content));
}

describe('a new version of the catalog', () => {
  it('is swapped in between two requests, and what vanished with the old one is kept and ignored', () =>
    withSite(browser, { site: twoVersions() }, async (server, context) => {
      const site = path.join(root, 'target/test-sites/versions');
      const page = await openClient(context, server);
      await page.evaluate(async () => {
        globalThis.told = [];
        globalThis.recommender = await load({ onStatus: ({ catalogVersion }) => told.push(catalogVersion) });
        await recommender.record({ itemId: '2571', kind: 'like' });
        globalThis.before = recommender.status().catalogVersion;
      });
      assert.equal(await page.evaluate(() => recommender.update()), false);
      await publish(page, site, ['2571']);
      forget(server);
      const result = await page.evaluate(async () => {
        const answers = await Promise.all([
          recommender.recommend({ k: 5 }),
          recommender.update(),
          recommender.recommend({ k: 5 }),
        ]);
        const [entry] = await recommender.profile.get();
        return {
          lists: [answers[0].length, answers[2].length],
          isNew: answers[1],
          items: (await recommender.items(['2571', 'new'])).map((item) => item?.title ?? null),
          entry,
          versions: [before, recommender.status().catalogVersion],
          told,
        };
      });
      assert.deepEqual(result.lists, [5, 5]);
      assert.equal(result.isNew, true);
      assert.deepEqual(result.items, [null, 'A new film']);
      assert.equal(result.entry.itemId, '2571');
      assert.equal(result.entry.item, null);
      assert.notEqual(result.versions[0], result.versions[1]);
      assert.deepEqual(result.told, [result.versions[1]]);
    }));

  it('comes behind the first list of the next visit, by the pieces that are new', () =>
    withSite(browser, { site: twoVersions() }, async (server, context) => {
      const site = path.join(root, 'target/test-sites/versions');
      const page = await openClient(context, server);
      await page.evaluate(async () => void (await load()));
      await publish(page, site);
      await page.reload();
      await loadClient(page);
      forget(server);
      const [first, second] = await page.evaluate(async () => {
        let changed;
        const isChanged = new Promise((resolve) => (changed = resolve));
        const recommender = await load({ onStatus: changed });
        const first = (await recommender.items(['new']))[0];
        await isChanged;
        return [first, (await recommender.items(['new']))[0]?.title];
      });
      assert.equal(first, null);
      assert.equal(second, 'A new film');
      assert.ok(!server.requests.some(({ url }) => WEIGHTS.test(url)), 'the model was fetched again');
      // The head, with the means, and the end, with the new row: what lies between is here already.
      const ranges = server.requests.filter(({ url }) => EMBEDDINGS.test(url)).map(({ range }) => range);
      assert.deepEqual(ranges.length, 2);
      assert.equal(ranges[0], `bytes=0-${MEBIBYTE - 1}`);
      assert.match(ranges[1], new RegExp(`^bytes=${3 * MEBIBYTE}-`));
      // And from the visit after that on it is there from the start.
      await page.reload();
      await loadClient(page);
      forget(server);
      const item = await page.evaluate(async () => (await (await load()).items(['new']))[0]?.title);
      assert.equal(item, 'A new film');
      assert.deepEqual(
        artifactRequests(server)
          .map(({ url }) => url)
          .toSorted(),
        ['/catalog/manifest.json', '/model/manifest.json'],
      );
    }));

  it('that is damaged leaves the present one in place', () => {
    let isDamaged = false;
    const site = twoVersions();
    const alter = (pathname, reply) => {
      if (!isDamaged || !EMBEDDINGS.test(pathname)) return reply;
      const body = Buffer.from(reply.body);
      body[body.length >> 1] ^= 1;
      return { ...reply, body };
    };
    return withSite(browser, { site, alter }, async (server, context) => {
      const page = await openClient(context, server);
      await page.evaluate(async () => {
        globalThis.recommender = await load();
      });
      await publish(page, site, ['2571']);
      isDamaged = true;
      const [error, film] = await page.evaluate(async () => [
        await failure(recommender.update()),
        (await recommender.items(['2571']))[0].title,
      ]);
      assertError(error, 'artifact_corrupt');
      assert.match(film, /Matrix/);
    });
  });
});

/** Takes the opening out of a site's catalog, as if an older command line had built it; returns the file's entry in the manifest. */
function removeOpening(site) {
  const file = path.join(site, 'catalog/manifest.json');
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
  const opening = manifest.files.find(({ name }) => name.startsWith('opening-'));
  fs.writeFileSync(file, JSON.stringify({ ...manifest, files: manifest.files.filter((entry) => entry !== opening) }));
  return opening;
}

describe('the opening of a catalog', () => {
  it('is empty where the catalog has none', () => {
    const site = twoVersions();
    assert.ok(removeOpening(site));
    return withSite(browser, { site }, async (server, context) => {
      const page = await openClient(context, server);
      assert.deepEqual(await page.evaluate(() => popular('/catalog/')), []);
    });
  });

  it('is the list for a stranger, before there is an engine, and from what is here once there was one', () =>
    withSite(browser, {}, async (server, context) => {
      const page = await openClient(context, server);
      const list = await page.evaluate(async () =>
        (await load({ storage: 'memory', shared: false })).recommend({ k: 60 }),
      );
      await page.reload();
      await loadClient(page);
      forget(server);
      const [ten, comedies, rest] = await page.evaluate(async () => {
        const ten = await popular('/catalog/');
        const [first] = ten;
        return [
          ten,
          await popular('/catalog', { k: 60, filter: { anyOf: ['Comedy'], noneOf: ['Romance'] } }),
          await popular('/catalog/', { k: 1, exclude: [first.id] }),
        ];
      });
      // The file has as many digits as tell numbers of 32 bits apart.
      const rounded = (list) =>
        JSON.parse(JSON.stringify(list), (_, value) => (typeof value === 'number' ? Math.fround(value) + 0 : value));
      assert.deepEqual(rounded(ten), rounded(list.slice(0, 10)));
      assert.ok(
        comedies.length > 0 && comedies.every(({ tags }) => tags.includes('Comedy') && !tags.includes('Romance')),
      );
      assert.equal(rest[0].id, list[1].id);
      assert.ok(server.requests.every(({ url }) => /manifest\.json|opening-/.test(url)));
      await page.evaluate(async () => void (await load()));
      forget(server);
      assert.equal((await page.evaluate(() => popular('/catalog/'))).length, 10);
      assert.deepEqual(server.requests, []);
    }));

  it('is an error where it is damaged, missing or no longer wanted', () => {
    let answer = (reply) => reply;
    const alter = (pathname, reply) => (pathname.includes('/opening-') ? answer(reply) : reply);
    return withSite(browser, { alter }, async (server, context) => {
      const page = await openClient(context, server);
      const attempt = () => page.evaluate(() => failure(popular('/catalog/')));
      answer = ({ body }) => ({ status: 200, body: body.subarray(1) });
      assertError(await attempt(), 'artifact_corrupt', /opening/);
      answer = () => ({ status: 404, body: Buffer.from('') });
      assertError(await attempt(), 'network', /404/);
      const aborted = await page.evaluate(() => failure(popular('/catalog/', {}, { signal: AbortSignal.abort() })));
      assertError(aborted, 'cancelled');
    });
  });
});

describe('without a network', () => {
  it('a page that asked for it opens again, and its engine works from what is here', () =>
    withSite(browser, {}, async (server, context) => {
      const page = await openClient(context, server);
      await page.evaluate(async () => (await load()).keepOffline('/service-worker.js'));
      const { requests } = server;
      await server.close();
      requests.splice(0);
      // The server is gone, for the page and for its worker.
      await page.reload();
      await loadClient(page);
      const result = await page.evaluate(async () => {
        const recommender = await load();
        const found = await recommender.recommend({ query: 'robots', k: 3 });
        return { found: found.length, update: await recommender.update().catch(({ code }) => code) };
      });
      assert.deepEqual(result, { found: 3, update: 'network' });
      assert.equal(requests.length, 0);
    }));

  it('and without a service worker, an error says so', () =>
    withSite(browser, {}, async (server, context) => {
      const page = await openClient(context, server);
      const errors = await page.evaluate(async () => {
        const recommender = await load({ storage: 'memory' });
        const missing = await failure(recommender.keepOffline('/nothing.js'));
        Object.defineProperty(navigator, 'serviceWorker', { value: undefined });
        return [missing, await failure(recommender.keepOffline('/service-worker.js'))];
      });
      assertError(errors[0], 'network', /nothing\.js/);
      assertError(errors[1], 'storage_unavailable', /https/);
    }));
});
