// Opens a page in a browser, lets it load, uses it, leaves it, and tells of everything that the page asked of the network after it had loaded.
import { startRecordingProxy } from './recording-proxy.mjs';
import { watchPage } from './page-watch.mjs';
import { interact } from './visitor.mjs';

/** A name that cannot exist. What the browser asks of its maker, on its own and not for a page, is sent there: the proxy knows it by that. */
const BROWSER_ITSELF = 'browser.invalid';

const FLAGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
  '--disable-features=OptimizationHints,MediaRouter,InterestFeedContentSuggestions,AutofillServerCommunication',
  ...['gaia', 'lso', 'google-apis', 'google-base', 'google', 'oauth-account-manager'].map(
    (service) => `--${service}-url=https://${BROWSER_ITSELF}`,
  ),
  `--autofill-server-url=https://${BROWSER_ITSELF}/`,
  // Loopback, too, goes through the proxy.
  '--proxy-bypass-list=<-loopback>',
];

const DEFAULT_QUIET_MS = 2000;
const DEFAULT_TIMEOUT_MS = 120_000;
/** What has begun before a page counts as loaded may still end. */
const UNLOAD_MS = 1000;

/**
 * @typedef {object} Leak
 * @property {'request' | 'network' | 'websocket' | 'webrtc' | 'webtransport' | 'hint' | 'popup' | 'server'} kind What saw it: `request` is the
 *   browser's own account, `network` what reached the proxy, `server` what reached the site's server.
 * @property {string} detail
 *
 * @typedef {object} Report
 * @property {string} url
 * @property {boolean} ok
 * @property {Leak[]} leaks
 * @property {number} requestsBefore Requests while the page loaded.
 * @property {number} actions What was done on the page.
 * @property {string[]} serviceWorkers Scripts of service workers, which may hold requests back until later.
 */

/**
 * @param {string} url
 * @param {object} options
 * @param {(launchOptions: { proxy: { server: string }, args: string[] }) => Promise<import('playwright-core').Browser>} options.launch
 * @param {string} [options.ready] A selector that must appear before the page counts as loaded. Shelves and privacy panels are waited for anyway.
 * @param {number} [options.quietMs] The page has loaded when nothing was asked for this long.
 * @param {number} [options.timeoutMs]
 * @param {{ method: string, url: string }[]} [options.serverLog] The server's own log of requests, if it can be had: it must not grow.
 * @returns {Promise<Report>}
 */
export async function verify(
  url,
  { launch, ready, quietMs = DEFAULT_QUIET_MS, timeoutMs = DEFAULT_TIMEOUT_MS, serverLog },
) {
  const proxy = await startRecordingProxy({ ignore: (host) => host === BROWSER_ITSELF });
  let browser;
  try {
    browser = await launch({ proxy: { server: proxy.address }, args: FLAGS });
    const context = await browser.newContext();
    const page = await context.newPage();
    /** @type {Leak[]} */
    const leaks = [];
    let isLoaded = false;
    let requestsBefore = 0;
    let lastRequestMs = Date.now();
    const see = (kind, detail) => {
      lastRequestMs = Date.now();
      if (isLoaded) leaks.push({ kind, detail });
      else if (kind === 'request') requestsBefore++;
    };

    await context.exposeBinding('__inglenookVerifyNote', (_, { kind, detail }) => {
      // A hint that stands in the page from the beginning tells nothing of its reader; a connection that stays open can.
      if (kind === 'hint') see(kind, detail);
      else leaks.push({ kind, detail });
    });
    await context.addInitScript(watchPage);
    context.on('request', (request) => {
      if (/^(data|blob|about|chrome-extension):/.test(request.url())) return;
      const from = request.redirectedFrom();
      see('request', `${request.method()} ${request.url()}${from ? ` (redirected from ${from.url()})` : ''}`);
    });
    context.on('page', (popup) => see('popup', popup.url()));
    page.on('websocket', (socket) => leaks.push({ kind: 'websocket', detail: socket.url() }));

    await page.goto(url, { timeout: timeoutMs });
    if (ready) await page.locator(ready).first().waitFor({ timeout: timeoutMs });
    await elementsReady(page, timeoutMs);
    const deadline = Date.now() + timeoutMs;
    while (Date.now() - Math.max(lastRequestMs, proxy.requests.at(-1)?.atMs ?? 0) < quietMs) {
      if (Date.now() > deadline) throw new Error(`${url} was never quiet for ${quietMs} ms within ${timeoutMs} ms`);
      await page.waitForTimeout(100);
    }

    isLoaded = true;
    proxy.dropConnections();
    const seenByProxy = proxy.requests.length;
    const seenByServer = serverLog?.length ?? 0;
    const actions = await interact(page);
    await page.waitForTimeout(quietMs);
    const serviceWorkers = context.serviceWorkers().map((worker) => worker.url());
    // Many a page reports when it is left.
    await page.goto('about:blank').catch(() => {});
    await page.waitForTimeout(UNLOAD_MS);

    const network = proxy.requests.slice(seenByProxy).map(({ method, url: target }) => `${method} ${target}`);
    const server = serverLog?.slice(seenByServer).map(({ method, url: target }) => `${method} ${target}`) ?? [];
    leaks.push(
      ...network.map((detail) => ({ kind: 'network', detail })),
      ...server.map((detail) => ({ kind: 'server', detail })),
    );
    return { url, ok: leaks.length === 0, leaks, requestsBefore, actions, serviceWorkers };
  } finally {
    await browser?.close();
    await proxy.close();
  }
}

/** Waits until every element of Inglenook on the page shows something. */
async function elementsReady(page, timeoutMs) {
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll('inglenook-shelf, inglenook-privacy')].every(
        (element) => element.state !== undefined && element.state !== 'loading',
      ),
    undefined,
    { timeout: timeoutMs },
  );
}
