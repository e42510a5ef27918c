// Empty projects into which the packed package is installed, as somebody does who tries it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { cache, root } from '../../../scripts/paths.mjs';
import { SITE } from '../../browser/support/server.mjs';

const PROJECTS = path.join(root, 'target/test-sites/packaging');

/** What somebody gets who installs the newest of everything; pinned, so that a test fails for our reasons only. */
const TOOLS = {
  vite: 'vite@8.3.8',
  webpack: 'webpack@5.112.2',
  esbuild: 'esbuild@0.28.2',
  typescript: 'typescript@7.0.2',
};

function runIn(folder, command, args) {
  return execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
}

/** The tarball that `npm pack` makes of the built package. */
export function pack() {
  fs.mkdirSync(PROJECTS, { recursive: true });
  const output = runIn(path.join(root, 'www'), 'npm', ['pack', '--json', '--pack-destination', PROJECTS]);
  const [{ filename, files }] = JSON.parse(output.slice(output.indexOf('[\n')));
  return { tarball: path.join(PROJECTS, filename), files: files.map(({ path: name }) => name) };
}

/** The ten lines of the package's README. */
export function quickStart() {
  const readme = fs.readFileSync(path.join(root, 'www/README.md'), 'utf8');
  const [, code] = /```ts\n(.*?)```/s.exec(readme) ?? assert.fail('the README has no example in TypeScript');
  return code;
}

const PAGE = (script) => `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><link rel="icon" href="data:," /><title>Empty project</title></head>
  <body><div id="shelf"></div>${script}</body>
</html>
`;

/** A new folder with a page that has `script` in its body, and with the package and these tools installed. */
export function createProject(name, { tarball, tools = [], files = {}, script = '' }) {
  const folder = path.join(PROJECTS, name);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }));
  fs.writeFileSync(path.join(folder, 'index.html'), PAGE(script));
  for (const [file, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), content);
  }
  const options = ['--no-audit', '--no-fund', '--prefer-offline', '--cache', path.join(cache, 'npm-cache')];
  runIn(folder, 'npm', ['install', ...options, tarball, ...tools.map((tool) => TOOLS[tool])]);
  return {
    folder,
    /** Runs an installed tool; fails on warnings as well as on errors. */
    run(tool, ...args) {
      const output = runIn(folder, path.join(folder, 'node_modules/.bin', tool), args);
      assert.doesNotMatch(output, /warn/i, `${tool} is not silent:\n${output}`);
      return output;
    },
  };
}

/** Puts model and catalog into a folder that is served. */
export function addArtifacts(folder) {
  for (const name of ['model', 'catalog']) {
    fs.rmSync(path.join(folder, name), { recursive: true, force: true });
    fs.cpSync(path.join(SITE, name), path.join(folder, name), { recursive: true });
  }
}

/** Opens a page that shows the README's shelf, uses it, and asserts that nothing is amiss. */
export async function assertShelfWorks(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  try {
    await page.goto(url);
    await page.locator('#shelf button').nth(5).waitFor({ timeout: 60_000 });
    assert.equal(await page.locator('#shelf button').count(), 6);
    await page.locator('#shelf button').first().click();
    await page.reload();
    await page.locator('#shelf button').nth(5).waitFor({ timeout: 60_000 });
    // Chromium says so of its own accord where there is no GPU.
    assert.deepEqual(
      complaints.filter((text) => text !== 'No available adapters.'),
      [],
    );
  } catch (error) {
    throw new Error(`${error.message}\nThe console said: ${complaints.join('\n')}`, { cause: error });
  } finally {
    await context.close();
  }
}
