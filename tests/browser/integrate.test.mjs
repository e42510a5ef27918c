// The examples of docs/integrate.md, as they stand there: written into folders, their catalogs built by the command line, opened in Chromium.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { cargoTarget, dist, models, root } from '../../scripts/paths.mjs';
import { launch } from './support/browser.mjs';
import { complaintsOf, settled, shownBy } from './support/elements.mjs';
import { serve, SITE } from './support/server.mjs';

const SITES = path.join(root, 'target/test-sites/integrate');

/** Writes every file of an example, which names it after the language of its block, and builds its catalog. */
function makeSite(name) {
  const site = path.join(SITES, name);
  fs.rmSync(site, { recursive: true, force: true });
  fs.mkdirSync(site, { recursive: true });
  const text = fs.readFileSync(path.join(root, 'docs/integrate.md'), 'utf8');
  const files = [...text.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].filter(([, file]) => file.startsWith(`${name}/`));
  assert.ok(files.length >= 2, `docs/integrate.md should have the files of ${name}`);
  for (const [, file, content] of files) fs.writeFileSync(path.join(SITES, file), content);
  const [items] = fs.readdirSync(site).filter((file) => file.startsWith('items.'));
  const build = ['build', '--items', path.join(site, items), '--model', path.join(models, 'all-MiniLM-L6-v2')];
  execFileSync(path.join(cargoTarget, 'release/inglenook'), [...build, '--out', path.join(site, 'catalog')]);
  fs.symlinkSync(dist, path.join(site, 'inglenook'));
  fs.symlinkSync(path.join(SITE, 'model'), path.join(site, 'model'));
  return site;
}

/** The pages of the items, which the examples do not show. */
const otherPages = (pathname, reply) =>
  reply.status === 404 && /\.(html|ico)$/.test(pathname)
    ? { status: 200, body: Buffer.from('<title>Another page</title>') }
    : reply;

describe('an example of docs/integrate.md', () => {
  let browser;
  before(async () => (browser = await launch('none')));
  after(() => browser?.close());

  const example = (name, use) =>
    it(name, async () => {
      const server = await serve(makeSite(name), { alter: otherPages });
      const context = await browser.newContext();
      try {
        const page = await context.newPage();
        const complaints = complaintsOf(page);
        await page.goto(server.url);
        await use(page, server);
        assert.deepEqual(complaints, [], server.requests.map(({ url }) => url).join(' '));
      } finally {
        await context.close();
        await server.close();
      }
    });

  const ids = async (shelf) => (await shownBy(shelf)).map(({ id }) => id);

  example('shop', async (page) => {
    const [similar, forYou] = [page.locator('inglenook-shelf').first(), page.locator('inglenook-shelf').last()];
    await settled(similar);
    await settled(forYou);
    assert.ok((await ids(similar)).includes('pot'), 'a copper pot is like a copper kettle');
    const product = page.locator('.product').first();
    assert.match(await product.getAttribute('href'), /^\w+\.html$/);
    assert.ok(!(await ids(forYou)).some((id) => ['axe', 'gloves'].includes(id)), 'nothing of the garden');
    // A click is noted before the page is left, and the next page knows of it.
    await product.click();
    await page.goBack();
    await settled(forYou);
    const reason = await forYou.locator('[part="because"]').allTextContents();
    assert.ok(
      reason.some((text) => text.startsWith('Because you chose')),
      reason.join(', '),
    );
  });

  example('news', async (page) => {
    const shelf = page.locator('inglenook-shelf');
    await shelf.getByText('Eclipse on Friday').waitFor();
    assert.equal((await ids(shelf)).length, 5);
    assert.ok(await page.locator('inglenook-privacy').getByText('no request').isVisible());
  });

  example('docs', async (page, server) => {
    const shelf = page.locator('inglenook-shelf');
    await settled(shelf);
    const before = server.requests.length;
    await page.getByLabel('Ask a question').fill('I forgot my password');
    await page.waitForFunction(() => document.querySelector('inglenook-shelf').recommendations[0].id === 'login');
    assert.equal(await page.getByRole('link', { name: 'Signing in' }).getAttribute('href'), 'login.html');
    assert.equal(server.requests.length, before);
  });
});
