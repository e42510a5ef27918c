// Serves the demo on localhost and prints the addresses of its pages.
// usage: node scripts/demo.mjs [--port PORT] [--once [--gpu none|swiftshader|nvidia]]
//   --once  instead of waiting for a visitor, opens the page in headless Chromium, likes two films there, prints what it recommends
//           then, and exits
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { launch } from './browser.mjs';
import { DemoPage } from './demo-page.mjs';
import { root } from './paths.mjs';
import { serve } from './serve.mjs';

const LIKED = ['The Matrix', 'Blade Runner'];
const SHOWN = 10;
const DEFAULT_PORT = 8080;
const site = path.join(root, 'target/site');

try {
  const { once, gpu, port } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      gpu: { type: 'string', default: 'none' },
      port: { type: 'string' },
    },
  }).values;
  for (const part of [
    'index.html',
    'lib/inglenook_bg.wasm',
    'lib/inglenook_relaxed_bg.wasm',
    'model/manifest.json',
    'catalog/manifest.json',
    'recipes/catalog/manifest.json',
  ]) {
    if (!fs.existsSync(path.join(site, part)))
      throw new Error(`target/site/${part} is missing; run \`make build\` first`);
  }
  if (once) await showOnce(gpu);
  else await serveForVisitors(port);
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exit(1);
}

async function serveForVisitors(port) {
  const server = await serve(site, { port: Number(port ?? DEFAULT_PORT) }).catch((error) => {
    // Another program has the usual port: any free one will do, unless this one was asked for.
    if (port === undefined && error.code === 'EADDRINUSE') return serve(site);
    throw error;
  });
  const pages = { 'a film library': '', 'a recipe book': 'recipes.html', 'a catalog of your own': 'own.html' };
  for (const [name, page] of Object.entries(pages)) console.log(`${name.padEnd(22)} ${server.url}/${page}`);
  console.log('Ctrl-C ends it');
}

async function showOnce(gpu) {
  const server = await serve(site);
  const browser = await launch(gpu);
  try {
    const demo = new DemoPage(await browser.newPage());
    // On its own the page takes no GPU that is emulated in software; who names SwiftShader here wants to see it at work.
    await demo.open(`${server.url}/${gpu === 'swiftshader' ? '?device=webgpu' : ''}`, { timeoutMs: 300_000 });
    for (const title of LIKED) await demo.likeByName(title);
    const liked = (await demo.shelf()).reverse();
    const films = (await demo.films()).slice(0, SHOWN);
    const { backend, adapter, reason } = await demo.status();
    if (films.length < SHOWN) throw new Error(`the page shows ${films.length} films, expected at least ${SHOWN}`);
    if (demo.complaints.length > 0) throw new Error(`the page's console is not empty:\n${demo.complaints.join('\n')}`);
    console.log(`backend  ${backend}, adapter ${adapter ?? 'none'}: ${reason}`);
    console.log(`history  ${liked.map((film) => `liked ${film}`).join(', ')}\n`);
    const names = films.map(({ title, year }) => `${title} (${year})`);
    const width = Math.max(...names.map((name) => name.length));
    films.forEach(({ rank, because }, index) => {
      console.log(`${String(rank).padStart(3)}.  ${names[index].padEnd(width)}  ${because}`);
    });
  } finally {
    await browser.close();
    await server.close();
  }
}
