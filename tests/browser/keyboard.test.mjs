// Everything that can be pressed can be reached with the Tab key, is seen to have the focus, and is not a trap; and the demo's pages can be used
// with the keyboard alone.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { DemoPage } from './support/demo-page.mjs';
import { servePages, settled, shownBy } from './support/elements.mjs';
import { serve, SITE } from './support/server.mjs';

describe('with the keyboard alone', () => {
  let browser, site, elements;
  before(async () => {
    browser = await launch('none');
    site = await serve(SITE);
    elements = await servePages('elements');
  });
  after(async () => {
    await browser?.close();
    await site?.close();
    await elements?.close();
  });

  async function withPage(address, use) {
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    try {
      const page = await context.newPage();
      // In the page: everything that a mouse could press, shadow trees included, with a name for each.
      await page.addInitScript(() => {
        const PRESSABLE = 'a[href], button, input, summary, select, textarea';
        const inside = (root) =>
          [...root.querySelectorAll('*')].flatMap((element) => [
            ...(element.matches(PRESSABLE) && !element.disabled && element.checkVisibility({ visibilityProperty: true })
              ? [element]
              : []),
            ...(element.shadowRoot ? inside(element.shadowRoot) : []),
          ]);
        const numbers = new WeakMap();
        let count = 0;
        const numberOf = (element) => numbers.get(element) ?? (numbers.set(element, ++count), count);
        const nameOf = (element) =>
          `${numberOf(element)} ${element.localName} ${element.ariaLabel ?? element.textContent.trim().slice(0, 40)}`;
        globalThis.pressable = () => inside(document).map(nameOf);
        globalThis.focused = () => {
          let element = document.activeElement;
          while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
          if (!element || element === document.body) return null;
          const around = [element, element.parentElement, element.closest('.search-field')].filter(Boolean);
          const isSeen = around.some((each) => getComputedStyle(each).outlineStyle !== 'none');
          return { name: nameOf(element), isSeen };
        };
      });
      await page.goto(address);
      await use(page);
    } finally {
      await context.close();
    }
  }

  async function assertReachable(page) {
    const pressable = await page.evaluate(() => globalThis.pressable());
    assert.ok(pressable.length > 10, pressable.join(', '));
    await page.evaluate(() => document.activeElement?.blur());
    const visited = new Set();
    const unseen = [];
    for (let presses = 0; presses < pressable.length + 20; presses++) {
      await page.keyboard.press('Tab');
      const focus = await page.evaluate(() => globalThis.focused());
      if (!focus) continue;
      visited.add(focus.name);
      if (!focus.isSeen && pressable.includes(focus.name)) unseen.push(focus.name);
    }
    assert.deepEqual(
      pressable.filter((name) => !visited.has(name)),
      [],
      'cannot be reached',
    );
    assert.deepEqual(unseen, [], 'have the focus without showing it');
  }

  it('all of a page with a shelf and a panel is reached', () =>
    withPage(`${elements.url}/panel.html`, async (page) => {
      await settled(page.locator('inglenook-shelf'));
      await page.locator('inglenook-privacy .count').waitFor();
      await assertReachable(page);
    }));

  it('all of the film library is reached', () =>
    withPage(site.url, async (page) => {
      await new DemoPage(page).loaded();
      await assertReachable(page);
    }));

  it('all of the recipe book is reached, and a recipe is found, opened, closed and liked', () =>
    withPage(`${site.url}/recipes.html`, async (page) => {
      const shelf = page.getByTestId('recipes');
      await settled(shelf);
      await page.locator('inglenook-privacy .count').waitFor();
      await assertReachable(page);
      await page.getByTestId('search').focus();
      await page.keyboard.type('pancakes');
      await page.keyboard.press('Enter');
      await shelf.getByRole('heading', { name: 'For “pancakes”' }).waitFor();
      await settled(shelf);
      const [first] = await shownBy(shelf);
      await page.evaluate(() => document.querySelector('.recipe-card button').focus());
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 2, name: first.title }).waitFor();
      await page.keyboard.press('Escape');
      assert.equal(await page.getByTestId('recipe').isVisible(), false);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Space');
      await page.locator('inglenook-privacy').getByText('liked on').waitFor();
    }));

  it('all of the page for a list of the visitor is reached, and a file is chosen', () =>
    withPage(`${site.url}/own.html`, async (page) => {
      // Listening is asked of the browser before the key is: a chooser that nobody waits for yet would open in earnest.
      const chooser = new Promise((resolve) => page.once('filechooser', resolve));
      await page.getByTestId('file').focus();
      await page.keyboard.press('Enter');
      const text = 'title,text\nRain,Water from above\nSnow,White and cold\nHail,Ice that falls\n';
      await (await chooser).setFiles({ name: 'weather.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
      await settled(page.getByTestId('list'));
      await page.locator('inglenook-privacy .count').waitFor();
      await assertReachable(page);
    }));
});
