// Pictures of the demo's pages for the README. They are taken into target/screenshots at every run, and kept in docs/images when
// UPDATE_SCREENSHOTS=1 says so: pixels differ between machines, so that what is committed is checked for being there and being small.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { root } from '../../scripts/paths.mjs';
import { launch } from './support/browser.mjs';
import { DemoPage } from './support/demo-page.mjs';
import { settled } from './support/elements.mjs';
import { serve, SITE } from './support/server.mjs';

const MAX_BYTES = 150_000;
const TAKEN = path.join(root, 'target/screenshots');
const KEPT = path.join(root, 'docs/images');

describe('a picture of', () => {
  let browser, server;
  before(async () => {
    browser = await launch('none');
    server = await serve(SITE);
    fs.mkdirSync(TAKEN, { recursive: true });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const picture = (name, { colorScheme = 'light' }, visit) =>
    it(name, async () => {
      const viewport = { width: 1200, height: 840 };
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
      try {
        const page = await context.newPage();
        await visit(page);
        // What is drawn when the page has time.
        await page.waitForTimeout(500);
        const file = path.join(TAKEN, `${name}.jpg`);
        await page.screenshot({ path: file, type: 'jpeg', quality: 72 });
        assert.ok(fs.statSync(file).size <= MAX_BYTES, `${file} has ${fs.statSync(file).size} bytes`);
        const kept = path.join(KEPT, `${name}.jpg`);
        if (process.env.UPDATE_SCREENSHOTS === '1') {
          fs.mkdirSync(KEPT, { recursive: true });
          fs.copyFileSync(file, kept);
        }
        assert.ok(fs.existsSync(kept), `${kept} is missing; take it with UPDATE_SCREENSHOTS=1`);
        assert.ok(fs.statSync(kept).size <= MAX_BYTES, `${kept} has ${fs.statSync(kept).size} bytes`);
        assert.match(fs.readFileSync(path.join(root, 'README.md'), 'utf8'), new RegExp(`docs/images/${name}\\.jpg`));
      } finally {
        await context.close();
      }
    });

  picture('films', { colorScheme: 'dark' }, async (page) => {
    const demo = new DemoPage(page);
    await demo.open(server.url);
    for (const title of ['The Matrix', 'Blade Runner']) await demo.likeByName(title);
    await page.evaluate(() => document.querySelector('#toast').replaceChildren());
    await page.mouse.move(0, 0);
    await page.evaluate(() => scrollTo(0, 230));
  });

  picture('recipes', {}, async (page) => {
    await page.goto(`${server.url}/recipes.html`);
    const shelf = page.getByTestId('recipes');
    await settled(shelf);
    await page.getByTestId('search').fill('something warm for a rainy evening');
    await page.getByTestId('search').press('Enter');
    await shelf.getByRole('heading', { name: 'something warm' }).waitFor();
    await settled(shelf);
    await shelf.locator('.button.like').nth(1).click();
    await page.locator('inglenook-privacy').getByText('liked on').waitFor();
    await settled(shelf);
  });

  picture('own', {}, async (page) => {
    await page.goto(`${server.url}/own.html`);
    await page.getByTestId('sample').click();
    const list = page.getByTestId('list');
    await settled(list);
    await page.getByTestId('search').fill('something for a pond');
    await page.getByTestId('search').press('Enter');
    await list.getByRole('heading', { name: 'pond' }).waitFor();
    await settled(list);
    await page.evaluate(() => scrollTo(0, 250));
  });
});
