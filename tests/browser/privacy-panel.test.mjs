// <inglenook-privacy> in a page beside a shelf: what is stored is shown, given out, taken in and forgotten.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { complaintsOf, servePages, settled, shownBy } from './support/elements.mjs';

describe('<inglenook-privacy>', () => {
  let server, browser, context, page, shelf, panel, complaints;

  before(async () => {
    server = await servePages('elements');
    browser = await launch('none');
  });

  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
    complaints = complaintsOf(page);
    shelf = page.locator('inglenook-shelf');
    panel = page.locator('inglenook-privacy');
    await page.goto(`${server.url}/panel.html`);
    await settled(shelf);
    await panel.locator('.count').waitFor();
  });

  afterEach(() => context.close());

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const stored = () =>
    panel.locator('[part="stored"] li').evaluateAll((items) => items.map(({ dataset }) => dataset.itemId));

  async function likeFirst() {
    const [{ id }] = await shownBy(shelf);
    await shelf.locator('.button.like').first().click();
    await panel.locator(`[data-item-id="${id}"]`).waitFor();
    return id;
  }

  it('lists what is kept as it is recorded, and forgets one item', async () => {
    assert.deepEqual(await stored(), []);
    const id = await likeFirst();
    assert.match(await panel.locator(`[data-item-id="${id}"]`).textContent(), /liked on/);
    assert.match(
      await panel.locator('[part="stored"]').textContent(),
      /in this browser's storage.*\d\.\d MB of this site's files/,
    );
    await panel.locator('.forget').click();
    await panel.locator(`[data-item-id="${id}"]`).waitFor({ state: 'detached' });
    assert.deepEqual(await stored(), []);
    assert.match(await panel.locator('[part="notice"]').textContent(), /is forgotten/);
  });

  it('takes a like back from the shelf when it is forgotten here', async () => {
    const before = await shownBy(shelf);
    await likeFirst();
    await panel.locator('.forget').click();
    await shelf.locator('.button.like[aria-pressed="true"]').waitFor({ state: 'detached' });
    await settled(shelf);
    assert.deepEqual(await shownBy(shelf), before);
  });

  it('says why each recommendation is shown', async () => {
    await likeFirst();
    await panel.locator('summary').click();
    await panel.locator('[part="reasons"] li small').first().waitFor();
    assert.match(await panel.locator('[part="reasons"] li').first().textContent(), /Because you liked/);
  });

  it('exports a profile, and imports it again after everything was forgotten', async () => {
    const id = await likeFirst();
    const [download] = await Promise.all([page.waitForEvent('download'), panel.locator('.export').click()]);
    const file = await download.path();
    const document = JSON.parse(fs.readFileSync(file, 'utf8'));
    assert.equal(document.format, 'inglenook-profile');
    assert.deepEqual(
      document.interactions.map(({ itemId, kind }) => [itemId, kind]),
      [[id, 'like']],
    );

    await panel.locator('.forget-all').click();
    await panel.locator('.keep').click();
    assert.deepEqual(await stored(), [id], 'nothing is forgotten before the answer');
    await panel.locator('.forget-all').click();
    await panel.locator('.forget-yes').click();
    await panel.locator(`[data-item-id="${id}"]`).waitFor({ state: 'detached' });

    await panel.locator('input[type="file"]').setInputFiles(file);
    await panel.locator(`[data-item-id="${id}"]`).waitFor();
    assert.deepEqual(await stored(), [id]);
  });

  it('refuses a file that is no profile, and says what it expected', async () => {
    const give = (text) =>
      panel
        .locator('input[type="file"]')
        .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from(text) });
    await give('no JSON');
    await panel.locator('[part="error"]').getByText('not JSON').waitFor();
    await give('{"format": "another"}');
    await panel.locator('[part="error"]').getByText('profile').waitFor();
  });

  it('forgets what was shown, too', async () => {
    await page.waitForFunction(() => Object.keys(localStorage).some((key) => key.startsWith('inglenook.shown:')));
    await panel.locator('.forget-all').click();
    await panel.locator('.forget-yes').click();
    await panel.getByText('Everything is forgotten').waitFor();
    assert.deepEqual(
      await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('inglenook.shown:'))),
      [],
    );
  });

  it('counts the requests since the recommendations were ready: none, and then every one', async () => {
    await likeFirst();
    assert.equal(await panel.locator('.count').textContent(), '0');
    await page.evaluate(async () => {
      await (await fetch('/style.css?one')).text();
      new Image().src = '/style.css?two';
      navigator.sendBeacon('/style.css?three');
    });
    await panel.locator('.count', { hasText: '3' }).waitFor();
    const text = await panel.locator('[part="requests"]').textContent();
    for (const name of ['fetch', 'img', 'beacon']) assert.ok(text.includes(`${name}: `), text);
  });

  it('has nothing to complain about', async () => {
    await likeFirst();
    assert.deepEqual(complaints, []);
  });
});
