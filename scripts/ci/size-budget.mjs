// Holds the shipped files to their size budgets (size-budget.json, in bytes): fails where one is over, naming what was found and allowed.
// usage: node scripts/ci/size-budget.mjs [--write]      (--write: also update the table in docs/benchmarks.md)
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { brotliBytes } from '../brotli.mjs';
import { writeMarkedSection } from '../marked-section.mjs';
import { dist, root } from '../paths.mjs';

const { write } = parseArgs({ options: { write: { type: 'boolean', default: false } } }).values;
const budgets = JSON.parse(fs.readFileSync(new URL('size-budget.json', import.meta.url), 'utf8'));

const sizes = Object.entries(budgets).map(([name, allowed]) => {
  const file = path.join(dist, name);
  if (!fs.existsSync(file)) throw new Error(`${file} is missing; build it with \`make build\``);
  return { name, allowed, found: { raw: fs.statSync(file).size, brotli: brotliBytes(file) } };
});

const bytes = (count) => count.toLocaleString('en');
const table = [
  '| file | raw, bytes | allowed | brotli, bytes | allowed |',
  '| --- | ---: | ---: | ---: | ---: |',
  ...sizes.map(
    ({ name, found, allowed }) =>
      `| ${[name, ...['raw', 'brotli'].flatMap((kind) => [bytes(found[kind]), bytes(allowed[kind])])].join(' | ')} |`,
  ),
].join('\n');
console.log(table);
if (write) await writeMarkedSection(path.join(root, 'docs/benchmarks.md'), 'size', table);

for (const { name, found, allowed } of sizes) {
  for (const kind of ['raw', 'brotli']) {
    if (found[kind] <= allowed[kind]) continue;
    console.error(
      `error: ${name}: found ${bytes(found[kind])} bytes ${kind}, allowed ${bytes(allowed[kind])}; ` +
        'make it smaller, or raise scripts/ci/size-budget.json with the reason in the same change',
    );
    process.exitCode = 1;
  }
}
