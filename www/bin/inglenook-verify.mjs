#!/usr/bin/env node
// Opens a page, uses it, and fails if it asks anything of the network after it has loaded.
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { verify } from '../verify/verify.mjs';

const USAGE = `usage: inglenook-verify URL... [options]

Opens each page in a browser, waits until it has loaded, types, presses its buttons, scrolls, leaves it, and fails if the page asked
anything of the network meanwhile: fetches, images, beacons, redirects, requests of workers and service workers, WebSockets,
WebRTC, names looked up ahead of time. The browser's own account and a proxy around it must both show nothing.

  --ready SELECTOR   what must appear before a page counts as loaded; shelves and privacy panels are waited for anyway
  --quiet MS         a page has loaded when nothing was asked for this long (2000)
  --timeout MS       how long loading may take (120000)
  --browser PATH     Chromium or Chrome; also taken from CHROMIUM. Without it, the one that Playwright has installed
  --json             print a report of every page as JSON

Needs playwright-core or playwright beside inglenook: npm install --save-dev playwright-core
Exits with 0 if no page leaks, 1 if one does, 2 if a page could not be checked.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ready: { type: 'string' },
    quiet: { type: 'string' },
    timeout: { type: 'string' },
    browser: { type: 'string', default: process.env.CHROMIUM },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help || positionals.length === 0) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}

/** @type {import('../verify/verify.mjs').Report[]} */
const reports = [];
try {
  const chromium = await findPlaywright();
  for (const url of positionals) {
    const report = await verify(url, {
      launch: ({ proxy, args }) =>
        chromium.launch({ proxy, args: [...args, ...sandboxFlags()], executablePath: values.browser }),
      ready: values.ready,
      ...(values.quiet && { quietMs: Number(values.quiet) }),
      ...(values.timeout && { timeoutMs: Number(values.timeout) }),
    });
    reports.push(report);
    if (!values.json) print(report);
  }
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exit(2);
}
if (values.json) console.log(JSON.stringify(reports, null, 2));
process.exit(reports.every(({ ok }) => ok) ? 0 : 1);

async function findPlaywright() {
  for (const name of ['playwright-core', 'playwright']) {
    try {
      return (await import(name)).chromium;
    } catch (error) {
      if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error('playwright-core is not installed; run: npm install --save-dev playwright-core');
}

/** Chromium refuses its sandbox to root, which is who runs in most containers. */
function sandboxFlags() {
  return process.getuid?.() === 0 && fs.existsSync('/proc/1/cgroup') ? ['--no-sandbox'] : [];
}

function print({ url, ok, leaks, requestsBefore, actions, serviceWorkers }) {
  console.log(`${ok ? 'private' : 'LEAKS'}  ${url}`);
  console.log(
    `         ${requestsBefore} requests while it loaded, ${actions} actions, ${leaks.length} signs of a leak after that`,
  );
  for (const { kind, detail } of leaks) console.log(`         ${kind.padEnd(12)} ${detail}`);
  for (const script of serviceWorkers)
    console.log(`         note: the service worker ${script} can act when the page is closed`);
}
