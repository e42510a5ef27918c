// Clicks through the film library as a visitor would, in a real browser with the real model and catalog.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { DemoPage } from './support/demo-page.mjs';
import { serve, SITE } from './support/server.mjs';

const ids = (films) => films.map(({ id }) => id);

describe('the film library', () => {
  let server, browser, context, demo;
  /** Requests after the page was ready: of the page and its worker, whether or not they would have reached a server. */
  const lateRequests = [];
  let requestsAtReady;

  const open = async () => {
    await context.unroute('**');
    await demo.open(server.url);
    requestsAtReady = server.requests.length;
    // From here on nothing may be fetched, from anywhere.
    await context.route('**', (route) => {
      lateRequests.push(route.request().url());
      return route.abort();
    });
  };

  before(async () => {
    server = await serve(SITE);
    browser = await launch('none');
    context = await browser.newContext();
    demo = new DemoPage(await context.newPage());
    await open();
  });

  beforeEach(async () => {
    await context.setOffline(false);
    if (await demo.testId('explanation').isVisible()) await demo.testId('explanation-close').click();
    if (await demo.testId('forget').isVisible()) await demo.ranked(() => demo.testId('forget').click());
    if ((await demo.testId('search').inputValue()) !== '') await demo.search('');
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  it('starts with a list of well-loved films of several kinds', async () => {
    const films = await demo.films();
    assert.equal(films.length, 24);
    assert.ok(new Set(films.flatMap(({ genres }) => genres)).size >= 8, 'the list should span many genres');
    for (const { title, year, because } of films) {
      assert.match(year, /^\d{4}$/, `${title} should show its year`);
      assert.equal(because, 'Loved by many viewers');
    }
    assert.deepEqual(await demo.shelf(), []);
  });

  it('names the backend, the adapter and the reason', async () => {
    const { backend, adapter, reason, text } = await demo.status();
    assert.equal(backend, 'cpu');
    assert.equal(adapter, null);
    assert.notEqual(reason, '');
    assert.ok(text.includes(reason) && text.includes('9,066 films'), text);
  });

  it('changes the list after a like, and says because of which film', async () => {
    const before = await demo.films();
    await demo.likeByName('The Matrix');
    const films = await demo.films();
    assert.notDeepEqual(ids(films), ids(before));
    assert.deepEqual(await demo.shelf(), ['The Matrix (1999)']);
    assert.ok(
      films.every(({ title }) => title !== 'The Matrix'),
      'a liked film is not recommended again',
    );
    assert.match(films[0].because, /^Because you liked The Matrix$/);
    assert.ok(films.slice(0, 10).filter(({ genres }) => genres.includes('Sci-Fi')).length >= 5, JSON.stringify(films));
  });

  it('explains a recommendation by parts that add up to its score', async () => {
    await demo.likeByName('The Matrix');
    await demo.likeByName('Blade Runner');
    await demo.testId('results').getByTestId('why').first().click();
    const dialog = demo.testId('explanation');
    await dialog.waitFor();
    const value = async (id) => Number(await dialog.getByTestId(id).getAttribute('data-value'));
    let sum = 0;
    for (const part of ['content', 'query', 'popularity', 'feedback', 'diversity']) sum += await value(`part-${part}`);
    assert.ok(Math.abs(sum - (await value('explanation-total'))) < 1e-5);
    assert.ok((await value('part-content')) > 0);
    assert.match(await dialog.getByTestId('explanation-because').textContent(), /The Matrix|Blade Runner/);
  });

  it('takes a skipped film away, and brings it back when the skip is undone', async () => {
    const [first] = await demo.films();
    await demo.ranked(() => demo.testId('results').getByTestId('skip').first().click());
    assert.ok(!ids(await demo.films()).includes(first.id));
    assert.deepEqual(await demo.shelf('skipped'), [`${first.title} (${first.year})`]);
    await demo.ranked(() => demo.testId('undo').click());
    assert.ok(ids(await demo.films()).includes(first.id));
    assert.deepEqual(await demo.shelf('skipped'), []);
  });

  it('finds animated family films from words alone', async () => {
    await demo.search('heartwarming animated film for kids');
    const films = (await demo.films()).slice(0, 10);
    const suited = films.filter(({ genres }) => genres.includes('Animation') || genres.includes('Children'));
    assert.ok(suited.length >= 8, JSON.stringify(films));
    assert.equal(await demo.testId('title-matches').isVisible(), false);
  });

  it('finds a film by its name', async () => {
    await demo.search('blade runner');
    const named = demo.testId('title-matches').getByTestId('card-title');
    assert.equal(await named.first().textContent(), 'Blade Runner');
  });

  it('keeps to the chosen genres', async () => {
    const chip = (genre) => demo.page.locator(`[data-testid="genre"][data-genre="${genre}"]`);
    await demo.ranked(() => chip('Western').click());
    await demo.ranked(() => chip('Comedy').click());
    const films = await demo.films();
    assert.ok(films.length > 0);
    for (const { title, genres } of films) {
      assert.ok(genres.includes('Western') && genres.includes('Comedy'), `${title}: ${genres.join(', ')}`);
    }
    await demo.ranked(() => chip('Horror').click());
    await demo.ranked(() => chip('Documentary').click());
    assert.deepEqual(await demo.films(), []);
    assert.ok(await demo.testId('empty').isVisible());
    for (const genre of ['Western', 'Comedy', 'Horror', 'Documentary']) await demo.ranked(() => chip(genre).click());
  });

  it('can be used with the keyboard alone', async () => {
    const like = demo.testId('results').getByTestId('like').nth(2);
    await like.focus();
    await demo.ranked(() => demo.page.keyboard.press('Enter'));
    const focused = await demo.page.evaluate(() => document.activeElement.dataset.testid);
    assert.equal(focused, 'like', 'the focus should move on to the next film');
    assert.equal((await demo.shelf()).length, 1);
  });

  it('forgets everything at once', async () => {
    const before = await demo.films();
    await demo.likeByName('The Matrix');
    await demo.ranked(() => demo.testId('forget').click());
    assert.deepEqual(await demo.shelf(), []);
    assert.deepEqual(ids(await demo.films()), ids(before));
  });

  it('works offline once it is loaded', async () => {
    await context.setOffline(true);
    await demo.likeByName('Toy Story');
    await demo.search('a space voyage that goes wrong');
    assert.equal((await demo.films()).length, 24);
  });

  it('remembers the history when it is loaded again', async () => {
    await demo.likeByName('Blade Runner');
    await demo.ranked(() => demo.testId('results').getByTestId('skip').first().click());
    const [liked, skipped, films] = [await demo.shelf(), await demo.shelf('skipped'), await demo.films()];
    await open();
    assert.deepEqual(await demo.shelf(), liked);
    assert.deepEqual(await demo.shelf('skipped'), skipped);
    assert.deepEqual(ids(await demo.films()), ids(films));
  });

  it('has sent no request since it was ready, and has nothing to complain about', () => {
    assert.deepEqual(lateRequests, []);
    assert.deepEqual(server.requests.slice(requestsAtReady), []);
    assert.deepEqual(demo.complaints, []);
  });
});
