// The engine in a module worker of a fresh browser, without the client around it: for tests of what it computes.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { adapterOf } from '../../../benches/browser/environment.mjs';
import { catalogs, dist, models, root } from '../../../scripts/paths.mjs';
import { launch } from './browser.mjs';
import { serve } from './server.mjs';

function assembleSite(made) {
  const site = path.join(root, 'target/test-sites/engine');
  fs.rmSync(site, { recursive: true, force: true });
  fs.cpSync(path.join(root, 'tests/browser/pages/engine'), site, { recursive: true });
  fs.copyFileSync(path.join(root, 'benches/browser/page/fetch-directory.js'), path.join(site, 'fetch-directory.js'));
  const links = [['lib', dist], ['models', models], ['catalogs', catalogs], ...(made ? [['made', made]] : [])];
  for (const [name, folder] of links) {
    assert.ok(fs.existsSync(folder), `${folder} is missing; make it with \`make build\``);
    fs.symlinkSync(folder, path.join(site, name));
  }
  return site;
}

/** The module that Chromium takes, and the one for browsers without relaxed SIMD. */
export const RELAXED = 'inglenook_relaxed_bg.wasm';
export const PLAIN = 'inglenook_bg.wasm';

/**
 * Loads a model, by its name or from the folder that an absolute path names, and, if one is named, a catalog on the device, and hands `work` the engine's status, with the adapter as the page itself
 * sees it, and a function that calls the worker's methods: `encode(texts)` and `recommend(history, request, query?)`. `alter` damages answers of
 * the server.
 */
export async function withEngine({ model, catalog, device, browser: kind, alter, module = RELAXED }, work) {
  const isMade = path.isAbsolute(model);
  const server = await serve(assembleSite(isMade && model), { alter });
  const browser = await launch(kind);
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await page.goto(server.url);
    await page.waitForFunction(() => window.call);
    const call = (method, ...args) => page.evaluate(([m, a]) => window.call(m, ...a), [method, args]);
    const status = await call(
      'load',
      isMade ? '/made' : `/models/${model}`,
      catalog && `/catalogs/${catalog}`,
      device,
      module,
    );
    await work({ ...status, pageAdapter: await adapterOf(page) }, call);
  } finally {
    await browser.close();
    await server.close();
  }
}
