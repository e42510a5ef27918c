// A page of the demo's origin with nothing on it but the client: for tests of the package as a host page uses it.
import assert from 'node:assert/strict';
import { serve, SITE } from './server.mjs';

/** Served by the site, and of its origin, but without scripts of its own. */
export const QUIET_PAGE = '/films/LICENSE-MovieLens.txt';

/**
 * Runs `use` with a server of the site, whose answers `alter` may change, and a context of the browser.
 *
 * @param {import('playwright-core').Browser} browser
 */
export async function withSite(browser, { alter, site = SITE } = {}, use) {
  const server = await serve(site, { alter });
  const context = await browser.newContext();
  try {
    return await use(server, context);
  } finally {
    await context.close();
    await server.close();
  }
}

/**
 * A new tab with the client. There `evaluate` finds `load`, which creates a recommender from the site's model and catalog on the CPU, and
 * `failure`, which gives what a promise was rejected with in a form that can leave the page.
 */
export async function openClient(context, server) {
  const page = await context.newPage();
  await page.goto(server.url + QUIET_PAGE);
  await loadClient(page);
  return page;
}

/** The same for a page that is there already, after a reload for instance. */
export async function loadClient(page) {
  await page.evaluate(async () => {
    const client = await import('/lib/client.js');
    Object.assign(globalThis, client);
    const site = { model: '/model/', catalog: '/catalog/', device: 'cpu' };
    globalThis.load = (options) => client.createRecommender({ ...site, ...options });
    globalThis.failure = (promise) =>
      promise.then(
        (value) => ({ value }),
        (error) => ({ isError: error instanceof Error, name: error.name, code: error.code, message: error.message }),
      );
  });
}

/** Asserts that this is an `InglenookError` of this code, as seen on the page's side of the worker. */
export function assertError(error, code, message = /./) {
  assert.deepEqual(
    { isError: error.isError, name: error.name, code: error.code },
    { isError: true, name: 'InglenookError', code },
    JSON.stringify(error),
  );
  assert.match(error.message, message);
}
