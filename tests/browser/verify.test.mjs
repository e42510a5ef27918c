// inglenook-verify must let every page of ours pass, and fail on each way to leak that is planted in tests/browser/pages/leaks.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { verify } from '../../www/verify/verify.mjs';
import { root } from '../../scripts/paths.mjs';
import { launch } from './support/browser.mjs';
import { servePages } from './support/elements.mjs';
import { CONTENT_SECURITY_POLICY, serve, SITE } from './support/server.mjs';

const start = (options) => launch('none', options);
const kinds = ({ leaks }) => [...new Set(leaks.map(({ kind }) => kind))].sort();

describe('docs/privacy.md', () => {
  it('states the policy that everything here is served with', () => {
    const text = fs.readFileSync(path.join(root, 'docs/privacy.md'), 'utf8');
    assert.ok(text.includes(`\n${CONTENT_SECURITY_POLICY}\n`), CONTENT_SECURITY_POLICY);
  });
});

describe('inglenook-verify', () => {
  let leaks, elements, site;
  before(async () => {
    leaks = await servePages('leaks', {
      alter: (pathname, reply) =>
        pathname === '/bounce'
          ? {
              status: 302,
              body: Buffer.alloc(0),
              headers: { location: `http://127.0.0.1:${new URL(site.url).port}/collect` },
            }
          : reply,
    });
    elements = await servePages('elements');
    site = await serve(SITE);
  });
  after(async () => {
    await leaks?.close();
    await elements?.close();
    await site?.close();
  });

  /** Each way to leak, and who must have seen it. */
  const planted = [
    ['image', ['network', 'request', 'server'], /pixel\.png\?Like/],
    ['beacon', ['network', 'request', 'server'], /POST .*collect/],
    ['fetch', ['network', 'request', 'server'], /collect\?/],
    ['redirect', ['network', 'request', 'server'], /bounce\?/],
    ['webrtc', ['webrtc'], /stun:localhost/],
    ['farewell', ['network', 'server'], /POST .*collect/],
    ['service-worker', ['network', 'server'], /collect\?/],
    ['hint', ['hint'], /dns-prefetch/],
  ];
  for (const [name, seenBy, detail] of planted) {
    it(`fails on a page that leaks by ${name}`, async () => {
      const report = await verify(`${leaks.url}/leak.html?leak=${name}`, {
        launch: start,
        quietMs: 1000,
        serverLog: leaks.requests,
      });
      assert.equal(report.ok, false);
      for (const kind of seenBy)
        assert.ok(kinds(report).includes(kind), `${kind} saw nothing: ${JSON.stringify(report.leaks)}`);
      assert.match(report.leaks.map((leak) => leak.detail).join('\n'), detail);
    });
  }

  for (const [name, address, server] of [
    ['the same page without a leak', '/honest.html', () => leaks],
    ['a page with a shelf', '/', () => elements],
    ['a page with a privacy panel', '/panel.html', () => elements],
    ['the film library', '/', () => site],
    ['the recipe book', '/recipes.html', () => site],
    ['a catalog of the visitor', '/own.html', () => site],
  ]) {
    it(`passes ${name}`, async () => {
      const { url, requests } = server();
      const report = await verify(url + address, {
        launch: start,
        serverLog: requests,
        ready: 'body:not([data-state="loading"])',
      });
      assert.deepEqual(report.leaks, []);
      assert.ok(report.requestsBefore >= 5, 'the page should have been seen to load');
      assert.ok(report.actions >= 8, `the page should have been used, but only ${report.actions} things were done`);
    });
  }

  it('says what it found, and exits with 1, as a command', async () => {
    const run = (...parameters) =>
      new Promise((resolve) => {
        const command = path.join(root, 'www/bin/inglenook-verify.mjs');
        const env = { ...process.env, CHROMIUM: process.env.CHROMIUM ?? '/usr/bin/chromium' };
        execFile(process.execPath, [command, ...parameters], { env }, (error, stdout, stderr) =>
          resolve({ code: error?.code ?? 0, stdout, stderr }),
        );
      });
    const private_ = await run(`${leaks.url}/honest.html`);
    assert.deepEqual([private_.code, private_.stdout.split(' ')[0]], [0, 'private'], private_.stdout + private_.stderr);
    const leaky = await run(`${leaks.url}/leak.html?leak=beacon`, '--json');
    assert.equal(leaky.code, 1, leaky.stderr);
    assert.equal(JSON.parse(leaky.stdout)[0].ok, false);
    assert.equal((await run()).code, 2);
    assert.equal((await run('http://localhost:1/')).code, 2);
  });
});
