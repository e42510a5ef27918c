// Measures Inglenook beside what a page would use today, in one run: writes target/bench/browser.json and the tables of docs/benchmarks.md.
// usage: node scripts/bench.mjs [--gpu none|swiftshader|nvidia] [--only encode,ranking,index,start,cold,memory] [--index-rows 20000]
//        [--peers-only]
// A run of a part, or without Inglenook, writes target/bench/partial.json and leaves the document as it is.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { downloads } from '../benches/browser/downloads.mjs';
import { encode, encodeByStudent } from '../benches/browser/encoding.mjs';
import { adapterOf, environment } from '../benches/browser/environment.mjs';
import { memory } from '../benches/browser/memory.mjs';
import { rank, rankByIndex } from '../benches/browser/ranking.mjs';
import { report } from '../benches/browser/report.mjs';
import { Session } from '../benches/browser/session.mjs';
import { assembleSite } from '../benches/browser/site.mjs';
import { measureDownloads } from '../benches/browser/sizes.mjs';
import { start } from '../benches/browser/start.mjs';
import { cold, LINE } from '../benches/browser/cold.mjs';
import { launch } from './browser.mjs';
import { writeMarkedSection } from './marked-section.mjs';
import { root } from './paths.mjs';
import { serve } from './serve.mjs';

const PARTS = ['encode', 'ranking', 'index', 'start', 'cold', 'memory'];
const options = parseArgs({
  options: {
    gpu: { type: 'string', default: 'swiftshader' },
    only: { type: 'string', default: PARTS.join(',') },
    'index-rows': { type: 'string', default: '20000' },
    'peers-only': { type: 'boolean', default: false },
  },
}).values;
const parts = options.only.split(',');
const unknown = parts.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) throw new Error(`--only: expected some of ${PARTS.join(', ')}, found ${unknown.join(', ')}`);
const indexRows = Number(options['index-rows']);
if (!(Number.isInteger(indexRows) && indexRows >= 20 && indexRows <= 100_000)) {
  throw new Error(`--index-rows: expected a number from 20 to 100000, found ${options['index-rows']}`);
}
const peersOnly = options['peers-only'];
const say = (line) => console.error(line);

const folder = assembleSite({ peersOnly });
say('compressing the downloads (some minutes the first time)');
const sizes = measureDownloads(downloads({ peersOnly }));
// Our own policy forbids what peers need: hnswlib-wasm makes functions of strings, transformers.js runs its glue from a blob.
const headers = { 'content-security-policy': null };
const servers = {
  // Cross-origin isolation: Chromium's clock then ticks in 5 microseconds, not in 100, and it tells how much memory a page holds.
  isolated: await serve(folder, {
    headers: {
      ...headers,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    },
  }),
  // What a static host sends: files that may be cached.
  caching: await serve(folder, { headers: { ...headers, 'cache-control': 'max-age=3600' } }),
  slow: await serve(folder, { headers, bytesPerSecond: LINE }),
};
const browser = await launch(options.gpu);
try {
  const page = await browser.newPage();
  await page.goto(servers.isolated.url);
  const adapter = await adapterOf(page);
  await page.close();
  const surroundings = environment({ browser, adapter });
  say(`Chromium ${surroundings.chromium}, WebGPU adapter ${adapter ?? 'none'}, ${surroundings.cpu}`);

  const session = new Session({ browser, url: servers.isolated.url, adapter, peersOnly, say });
  const measure = {
    encode: async () => {
      await encode(session, 'cpu');
      await encodeByStudent(session);
      await encode(session, 'webgpu');
    },
    ranking: () => rank(session),
    index: () => rankByIndex(session, indexRows),
    start: () => start(session, servers.caching.url),
    cold: () => cold(session, servers.slow.url),
    memory: () => memory(session, () => launch('none')),
  };
  for (const part of PARTS) {
    if (!parts.includes(part)) continue;
    const from = performance.now();
    await measure[part]();
    say(`${part}: ${Math.round((performance.now() - from) / 1000)} s`);
  }

  const { rows, skipped } = session;
  const entry = { ...surroundings, downloads: sizes, skipped };
  const whole = parts.length === PARTS.length && !peersOnly;
  const result = path.join(root, 'target/bench', whole ? 'browser.json' : 'partial.json');
  fs.writeFileSync(result, `${JSON.stringify([...rows, { environment: entry }], null, 2)}\n`);
  const text = report(rows, entry);
  if (whole) await writeMarkedSection(path.join(root, 'docs/benchmarks.md'), 'bench', text);
  else console.log(text);
  say(`wrote ${path.relative(root, result)}${whole ? ' and docs/benchmarks.md' : ''}`);
} finally {
  await browser.close();
  for (const server of Object.values(servers)) await server.close();
}
