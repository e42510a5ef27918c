// The recipe book, as a visitor uses it.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { complaintsOf, quiet, settled, shownBy } from './support/elements.mjs';
import { serve, SITE } from './support/server.mjs';

describe('the recipe book', () => {
  let server, browser, context, page, shelf, complaints;

  before(async () => {
    server = await serve(SITE);
    browser = await launch('none');
  });

  beforeEach(async () => {
    await context?.close();
    context = await browser.newContext();
    page = await context.newPage();
    complaints = complaintsOf(page);
    shelf = page.getByTestId('recipes');
    await page.goto(`${server.url}/recipes.html`);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  async function search(words) {
    await page.getByTestId('search').fill(words);
    await page.getByTestId('search').press('Enter');
    await shelf.getByRole('heading', { name: `For “${words}”` }).waitFor();
    await settled(shelf);
  }

  it('says who wrote the recipes, and under which license', async () => {
    const credits = await page.locator('.credits').textContent();
    assert.match(credits, /Wikibooks.*CC BY-SA 4\.0/s);
    const [, attribution] = await page
      .locator('.credits a')
      .evaluateAll((links) => [
        ...links.filter(({ href }) => href.includes('creativecommons.org/licenses/by-sa/4.0')).map(({ href }) => href),
        ...links.filter(({ href }) => href.endsWith('ATTRIBUTION.md')).map(({ href }) => href),
      ]);
    const { status, text } = await page.evaluate(async (url) => {
      const response = await fetch(url);
      return { status: response.status, text: await response.text() };
    }, attribution);
    assert.equal(status, 200);
    assert.match(text, /Wikibooks Cookbook/);
  });

  it('holds 3,129 recipes and finds some for what is in the kitchen', async () => {
    await settled(shelf);
    const items = await page.evaluate(async () => {
      const { createRecommender } = await import('/lib/client.js');
      const recommender = await createRecommender({ catalog: 'recipes/catalog/', model: 'model/', device: 'cpu' });
      return recommender.status().items;
    });
    assert.equal(items, 3129);
    await search('chickpeas, tomatoes and an onion');
    const titles = (await shownBy(shelf)).map(({ title }) => title);
    assert.ok(
      titles.filter((title) => /chickpea|tomato|chana|hummus|falafel/i.test(title)).length >= 4,
      titles.join(', '),
    );
  });

  it('is of use before the engine is ready', async () => {
    const [words, cards] = [
      page.getByText('3,129 recipes from the Wikibooks Cookbook'),
      shelf.locator('[part="card"]'),
    ];
    await words.or(cards.first()).first().waitFor();
    await page.getByTestId('search').fill('soup');
    await settled(shelf);
    await shelf.getByRole('heading', { name: 'For “soup”' }).waitFor();
  });

  it('opens a recipe with everything it says, and more like it, without a request', async () => {
    await settled(shelf);
    await quiet(server);
    const before = server.requests.length;
    await search('pancakes');
    await shelf.locator('.recipe-card button').first().click();
    const recipe = page.getByTestId('recipe');
    assert.ok((await recipe.locator('.ingredients li').count()) >= 3);
    assert.ok((await recipe.locator('.steps li').count()) >= 1);
    assert.match(
      await recipe.locator('#recipe-source').getAttribute('href'),
      /^https:\/\/en\.wikibooks\.org\/wiki\/Cookbook:/,
    );
    const similar = recipe.locator('inglenook-shelf');
    await settled(similar);
    const [first] = await shownBy(similar);
    await similar.locator('.recipe-card button').first().click();
    await recipe.getByRole('heading', { level: 2, name: first.title }).waitFor();
    await page.getByTestId('recipe-close').click();
    assert.equal(await recipe.isVisible(), false);
    assert.deepEqual(
      server.requests.slice(before).map(({ url }) => url),
      [],
    );
    assert.deepEqual(complaints, []);
  });

  it('keeps to a kind', async () => {
    await settled(shelf);
    await page.locator('[data-kind="Soup"]').click();
    await page.waitForFunction(() => {
      const list = document.querySelector('#recipes').recommendations;
      return list.length > 0 && list.every(({ tags }) => tags.includes('Soup'));
    });
  });

  it('learns from what is liked and opened, and keeps it for the next visit', async () => {
    await settled(shelf);
    await search('lemon cake');
    const [, second] = await shownBy(shelf);
    await shelf.locator('.button.like').nth(1).click();
    const panel = page.locator('inglenook-privacy');
    await panel.getByText(`liked on`).waitFor();
    await page.reload();
    await settled(shelf);
    await shelf.getByRole('heading', { name: 'For your table' }).waitFor();
    await panel.getByText(second.title).first().waitFor();
    assert.match(await shelf.locator('[part="because"]').first().textContent(), /Because you liked/);
  });
});
