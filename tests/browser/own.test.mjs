// "Bring your own catalog": a list that the visitor drops is read, searched, recommended, kept and handed out, all on the device.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { cargoTarget, models } from '../../scripts/paths.mjs';
import { launch } from './support/browser.mjs';
import { complaintsOf, quiet, settled, shownBy } from './support/elements.mjs';
import { serve, SITE } from './support/server.mjs';

const titles = async (shelf) => (await shownBy(shelf)).map(({ title }) => title);

describe('a catalog of the visitor', () => {
  let server, browser, context, page, list, complaints;

  before(async () => {
    server = await serve(SITE);
    browser = await launch('none');
  });

  beforeEach(async () => {
    await context?.close();
    context = await browser.newContext();
    page = await context.newPage();
    complaints = complaintsOf(page);
    list = page.getByTestId('list');
    await page.goto(`${server.url}/own.html`);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const give = (name, text) =>
    page.getByTestId('file').setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });

  async function search(words) {
    await page.getByTestId('search').fill(words);
    await page.getByTestId('search').press('Enter');
    await list.getByRole('heading', { name: `For “${words}”` }).waitFor();
    await settled(list);
  }

  it('reads a sample, searches it in words, and shows more like an item', async () => {
    await page.getByTestId('sample').click();
    await settled(list);
    assert.match(await page.getByTestId('facts').textContent(), /^40 items of garden\.csv/);
    await search('something that grows in a pond');
    const found = await titles(list);
    assert.ok(found.slice(0, 4).filter((title) => /lily|lotus|iris/.test(title)).length >= 2, found.join(', '));
    await list.locator('[part="link"]').first().click();
    const similar = page.getByTestId('similar');
    await settled(similar);
    assert.equal((await shownBy(similar)).length, 4);
    assert.deepEqual(complaints, []);
  });

  it('reads CSV with quotes, semicolons and columns of other names', async () => {
    await give(
      'books.csv',
      'Name;Summary;Genre\n"The ""Sea""";"A quiet book;\nabout the sea";Novel|Sea\nFire;A loud book about fire;Novel\n',
    );
    await settled(list);
    assert.deepEqual((await titles(list)).sort(), ['Fire', 'The "Sea"']);
    const tags = await list.evaluate((shelf) => shelf.recommendations.map((each) => each.tags.join()).sort());
    assert.deepEqual(tags, ['Novel', 'Novel,Sea']);
  });

  it('reads JSON Lines, and names each line that it cannot use', async () => {
    await give(
      'items.jsonl',
      '{"id": 1, "title": "One", "tags": ["a", "b"]}\nnot json\n{"id": 1, "title": "Again"}\n{"id": 2}\n',
    );
    await settled(list);
    assert.deepEqual(await titles(list), ['One']);
    const problems = await page.getByTestId('problems').textContent();
    for (const line of [2, 3, 4]) assert.match(problems, new RegExp(`line ${line}: `));
  });

  it('says so when a file holds nothing', async () => {
    await give('empty.csv', 'color,size\nred,1\n');
    await page.getByTestId('problems').getByText('expected a line for each').waitFor();
    assert.equal(await page.getByTestId('library').isVisible(), false);
  });

  it('shows how far it is, and stops when it is told to', async () => {
    const lines = Array.from(
      { length: 3000 },
      (_, index) => `${index},Item ${index},${'words about something '.repeat(20)}${index}`,
    );
    await give('many.csv', `id,title,text\n${lines.join('\n')}`);
    await page
      .getByTestId('progress-panel')
      .getByText(/Reading [\d,]+ of 3,000/)
      .waitFor();
    await page.waitForFunction(() => Number(document.querySelector('#progress').value) > 0.01);
    await page.getByTestId('stop').click();
    await page.getByTestId('progress-panel').waitFor({ state: 'hidden' });
    assert.equal(await page.getByTestId('library').isVisible(), false);
    assert.equal(await page.getByTestId('problems').isVisible(), false);
  });

  it('keeps the list for the next visit, and takes it away when told to', async () => {
    await page.getByTestId('sample').click();
    await settled(list);
    await page.reload();
    await settled(list);
    assert.match(await page.getByTestId('facts').textContent(), /40 items, kept/);
    await page.getByTestId('clear').click();
    await page.getByTestId('library').waitFor({ state: 'hidden' });
    await page.reload();
    await page.getByTestId('progress-panel').waitFor({ state: 'hidden' });
    assert.equal(await page.getByTestId('library').isVisible(), false);
  });

  it('hands out a catalog that the command line reads', async () => {
    await page.getByTestId('sample').click();
    await settled(list);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('download').click()]);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inglenook-own-'));
    try {
      execFileSync('python3', ['-m', 'zipfile', '-e', await download.path(), folder]);
      const inglenook = path.join(cargoTarget, 'release/inglenook');
      const inspected = execFileSync(inglenook, ['inspect', folder], { encoding: 'utf8' });
      assert.match(inspected, /\b40\b/);
      const found = execFileSync(
        inglenook,
        ['recommend', '--catalog', folder, '--model', path.join(models, 'inglenook-en'), '--query', 'a pond'],
        { encoding: 'utf8' },
      );
      assert.match(found, /lotus|lily/i);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('asks nothing of the network for any of it', async () => {
    await page.getByTestId('progress-panel').waitFor({ state: 'hidden' });
    await quiet(server);
    const before = server.requests.length;
    await page.getByTestId('sample').click();
    await settled(list);
    await search('fragrant');
    await page.getByTestId('download').click();
    assert.deepEqual(
      server.requests.slice(before).map(({ url }) => url),
      [],
    );
  });
});
