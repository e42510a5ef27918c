// Measures Inglenook beside what a page would use today, in one run of one browser: writes target/bench/browser.json and the tables of
// docs/benchmarks.md.
// usage: node scripts/bench.mjs [--gpu none|swiftshader|nvidia]
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { compare } from '../benches/browser/comparison.mjs';
import { adapterOf, environment } from '../benches/browser/environment.mjs';
import { report } from '../benches/browser/report.mjs';
import { assembleSite, downloads } from '../benches/browser/site.mjs';
import { measureDownloads } from '../benches/browser/sizes.mjs';
import { launch } from './browser.mjs';
import { writeMarkedSection } from './marked-section.mjs';
import { root } from './paths.mjs';
import { serve } from './serve.mjs';

const { gpu } = parseArgs({ options: { gpu: { type: 'string', default: 'swiftshader' } } }).values;
const say = (line) => console.error(line);

const site = assembleSite();
say('compressing the downloads (some minutes the first time)');
const sizes = measureDownloads(downloads());
const server = await serve(site.folder, {
  // Cross-origin isolation: Chromium's clock then ticks in 5 microseconds, not in 100.
  headers: {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  },
});
const browser = await launch(gpu);
try {
  const page = await browser.newPage();
  await page.goto(server.url);
  const adapter = await adapterOf(page);
  await page.close();
  const surroundings = environment({ browser, adapter });
  say(`Chromium ${surroundings.chromium}, WebGPU adapter ${adapter ?? 'none'}, ${surroundings.cpu}`);
  const softwareGpu = /swiftshader/.test(adapter ?? '');
  const { rows, skipped } = await compare({
    browser,
    url: server.url,
    softwareGpu,
    adapter,
    hasCatalog: site.hasCatalog,
    say,
  });
  const entry = { ...surroundings, downloads: sizes, skipped };
  const result = path.join(root, 'target/bench/browser.json');
  fs.writeFileSync(result, `${JSON.stringify([...rows, { environment: entry }], null, 2)}\n`);
  await writeMarkedSection(path.join(root, 'docs/benchmarks.md'), 'bench', report(rows, entry));
  say(`wrote ${path.relative(root, result)} and docs/benchmarks.md`);
} finally {
  await browser.close();
  await server.close();
}
