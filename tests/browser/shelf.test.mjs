// <inglenook-shelf> in a page, with the real engine: what it shows, says, remembers and fires.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { complaintsOf, servePages, settled, shownBy } from './support/elements.mjs';

const FALLBACK = 'everything';
const ids = (list) => list.map(({ id }) => id);

describe('<inglenook-shelf>', () => {
  let server, browser, context, page, complaints;

  before(async () => {
    server = await servePages('elements');
    browser = await launch('none');
  });

  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    complaints = complaintsOf(page);
  });

  afterEach(() => context.close());

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Opens a blank page with one shelf of these attributes and this content. */
  async function open(attributes = {}, content = '', { wait = true } = {}) {
    await page.goto(`${server.url}/blank.html`);
    await addShelf({ k: 6, ...attributes }, content);
    const shelf = page.locator('inglenook-shelf').last();
    if (wait) await settled(shelf);
    return shelf;
  }

  const addShelf = (attributes, content = '') =>
    page.evaluate(
      ([all, inside]) => {
        const shelf = document.createElement('inglenook-shelf');
        globalThis.events = [];
        for (const type of ['inglenook-ready', 'inglenook-select', 'inglenook-error']) {
          document.addEventListener(type, (event) => {
            const { recommendation, index, status, error, bubbles, composed } = event;
            const told = { type, bubbles, composed };
            globalThis.events.push({
              ...told,
              ...(recommendation && { id: recommendation.id, index }),
              ...(status && { items: status.items }),
              ...(error && { code: error.code }),
            });
          });
        }
        const site = { catalog: '/catalog/', model: '/model/', device: 'cpu' };
        for (const [name, value] of Object.entries({ ...site, ...all })) shelf.setAttribute(name, value);
        shelf.innerHTML = inside;
        document.querySelector('main').append(shelf);
      },
      [attributes, content],
    );

  const events = () => page.evaluate(() => globalThis.events);
  const card = (shelf, index) => shelf.locator('[part="card"]').nth(index);
  const button = (shelf, index, name) => card(shelf, index).locator(`.button.${name}`);

  /** Does something, and waits until the shelf has ranked again. */
  async function ranked(shelf, action) {
    await shelf.evaluate((element) => {
      const list = element.shadowRoot.querySelector('ol');
      globalThis.reranked = new Promise((resolve) => {
        let wasBusy = false;
        new MutationObserver((_, observer) => {
          if (list.ariaBusy === 'true') wasBusy = true;
          else if (wasBusy) {
            observer.disconnect();
            resolve();
          }
        }).observe(list, { attributeFilter: ['aria-busy'], attributeOldValue: true });
      });
    });
    await action();
    await page.evaluate(() => globalThis.reranked);
  }

  it('shows its content until it is ready, then a list of k cards', async () => {
    const shelf = await open({ query: 'the sea', heading: 'For you' }, '<p id="fallback">Popular today</p>', {
      wait: false,
    });
    assert.ok(await page.locator('#fallback').isVisible());
    await settled(shelf);
    assert.equal(await shelf.locator('[part="card"]').count(), 6);
    assert.equal(await page.locator('#fallback').isVisible(), false);
    assert.equal(await shelf.getByRole('heading', { level: 2 }).textContent(), 'For you');
    assert.equal(await shelf.evaluate((element) => element.state), 'ready');
    assert.deepEqual(complaints, []);
  });

  it('shows the list for everybody while the engine is on its way, and takes a like that comes early', async (test) => {
    // Of a cold cache, only what a first list needs arrives: no engine, no model, no vectors.
    const needed = /^\/$|^\/style\.css$|\/(define|elements|client)\.js$|^\/catalog\/(manifest|opening-\w+)\.json$/;
    let isModelThere = false;
    let bytes = 0;
    const early = await servePages('elements-early', {
      from: 'elements',
      alter(pathname, reply) {
        if (!isModelThere && !needed.test(pathname)) return null;
        bytes += reply.body.length;
        return reply;
      },
    });
    try {
      await page.goto(early.url);
      const shelf = page.locator('inglenook-shelf');
      await card(shelf, 5).waitFor();
      assert.ok(bytes < 100_000, `a first list took ${bytes} bytes`);
      test.diagnostic(`a first list took ${bytes.toLocaleString('en')} bytes, not compressed`);
      assert.notEqual(await shelf.evaluate((element) => element.state), 'ready');
      assert.equal(await page.locator('#fallback').isVisible(), false);
      const [first] = await shownBy(shelf);
      await shelf.locator('[part="error"]').waitFor();
      isModelThere = true;
      await shelf.locator('[part="error"] button').click();
      await button(shelf, 0, 'like').click();
      await settled(shelf);
      await card(shelf, 1).getByText(`Because you liked ${first.title}`).waitFor();
      assert.equal((await shownBy(shelf))[0].id, first.id);
    } finally {
      await early.close();
    }
  });

  it('shows its content where there is no JavaScript', async () => {
    const still = await browser.newContext({ javaScriptEnabled: false });
    const plain = await still.newPage();
    await plain.goto(server.url);
    assert.ok(await plain.getByText(FALLBACK).isVisible());
    await still.close();
  });

  it('fires inglenook-ready, and inglenook-select for the item that is chosen', async () => {
    const shelf = await open();
    const [, second] = await shownBy(shelf);
    await card(shelf, 1).locator('[part="link"]').click();
    const [ready, select] = await events();
    assert.deepEqual(
      { ...ready, items: ready.items > 9000 },
      { type: 'inglenook-ready', items: true, bubbles: true, composed: true },
    );
    assert.deepEqual(select, {
      type: 'inglenook-select',
      id: second.id,
      index: 1,
      bubbles: true,
      composed: true,
    });
  });

  it('records a click when it is asked to, and only then', async () => {
    for (const records of [false, true]) {
      const shelf = await open(records ? { 'record-clicks': '' } : {});
      const [first] = await shownBy(shelf);
      const click = () => card(shelf, 0).locator('[part="link"]').click();
      await (records ? ranked(shelf, click) : click());
      const profile = await page.evaluate(async () => {
        const { recommender } = await new Promise((resolve) => {
          document.addEventListener('inglenook-ready', resolve, { once: true });
          document.querySelector('main').append(document.querySelector('inglenook-shelf').cloneNode());
        });
        return recommender.profile.get();
      });
      const kept = profile.map(({ itemId, interactions }) => [itemId, interactions[0].kind]);
      assert.deepEqual(kept, records ? [[first.id, 'click']] : []);
    }
  });

  it('learns from a like at once, and keeps the liked card where it was until it is taken back', async () => {
    const shelf = await open();
    const before = await shownBy(shelf);
    await ranked(shelf, () => button(shelf, 2, 'like').click());
    const liked = await shownBy(shelf);
    assert.equal(liked.length, 6);
    assert.equal(liked[2].id, before[2].id);
    assert.equal(await button(shelf, 2, 'like').getAttribute('aria-pressed'), 'true');
    assert.notDeepEqual(ids(liked), ids(before));
    assert.match(
      await card(shelf, 0).locator('[part="because"]').textContent(),
      new RegExp(`you liked ${before[2].title}`),
    );
    await ranked(shelf, () => button(shelf, 2, 'like').click());
    assert.deepEqual(ids(await shownBy(shelf)), ids(before));
    assert.equal(await button(shelf, 2, 'like').getAttribute('aria-pressed'), 'false');
  });

  it('takes away what is not for the reader, and brings it back', async () => {
    const shelf = await open();
    const before = await shownBy(shelf);
    await ranked(shelf, () => button(shelf, 1, 'dislike').click());
    assert.ok(!ids(await shownBy(shelf)).includes(before[1].id));
    assert.equal((await shownBy(shelf)).length, 6);
    await ranked(shelf, () => shelf.locator('.undo').click());
    assert.deepEqual(ids(await shownBy(shelf)), ids(before));
  });

  it('explains a card by parts that add up to its score', async () => {
    const shelf = await open({ query: 'a space voyage that goes wrong' });
    await button(shelf, 0, 'why').click();
    const values = await shelf
      .locator('dialog [data-part]')
      .evaluateAll((rows) => rows.map(({ dataset }) => [dataset.part, Number(dataset.value)]));
    const { total, ...parts } = Object.fromEntries(values);
    const sum = Object.values(parts).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - total) < 1e-5, JSON.stringify(values));
    assert.ok(parts.query > 0);
    await page.keyboard.press('Escape');
    assert.equal(await shelf.locator('dialog').isVisible(), false);
    const focused = await shelf.evaluate((element) => element.shadowRoot.activeElement?.className);
    assert.match(focused, /why/, 'the focus should come back to the button');
  });

  it('follows its attributes: query, k, filter, heading', async () => {
    const shelf = await open();
    const before = ids(await shownBy(shelf));
    const set = (name, value) => shelf.evaluate((element, [n, v]) => element.setAttribute(n, v), [name, value]);
    await ranked(shelf, () => set('query', 'heartwarming animated film for kids'));
    assert.notDeepEqual(ids(await shownBy(shelf)), before);
    await ranked(shelf, () => set('k', '3'));
    assert.equal((await shownBy(shelf)).length, 3);
    await ranked(shelf, () => set('filter', 'Western, Comedy|Drama, !Children'));
    const tags = await shelf.evaluate((element) => element.recommendations.map((each) => each.tags));
    assert.equal(tags.length, 3);
    for (const each of tags) {
      assert.ok(each.includes('Western') && !each.includes('Children'), each.join());
      assert.ok(each.includes('Comedy') || each.includes('Drama'), each.join());
    }
    await set('heading', 'In the saddle');
    assert.equal(await shelf.getByRole('heading', { level: 2 }).textContent(), 'In the saddle');
  });

  it('lists other items where diversity is asked for', async () => {
    const listed = async (diversity) => ids(await shownBy(await open({ query: 'a war in space', k: 12, diversity })));
    const [relevant, diverse] = [await listed('0'), await listed('0.9')];
    assert.equal(diverse[0], relevant[0], 'the best one stays');
    assert.notDeepEqual(diverse, relevant);
  });

  it('fetches an image only where it is told to', async () => {
    const shelf = await open({ query: 'a pangolin in the museum of door handles', k: 1 });
    await shelf.evaluate(async (element) => {
      const { recommender } = await new Promise((resolve) => {
        element.addEventListener('inglenook-ready', resolve, { once: true });
        element.setAttribute('device', 'auto');
      });
      const text = 'A pangolin walks through the museum of door handles.';
      await recommender.addItems([{ id: 'pangolin', title: 'The Pangolin', text, image: '/style.css?picture' }]);
      await element.refresh();
    });
    await card(shelf, 0).getByText('The Pangolin').waitFor();
    const asked = () => server.requests.filter(({ url }) => url === '/style.css?picture').length;
    assert.equal(await shelf.locator('[part="cover"]').count(), 1);
    assert.equal(asked(), 0);
    await ranked(shelf, () => shelf.evaluate((element) => (element.images = true)));
    await shelf.locator('[part="image"]').waitFor({ state: 'attached' });
    await page.waitForTimeout(300);
    assert.equal(asked(), 1);
  });

  it('takes other words, another level of headings, and content for its slots', async () => {
    const shelf = await open(
      { 'heading-level': '4' },
      '<em slot="heading">Für dich</em><span slot="empty">Leider nichts</span>',
    );
    await shelf.evaluate(
      (element) => (element.words = { like: 'Gefällt mir', likeItem: (title) => `${title} gefällt mir` }),
    );
    await shelf.getByText('Gefällt mir').first().waitFor();
    await settled(shelf);
    assert.ok(await page.getByText('Für dich').isVisible());
    assert.equal(await shelf.getByRole('heading', { level: 4, name: 'Für dich' }).count(), 1);
    assert.equal(await shelf.getByRole('heading', { level: 5 }).count(), 6);
    const [first] = await shownBy(shelf);
    assert.equal(await button(shelf, 0, 'like').getAttribute('aria-label'), `${first.title} gefällt mir`);
    await shelf.evaluate((element) => (element.filter = { allOf: ['Western', 'Horror', 'Documentary'] }));
    await page.getByText('Leider nichts').waitFor();
  });

  it('is styled by parts, custom properties and states', async () => {
    const shelf = await open();
    const styles = await shelf.evaluate((element) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`
        inglenook-shelf { --inglenook-accent: rgb(1, 2, 3); --inglenook-card-size: 30rem; }
        inglenook-shelf::part(like) { border-color: rgb(4, 5, 6); }
        inglenook-shelf:state(ready) { opacity: 0.5; }
      `);
      document.adoptedStyleSheets = [sheet];
      const of = (selector) => getComputedStyle(element.shadowRoot.querySelector(selector));
      return {
        accent: of('.because').color,
        part: of('.like').borderColor,
        state: getComputedStyle(element).opacity,
        columns: of('ol').gridTemplateColumns.split(' ').length,
      };
    });
    assert.deepEqual(styles, { accent: 'rgb(1, 2, 3)', part: 'rgb(4, 5, 6)', state: '0.5', columns: 2 });
  });

  it('shows more like an item', async () => {
    const shelf = await open({ 'similar-to': '2571' });
    const list = await shownBy(shelf);
    assert.equal(list.length, 6);
    assert.ok(!ids(list).includes('2571'), 'an item is not like itself');
  });

  it('says so when nothing fits', async () => {
    const shelf = await open({ filter: 'Western, Horror, Documentary' });
    assert.ok(await shelf.locator('[part="empty"]').isVisible());
    assert.equal(await shelf.evaluate((element) => element.state), 'empty');
  });

  it('fills a template of the page, in the page and under its style sheets', async () => {
    const shelf = await open(
      {},
      `<template><h3><a class="mine" href="#top" data-field="title"></a></h3><i data-field="tags"></i><img data-field="image" alt=""></template>`,
    );
    const [first] = await shownBy(shelf);
    assert.equal(await page.locator('inglenook-shelf > div').first().locator('.mine').textContent(), first.title);
    assert.equal(await page.locator('inglenook-shelf img').count(), 0, 'films have no images');
    await page.locator('.mine').first().click();
    assert.equal((await events()).at(-1).id, first.id);
  });

  it('takes cards that the page makes, and a recommender of the page', async () => {
    await page.goto(`${server.url}/blank.html`);
    await page.evaluate(async () => {
      const { createRecommender } = await import('/lib/client.js');
      const shelf = document.createElement('inglenook-shelf');
      shelf.k = 4;
      shelf.renderCard = ({ title }) =>
        Object.assign(document.createElement('b'), { textContent: title.toUpperCase() });
      document.querySelector('main').append(shelf);
      shelf.recommender = await createRecommender({ catalog: '/catalog/', model: '/model/', device: 'cpu' });
    });
    const shelf = page.locator('inglenook-shelf');
    await settled(shelf);
    const [first] = await shownBy(shelf);
    assert.equal(await shelf.locator('b').first().textContent(), first.title.toUpperCase());
  });

  it('shares one recommender between the shelves of a page', async () => {
    await open();
    const before = server.requests.length;
    await addShelf({ k: 3, query: 'quiet' });
    const second = page.locator('inglenook-shelf').last();
    await settled(second);
    assert.equal(server.requests.length, before);
    const first = page.locator('inglenook-shelf').first();
    const listed = await shownBy(second);
    await ranked(second, () => button(first, 0, 'like').click());
    assert.notDeepEqual(await shownBy(second), listed, 'a like on one shelf should reach the other');
  });

  it('is told of an address that leads nowhere, shows it, and keeps its content', async () => {
    const shelf = await open({ catalog: '/nowhere/' }, '<p id="kept">Popular today</p>', { wait: false });
    await shelf.locator('[part="error"]').waitFor();
    assert.ok(await page.locator('#kept').isVisible());
    const [error] = await events();
    assert.deepEqual([error.type, error.code], ['inglenook-error', 'network']);
    await shelf.evaluate((element) => element.setAttribute('catalog', '/catalog/'));
    await settled(shelf);
    assert.equal(await shelf.locator('[part="card"]').count(), 6);
  });

  it('names a filter or a number that makes no sense', async () => {
    for (const attributes of [{ filter: 'a|b, c|d' }, { k: '0' }]) {
      const shelf = await open(attributes, '', { wait: false });
      await shelf.locator('[part="error"]').waitFor();
      assert.equal((await events()).at(-1).code, 'invalid_input');
    }
  });

  it('fades what was shown in earlier visits, or leaves it out', async () => {
    const first = ids(await shownBy(await open()));
    await page.waitForTimeout(1500); // A card counts as shown after a second in view.
    const faded = ids(await shownBy(await open()));
    assert.notDeepEqual(faded, first);
    const again = ids(await shownBy(await open({ repeats: 'always' })));
    assert.deepEqual(again, first);
    const fresh = ids(await shownBy(await open({ repeats: 'never' })));
    assert.ok(fresh.every((id) => !first.includes(id)));
    const asked = await open({ query: 'a film about a shark' });
    const found = ids(await shownBy(asked));
    await page.waitForTimeout(1500);
    assert.deepEqual(
      ids(await shownBy(await open({ query: 'a film about a shark' }))),
      found,
      'a search does not fade',
    );
  });

  it('is used with the keyboard alone', async () => {
    const shelf = await open();
    await page.keyboard.press('Tab');
    const focused = () => shelf.evaluate((element) => element.shadowRoot.activeElement?.getAttribute('aria-label'));
    const [first] = await shownBy(shelf);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), `Like ${first.title}`);
    await page.keyboard.press('Tab');
    await ranked(shelf, () => page.keyboard.press('Enter'));
    const [next] = await shownBy(shelf);
    assert.equal(
      await focused(),
      `Not for me: ${next.title}`,
      'the focus should move on to the card that took the place',
    );
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.ok(await shelf.locator('dialog').isVisible());
    await page.keyboard.press('Escape');
    assert.equal(await focused(), `Why this? ${next.title}`);
  });

  it('follows dark mode, right-to-left scripts and the wish for less motion', async () => {
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await page.goto(`${server.url}/blank.html`);
    await page.evaluate(() => (document.documentElement.dir = 'rtl'));
    await addShelf({ k: 6 });
    const shelf = page.locator('inglenook-shelf');
    await settled(shelf);
    const styles = await shelf.evaluate((element) => {
      const of = (selector) => getComputedStyle(element.shadowRoot.querySelector(selector));
      const left = (index) => element.shadowRoot.querySelectorAll('[part="card"]')[index].getBoundingClientRect().left;
      return { animation: of('.card').animationName, color: of('.because').color, isRightToLeft: left(0) > left(1) };
    });
    assert.deepEqual(styles, { animation: 'none', color: 'rgb(242, 154, 87)', isRightToLeft: true });
  });

  it('breaks no rule of a strict content security policy', async () => {
    await open({}, '<template><b data-field="title"></b></template>');
    assert.deepEqual(complaints, []);
  });

  it('lets its engine go when it leaves the page', async () => {
    const shelf = await open();
    const recommender = await page.evaluateHandle(
      () =>
        new Promise((resolve) => {
          const other = document.createElement('inglenook-shelf');
          for (const { name, value } of document.querySelector('inglenook-shelf').attributes)
            other.setAttribute(name, value);
          other.addEventListener('inglenook-ready', (event) => resolve(event.recommender));
          document.querySelector('main').append(other);
        }),
    );
    await shelf.evaluate((element) => element.remove());
    const call = () =>
      recommender.evaluate((engine) =>
        engine.recommend({ k: 1 }).then(
          ({ length }) => length,
          ({ code }) => code,
        ),
      );
    assert.equal(await call(), 1, 'another shelf still needs it');
    await page.evaluate(() => document.querySelector('inglenook-shelf').remove());
    await page.waitForTimeout(50);
    assert.equal(await call(), 'cancelled');
  });
});
