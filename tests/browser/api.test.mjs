// Every method of a recommender, on the real catalog and model, in Chromium.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { assertError, openClient, withSite } from './support/client-page.mjs';

const MATRIX = '2571';
const BLADE_RUNNER = '541';
const TOY_STORY = '1';

let browser;
before(async () => (browser = await launch('none')));
after(() => browser?.close());

/** Runs a scenario in a fresh tab that has the client. */
const inPage = (scenario, argument) =>
  withSite(browser, {}, async (server, context) => (await openClient(context, server)).evaluate(scenario, argument));

describe('lists', () => {
  it('likes of a request count for that request only', async () => {
    const { plain, liked, again, seen } = await inPage(
      async ([matrix, bladeRunner]) => {
        const recommender = await load();
        const ids = (list) => list.map(({ id }) => id);
        const like = [matrix, bladeRunner];
        const plain = await recommender.recommend({ k: 20 });
        const liked = await recommender.recommend({ k: 20, like });
        const again = await recommender.recommend({ k: 20 });
        const seen = await recommender.recommend({ k: 20, like, includeSeen: true });
        return {
          plain: ids(plain),
          liked: { ids: ids(liked), because: liked[0].because.map(({ id }) => id) },
          again: ids(again),
          seen: ids(seen),
        };
      },
      [MATRIX, BLADE_RUNNER],
    );
    assert.deepEqual(again, plain);
    assert.notDeepEqual(liked.ids, plain);
    assert.deepEqual(liked.because.toSorted(), [MATRIX, BLADE_RUNNER].toSorted());
    assert.ok(!liked.ids.includes(MATRIX) && seen.includes(MATRIX));
  });

  it('similar gives more like an item, whatever the profile says, but nothing disliked', async () => {
    const { before, after, disliked, unknown, excluded } = await inPage(
      async ([matrix, toyStory]) => {
        const recommender = await load();
        const ids = async (list) => (await list).map(({ id }) => id);
        const before = await ids(recommender.similar(matrix));
        await recommender.record({ itemId: toyStory, kind: 'like' });
        const after = await ids(recommender.similar(matrix));
        await recommender.record({ itemId: before[0], kind: 'dislike' });
        const disliked = await ids(recommender.similar(matrix));
        const excluded = await ids(recommender.similar(matrix, { k: 3, exclude: [before[1]] }));
        return { before, after, disliked, excluded, unknown: await failure(recommender.similar('no such film')) };
      },
      [MATRIX, TOY_STORY],
    );
    assert.equal(before.length, 10);
    assert.ok(!before.includes(MATRIX));
    assert.deepEqual(after, before);
    assert.deepEqual(disliked.slice(0, 9), before.slice(1));
    assert.equal(excluded.length, 3);
    assert.ok(!excluded.includes(before[1]));
    assertError(unknown, 'unknown_item', /no such film/);
  });

  it('search finds by words, and nothing for blank ones', async () => {
    const { found, filtered, blank } = await inPage(async () => {
      const recommender = await load();
      const [found, filtered, blank] = await Promise.all([
        recommender.search('heartwarming animated film for kids'),
        recommender.search('heartwarming animated film for kids', { k: 5, filter: { noneOf: ['Animation'] } }),
        recommender.search('  '),
      ]);
      return { found, filtered, blank };
    });
    assert.equal(found.length, 10);
    assert.ok(found.filter(({ tags }) => tags.includes('Animation')).length >= 8, JSON.stringify(found));
    assert.ok(found.every(({ parts, because }) => parts.content === 0 && because.length === 0));
    assert.ok(filtered.length === 5 && filtered.every(({ tags }) => !tags.includes('Animation')));
    assert.deepEqual(blank, []);
  });
});

describe('the profile', () => {
  it('shows, changes, forgets, exports and imports what was recorded', async () => {
    const steps = await inPage(
      async ([matrix, bladeRunner, toyStory]) => {
        const recommender = await load();
        const { profile } = recommender;
        let changes = 0;
        const stop = profile.subscribe(() => changes++);
        await recommender.record({ itemId: matrix, kind: 'view', timestamp: 1000 });
        await recommender.record({ itemId: bladeRunner, kind: 'like', timestamp: 2000 });
        await recommender.record({ itemId: matrix, kind: 'like', timestamp: 3000 });
        const recorded = await profile.get();
        await profile.edit({ itemId: matrix, kind: 'dislike', timestamp: 4000 });
        const edited = await profile.get();
        const exported = await profile.export();
        const removed = [await profile.remove(matrix), await profile.remove(matrix)];
        const rest = await profile.get();
        await profile.import(exported);
        const imported = await profile.export();
        const other = { ...exported, interactions: [{ itemId: toyStory, kind: 'like', timestampMs: 1500 }] };
        await profile.import(other, 'merge');
        await profile.import(other, 'merge');
        const merged = await profile.export();
        await profile.import({ ...other, interactions: [{ itemId: 'gone', kind: 'like', timestampMs: 1 }] });
        const vanished = { entries: await profile.get(), list: (await recommender.recommend({ k: 3 })).length };
        await profile.reset();
        stop();
        await recommender.record({ itemId: matrix, kind: 'view' });
        return { recorded, edited, exported, removed, rest, imported, merged, vanished, changes };
      },
      [MATRIX, BLADE_RUNNER, TOY_STORY],
    );
    const [first, second] = steps.recorded;
    assert.equal(first.itemId, MATRIX);
    assert.match(first.item.title, /Matrix/);
    assert.deepEqual(first.interactions, [
      { kind: 'view', timestampMs: 1000 },
      { kind: 'like', timestampMs: 3000 },
    ]);
    assert.equal(second.itemId, BLADE_RUNNER);
    assert.deepEqual(steps.edited[0].interactions, [{ kind: 'dislike', timestampMs: 4000 }]);
    assert.deepEqual(steps.exported, {
      format: 'inglenook-profile',
      version: 1,
      name: '/catalog/',
      interactions: [
        { itemId: BLADE_RUNNER, kind: 'like', timestampMs: 2000 },
        { itemId: MATRIX, kind: 'dislike', timestampMs: 4000 },
      ],
    });
    assert.deepEqual(steps.removed, [true, false]);
    assert.deepEqual(
      steps.rest.map(({ itemId }) => itemId),
      [BLADE_RUNNER],
    );
    assert.deepEqual(steps.imported, steps.exported);
    assert.deepEqual(
      steps.merged.interactions.map(({ itemId }) => itemId),
      [TOY_STORY, BLADE_RUNNER, MATRIX],
    );
    assert.deepEqual(steps.vanished.entries, [
      { itemId: 'gone', item: null, interactions: [{ kind: 'like', timestampMs: 1 }] },
    ]);
    assert.equal(steps.vanished.list, 3);
    assert.equal(steps.changes, 10);
  });

  it('refuses documents that are none, and changes nothing then', async () => {
    const { errors, profile } = await inPage(
      async ([matrix]) => {
        const recommender = await load();
        await recommender.record({ itemId: matrix, kind: 'like', timestamp: 1 });
        const document = await recommender.profile.export();
        const attempt = (change) => failure(recommender.profile.import({ ...document, ...change }));
        const errors = [
          await failure(recommender.profile.import(null)),
          await attempt({ version: 2 }),
          await attempt({ interactions: [{ itemId: 7 }] }),
          await attempt({ interactions: [{ itemId: 'x', kind: 'adore', timestampMs: 1 }] }),
          await failure(recommender.profile.edit({ itemId: matrix, kind: 'adore' })),
        ];
        return { errors, profile: (await recommender.profile.export()).interactions };
      },
      [MATRIX],
    );
    for (const error of errors) assertError(error, 'invalid_input');
    assert.deepEqual(profile, [{ itemId: MATRIX, kind: 'like', timestampMs: 1 }]);
  });
});

describe('items added on the device', () => {
  it('are recommended, found, similar to, filtered, explained and exported like all others', async () => {
    const result = await inPage(async () => {
      const recommender = await load();
      const before = recommender.status().items;
      const events = [];
      const items = [
        {
          id: 'lighthouse',
          title: 'The Lighthouse Keepers',
          text: 'Two keepers of a remote lighthouse slowly lose their minds in a storm at sea.',
          tags: ['Maritime', 'Drama'],
          url: '/lighthouse',
        },
        ...Array.from({ length: 20 }, (_, i) => ({ id: `filler ${i}`, text: `A documentary about number ${i}.` })),
      ];
      await recommender.addItems(items, { onProgress: (event) => events.push(event) });
      const ids = (list) => list.map(({ id }) => id);
      const query = 'lighthouse keepers go mad in a storm at sea';
      const added = {
        items: recommender.status().items - before,
        found: ids(await recommender.search(query)),
        similar: ids(await recommender.similar('lighthouse', { k: 5 })),
        filtered: ids(await recommender.recommend({ filter: { anyOf: ['Maritime'] } })),
        explained: await recommender.explain('lighthouse', { query }),
        shown: await recommender.items(['lighthouse', 'nobody', 'filler 3']),
      };
      await recommender.record({ itemId: 'lighthouse', kind: 'like' });
      const because = (await recommender.recommend({ k: 1 }))[0].because.map(({ id }) => id);
      const files = await recommender.exportCatalog();
      const manifest = JSON.parse(new TextDecoder().decode(files.get('manifest.json')));
      const removed = await recommender.removeItems(['lighthouse', 'filler 0', 'nobody', '1']);
      return {
        ...added,
        events,
        because,
        exported: { items: manifest.items, files: [...files.keys()] },
        removed,
        left: recommender.status().items - before,
        gone: await failure(recommender.explain('lighthouse')),
        kept: (await recommender.profile.get()).map(({ itemId, item }) => [itemId, item]),
        before,
      };
    });
    assert.equal(result.items, 21);
    assert.equal(result.found[0], 'lighthouse');
    assert.equal(result.similar.length, 5);
    assert.deepEqual(result.filtered, ['lighthouse']);
    assert.ok(result.explained.parts.query > 0.5 && result.explained.url === '/lighthouse');
    assert.deepEqual(result.shown, [
      {
        id: 'lighthouse',
        title: 'The Lighthouse Keepers',
        url: '/lighthouse',
        tags: ['Maritime', 'Drama'],
        popularity: 0,
      },
      null,
      { id: 'filler 3', title: 'A documentary about number 3.', tags: [], popularity: 0 },
    ]);
    assert.deepEqual(
      result.events.map(({ stage, doneItems, totalItems }) => [stage, doneItems, totalItems]),
      [
        ['encode', 16, 21],
        ['encode', 21, 21],
      ],
    );
    assert.deepEqual(result.because, ['lighthouse']);
    assert.equal(result.exported.items, result.before + 21);
    assert.equal(result.exported.files.length, 4);
    assert.deepEqual([result.removed, result.left], [3, 18]);
    assertError(result.gone, 'unknown_item');
    assert.deepEqual(result.kept, [['lighthouse', null]]);
  });

  it('make a catalog where there is none, which can be served as one', async () => {
    const result = await inPage(async () => {
      const recommender = await load({ catalog: undefined, storage: 'memory' });
      const empty = [await recommender.recommend(), await recommender.search('soup'), recommender.status().items];
      const unknown = [
        await failure(recommender.record({ itemId: 'soup', kind: 'like' })),
        await failure(recommender.similar('soup')),
        await failure(recommender.explain('soup')),
      ];
      const nothing = await failure(recommender.exportCatalog());
      await recommender.addItems([
        { id: 'soup', title: 'Leek soup', text: 'A warm soup of leek and potato.' },
        { id: 'cake', title: 'Lemon cake', text: 'A sweet cake with lemon.' },
        { id: 3, title: 'Potato salad', genres: 'Cold|Salad' },
      ]);
      const found = await recommender.search('something warm in a bowl', { k: 1 });
      const tags = (await recommender.items(['3']))[0].tags;
      return {
        empty,
        unknown,
        nothing,
        found: found.map(({ id }) => id),
        tags,
        version: recommender.status().catalogVersion,
      };
    });
    assert.deepEqual(result.empty, [[], [], 0]);
    for (const error of result.unknown) assertError(error, 'unknown_item');
    assertError(result.nothing, 'invalid_input');
    assert.deepEqual(result.found, ['soup']);
    assert.deepEqual(result.tags, ['Cold', 'Salad']);
    assert.equal(result.version, null);
  });

  it('are refused as a whole where one is none, and can be taken back in the middle', async () => {
    const result = await inPage(async () => {
      const recommender = await load({ storage: 'memory' });
      const before = recommender.status().items;
      const errors = [
        await failure(recommender.addItems([{ id: 'a', title: 'A' }, { id: 'b' }])),
        await failure(recommender.addItems([{ title: 'without an id' }])),
        await failure(recommender.addItems([{ id: 'a', title: 'A', popularity: -1 }])),
        await failure(
          recommender.addItems([
            { id: 'a', title: 'A' },
            { id: 'a', title: 'again' },
          ]),
        ),
        await failure(recommender.addItems('everything')),
      ];
      const controller = new AbortController();
      const many = Array.from({ length: 200 }, (_, i) => ({ id: `many ${i}`, title: `Number ${i}` }));
      const cancelled = await failure(
        recommender.addItems(many, { signal: controller.signal, onProgress: () => controller.abort() }),
      );
      return { errors, cancelled, added: recommender.status().items - before };
    });
    for (const error of result.errors) assertError(error, 'invalid_input');
    assertError(result.cancelled, 'cancelled');
    assert.equal(result.added, 0);
  });

  it('other calls are answered while many items are embedded', async () => {
    const order = await inPage(async () => {
      const recommender = await load({ storage: 'memory' });
      const order = [];
      const many = Array.from({ length: 100 }, (_, i) => ({ id: `many ${i}`, title: `Number ${i}` }));
      const adding = recommender.addItems(many).then(() => order.push('added'));
      await recommender.recommend({ k: 1 }).then(() => order.push('recommended'));
      await adding;
      return order;
    });
    assert.deepEqual(order, ['recommended', 'added']);
  });
});

describe('a recommender', () => {
  it('tells its status', async () => {
    const status = await inPage(async () => {
      const recommender = await load();
      await recommender.search('robots');
      return recommender.status();
    });
    assert.equal(status.backend, 'cpu');
    assert.match(status.catalogVersion, /^[0-9a-f]{12}$/);
    assert.deepEqual(status.storage, {
      profile: 'persistent',
      isEncrypted: false,
      artifacts: 'persistent',
      problem: null,
    });
    assert.equal(status.isShared, true);
    assert.ok(status.memoryBytes > 8e6 && status.lastEncodeMs > 0 && status.lastRankMs > 0);
  });

  it('refuses options that it does not know', async () => {
    const errors = await inPage(async () => [
      await failure(load({ storage: 'forever' })),
      await failure(load({ storage: { key: 'secret' } })),
      await failure(load({ model: 'http://[' })),
      await failure(load({ worker: 'https://elsewhere.example/worker.js' })),
    ]);
    for (const error of errors.slice(0, 3)) assertError(error, 'invalid_input');
    assertError(errors[3], 'network', /own origin/);
  });

  it('stops for its caller in every stage of loading', async () => {
    const results = await inPage(async () => {
      const results = [];
      for (const stage of ['download', 'compile', 'verify', 'ready']) {
        const controller = new AbortController();
        const onProgress = (event) => event.stage === stage && controller.abort();
        results.push(await failure(load({ signal: controller.signal, onProgress, storage: 'memory' })));
      }
      const recommender = await load({ storage: 'memory' });
      return { results, works: (await recommender.recommend({ k: 2 })).length };
    });
    for (const error of results.results) assertError(error, 'cancelled');
    assert.equal(results.works, 2);
  });
});
