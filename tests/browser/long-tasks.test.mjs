// The page stays free: while the engine loads and works, no task of the main thread takes more than 50 ms.
// What is measured is the time that the thread computes, from Chromium's own trace: on a machine that is busy with other things a task
// may wait much longer for a core, which says nothing of the page.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { DemoPage } from './support/demo-page.mjs';
import { servePages, settled } from './support/elements.mjs';
import { serve, SITE } from './support/server.mjs';

const BUDGET_MS = 50;
// A virtual machine may be taken from a task half-way, which Chromium counts as the task's own time. What is long by itself is long in every visit.
const VISITS = 3;
const MARK = 'this is the page';

describe('no task of the main thread is long', () => {
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

  /** Milliseconds that each task of the page's main thread computed, longest first. */
  async function tasksOf(page, visit) {
    await browser.startTracing(page, { categories: ['toplevel', 'blink.user_timing'] });
    await visit(page);
    // Other renderers are in the trace too: those of Chromium's own pages, and of workers.
    await page.evaluate((mark) => performance.mark(mark), MARK);
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const { pid, tid } = traceEvents.find(({ name }) => name === MARK);
    return traceEvents
      .filter((event) => event.pid === pid && event.tid === tid && event.ph === 'X' && /RunTask$/.test(event.name))
      .map(({ tdur = 0 }) => tdur / 1000)
      .sort((a, b) => b - a);
  }

  const visits = {
    'the film library': async (page) => {
      const demo = new DemoPage(page);
      await demo.open(site.url);
      await demo.ranked(() => demo.testId('results').getByTestId('like').first().click());
      await demo.search('a space voyage that goes wrong');
    },
    'the recipe book': async (page) => {
      await page.goto(`${site.url}/recipes.html`);
      const shelf = page.getByTestId('recipes');
      await settled(shelf);
      await page.getByTestId('search').fill('soup');
      await shelf.getByRole('heading', { name: 'For “soup”' }).waitFor();
      await settled(shelf);
      await shelf.locator('.recipe-card button').first().click();
      await settled(page.locator('#similar inglenook-shelf'));
    },
    'a catalog of the visitor': async (page) => {
      await page.goto(`${site.url}/own.html`);
      await page.getByTestId('sample').click();
      await settled(page.getByTestId('list'));
    },
    'a page with a shelf and a panel': async (page) => {
      await page.goto(`${elements.url}/panel.html`);
      const shelf = page.locator('inglenook-shelf');
      await settled(shelf);
      await shelf.locator('.like').first().click();
      await page.locator('inglenook-privacy [data-item-id]').waitFor();
    },
  };
  it('and one that is long would be noticed', async () => {
    const page = await browser.newPage();
    const [longest] = await tasksOf(page, async () => {
      await page.goto(`${elements.url}/blank.html`);
      await page.evaluate(() => {
        let sum = 0;
        for (const end = performance.now() + 400; performance.now() < end;) sum += Math.sqrt(sum + 1);
      });
    });
    await page.close();
    assert.ok(longest > BUDGET_MS, `found ${longest} ms`);
  });

  for (const [name, visit] of Object.entries(visits)) {
    it(name, async (test) => {
      let longest = Infinity;
      for (let visitor = 0; visitor < VISITS && longest > BUDGET_MS; visitor++) {
        const page = await browser.newPage();
        const tasks = await tasksOf(page, visit).finally(() => page.close());
        assert.ok(tasks.length > 100, `the trace should show the page's tasks, but has ${tasks.length}`);
        const worst = tasks.slice(0, 4).map((ms) => ms.toFixed(1));
        test.diagnostic(`longest: ${worst.join(', ')} ms of ${tasks.length} tasks`);
        longest = Math.min(longest, tasks[0]);
      }
      assert.ok(
        longest <= BUDGET_MS,
        `a task computed for ${longest.toFixed(1)} ms in the best of ${VISITS} visits, allowed ${BUDGET_MS}`,
      );
    });
  }
});
