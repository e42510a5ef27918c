// Pages with Inglenook's elements, the real engine and the film catalog behind them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { dist, root } from '../../../scripts/paths.mjs';
import { serve, SITE } from './server.mjs';

const PAGES = path.join(root, 'tests/browser/pages');

/** Serves a folder of tests/browser/pages, with the package as lib/, the model and the film catalog beside its files, from a folder of this name. */
export function servePages(name, { from = name, ...options } = {}) {
  const site = path.join(root, 'target/test-sites', name);
  fs.rmSync(site, { recursive: true, force: true });
  fs.cpSync(path.join(PAGES, from), site, { recursive: true });
  const links = [
    ['lib', dist],
    ['model', path.join(SITE, 'model')],
    ['catalog', path.join(SITE, 'catalog')],
  ];
  for (const [link, target] of links) {
    assert.ok(fs.existsSync(target), `${target} is missing; make it with \`make build\``);
    fs.symlinkSync(target, path.join(site, link));
  }
  return serve(site, options);
}

/** Chromium says this of its own accord where a page asks for WebGPU and there is none. */
const NOT_A_COMPLAINT = 'No available adapters.';

/** Warnings, errors and broken rules of the content security policy, as the page meets them. */
export function complaintsOf(page) {
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && message.text() !== NOT_A_COMPLAINT) {
      complaints.push(`${message.type()}: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  return complaints;
}

/** Waits until a shelf shows a list of the engine's that is not being replaced. */
export async function settled(shelf) {
  for (let tries = 0; (await shelf.evaluate((element) => element.state ?? 'loading')) === 'loading'; tries++) {
    if (tries > 600) throw new Error('the shelf was not ready within a minute');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await shelf.locator('ol[aria-busy="false"]').waitFor({ state: 'attached', timeout: 60_000 });
}

/** What a shelf shows, best first. */
export const shownBy = (shelf) =>
  shelf.evaluate((element) => element.recommendations.map(({ id, title }) => ({ id, title })));

/** Waits until a server was asked for nothing for a while. */
export async function quiet({ requests }, forMs = 500) {
  for (let before = -1; before !== requests.length;) {
    before = requests.length;
    await new Promise((resolve) => setTimeout(resolve, forMs));
  }
}
