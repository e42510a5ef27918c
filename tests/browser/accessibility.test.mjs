// axe on every page, in every state that a visitor meets.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { DemoPage } from './support/demo-page.mjs';
import { servePages, settled } from './support/elements.mjs';
import { serve, SITE } from './support/server.mjs';

const AXE = fs.readFileSync(
  createRequire(new URL('../../www/package.json', import.meta.url)).resolve('axe-core/axe.min.js'),
  'utf8',
);

/** Every rule of WCAG 2 at levels A and AA, and what axe calls best practice. */
async function violations(page) {
  await page.evaluate(AXE);
  const { violations: found, passes } = await page.evaluate(() => globalThis.axe.run(document));
  assert.ok(passes.length > 10, 'axe should have found something to check');
  return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

describe('axe finds no violation', () => {
  let browser, elements, site;
  before(async () => {
    browser = await launch('none');
    elements = await servePages('elements');
    site = await serve(SITE);
  });
  after(async () => {
    await browser?.close();
    await elements?.close();
    await site?.close();
  });

  for (const colorScheme of ['light', 'dark']) {
    /** Opens a page whose shelf is ready, does something there, and looks. */
    const check = (name, address, act = async () => {}) =>
      it(`${name}, ${colorScheme}`, async () => {
        const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce' });
        try {
          const page = await context.newPage();
          await page.goto(elements.url + address);
          await act(page, page.locator('inglenook-shelf'));
          assert.deepEqual(await violations(page), []);
        } finally {
          await context.close();
        }
      });

    check('in a shelf that loads', '/', async (page, shelf) => {
      await shelf.locator('[part="progress"]').waitFor();
    });
    check('in a shelf with a list', '/', (page, shelf) => settled(shelf));
    check('in a shelf after a like and a dislike', '/', async (page, shelf) => {
      await settled(shelf);
      await shelf.locator('.like').first().click();
      await shelf.locator('.dislike').nth(1).click();
      await settled(shelf);
    });
    check('in an explanation', '/', async (page, shelf) => {
      await settled(shelf);
      await shelf.locator('.like').first().click();
      await settled(shelf);
      await shelf.locator('.why').nth(1).click();
    });
    check('in an empty shelf', '/', async (page, shelf) => {
      await shelf.evaluate((element) => element.setAttribute('filter', 'Western, Horror, Documentary'));
      await shelf.locator('[part="empty"]').waitFor();
    });
    check('in a shelf that failed', '/', async (page, shelf) => {
      await shelf.evaluate((element) => element.setAttribute('catalog', '/nowhere/'));
      await shelf.locator('[part="error"]').waitFor();
    });
    check('in a privacy panel', '/panel.html', async (page, shelf) => {
      await settled(shelf);
      await shelf.locator('.like').first().click();
      const panel = page.locator('inglenook-privacy');
      await panel.locator('[data-item-id]').waitFor();
      await panel.locator('summary').click();
    });
    check('in the question before everything is forgotten', '/panel.html', async (page, shelf) => {
      await settled(shelf);
      await page.locator('inglenook-privacy .forget-all').click();
    });

    /** The same on a page of the demo. */
    const checkDemo = (name, visit) =>
      it(`${name}, ${colorScheme}`, async () => {
        const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce' });
        try {
          const page = await context.newPage();
          const look = async () => assert.deepEqual(await violations(page), []);
          await visit(page, look);
        } finally {
          await context.close();
        }
      });

    checkDemo('in the film library', async (page, look) => {
      const demo = new DemoPage(page);
      await demo.open(site.url);
      await demo.likeByName('The Matrix');
      await page.getByText('Your privacy').click();
      await look();
      await demo.testId('results').getByTestId('why').first().click();
      await look();
    });
    checkDemo('in the recipe book', async (page, look) => {
      await page.goto(`${site.url}/recipes.html`);
      await settled(page.getByTestId('recipes'));
      await look();
      await page.locator('.recipe-card button').first().click();
      await settled(page.locator('#similar inglenook-shelf'));
      await look();
    });
    checkDemo('with a catalog of the visitor', async (page, look) => {
      await page.goto(`${site.url}/own.html`);
      await look();
      const wrong = { name: 'wrong.csv', mimeType: 'text/csv', buffer: Buffer.from('color\nred\n') };
      await page.getByTestId('file').setInputFiles(wrong);
      await page.getByTestId('problems').waitFor();
      await look();
      await page.getByTestId('sample').click();
      await settled(page.getByTestId('list'));
      await page.getByTestId('list').locator('[part="link"]').first().click();
      await settled(page.getByTestId('similar'));
      await look();
    });
  }
});
