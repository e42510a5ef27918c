// The packed package, installed into empty projects of the usual kinds, built there and opened in Chromium.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launch } from '../browser/support/browser.mjs';
import { serve } from '../browser/support/server.mjs';
import { addArtifacts, assertShelfWorks, createProject, pack, quickStart } from './support/project.mjs';

let browser;
let packed;
before(async () => {
  packed = pack();
  browser = await launch('none');
});
after(() => browser?.close());

async function assertServedShelfWorks(folder) {
  addArtifacts(folder);
  const server = await serve(folder);
  try {
    await assertShelfWorks(browser, server.url);
    return server.requests.map(({ url }) => url);
  } finally {
    await server.close();
  }
}

const MAIN = '<script type="module" src="/src/main.ts"></script>';
const STRICT = {
  compilerOptions: {
    target: 'ES2022',
    module: 'ESNext',
    moduleResolution: 'bundler',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
  },
  include: ['src'],
};

describe('the tarball', () => {
  it('holds the code, its types, a README and the licenses, and nothing else', () => {
    assert.deepEqual(packed.files.filter((name) => !name.startsWith('dist/elements')).toSorted(), [
      'LICENSE-APACHE',
      'LICENSE-MIT',
      'README.md',
      'bin/inglenook-verify.mjs',
      'dist/LICENSE-idb.txt',
      'dist/client.d.ts',
      'dist/client.js',
      'dist/define.d.ts',
      'dist/define.js',
      'dist/errors.d.ts',
      'dist/inglenook.bundle.js',
      'dist/inglenook.js',
      'dist/inglenook_bg.wasm',
      'dist/inglenook_relaxed_bg.wasm',
      'dist/service-worker.js',
      'dist/types.d.ts',
      'dist/worker.js',
      'package.json',
      'verify/page-watch.mjs',
      'verify/recording-proxy.mjs',
      'verify/verify.mjs',
      'verify/visitor.mjs',
    ]);
  });
});

describe('the ten lines of the README', () => {
  const files = { 'src/main.ts': quickStart(), 'tsconfig.json': JSON.stringify(STRICT) };

  it('are ten lines', () => {
    assert.equal(quickStart().trim().split('\n').length, 10);
  });

  it('show a shelf in vite, built and in development, with types and without warnings', async () => {
    const project = createProject('vite', {
      ...packed,
      tools: ['vite', 'typescript'],
      files,
      script: MAIN,
    });
    project.run('tsc');
    project.run('vite', 'build');
    await assertServedShelfWorks(path.join(project.folder, 'dist'));

    addArtifacts(path.join(project.folder, 'public'));
    const server = spawn('node_modules/.bin/vite', ['--port', '0', '--strictPort'], { cwd: project.folder });
    try {
      const url = await new Promise((resolve, reject) => {
        let output = '';
        const read = (text) => {
          output += text;
          const found = /http:\/\/localhost:\d+\//.exec(output.replace(/\x1b\[\d+m/g, ''));
          if (found) resolve(found[0]);
        };
        server.stdout.on('data', read);
        server.stderr.on('data', read);
        server.on('exit', () => reject(new Error(`vite ended:\n${output}`)));
      });
      await assertShelfWorks(browser, url);
    } finally {
      server.kill();
    }
  });

  it('show a shelf in webpack', async () => {
    const project = createProject('webpack', {
      ...packed,
      tools: ['webpack'],
      // Without its types the example is JavaScript.
      files: { 'src/main.js': quickStart().replace("('#shelf')!", "('#shelf')"), 'build.js': WEBPACK_BUILD },
      script: '<script type="module" src="main.js"></script>',
    });
    const output = execFileSync('node', ['build.js'], { cwd: project.folder, encoding: 'utf8' });
    assert.equal(output, '');
    fs.copyFileSync(path.join(project.folder, 'index.html'), path.join(project.folder, 'dist/index.html'));
    await assertServedShelfWorks(path.join(project.folder, 'dist'));
  });

  it('show a shelf in esbuild', async () => {
    const project = createProject('esbuild', {
      ...packed,
      tools: ['esbuild'],
      files,
      script: '<script type="module" src="main.js"></script>',
    });
    project.run(
      'esbuild',
      'main=src/main.ts',
      'worker=inglenook/worker',
      '--bundle',
      '--format=esm',
      '--outdir=dist',
      '--log-level=warning',
    );
    const dist = path.join(project.folder, 'dist');
    for (const name of ['inglenook_bg.wasm', 'inglenook_relaxed_bg.wasm']) {
      fs.copyFileSync(path.join(project.folder, 'node_modules/inglenook/dist', name), path.join(dist, name));
    }
    fs.copyFileSync(path.join(project.folder, 'index.html'), path.join(dist, 'index.html'));
    await assertServedShelfWorks(dist);
  });

  it('show a shelf on a page without a bundler, from five files of the package', async () => {
    const script = quickStart()
      .replace("from 'inglenook'", "from './inglenook/inglenook.bundle.js'")
      .replace("('#shelf')!", "('#shelf')");
    const project = createProject('plain', {
      ...packed,
      files: { 'main.js': script },
      script: '<script type="module" src="main.js"></script>',
    });
    const served = path.join(project.folder, 'served');
    fs.mkdirSync(path.join(served, 'inglenook'), { recursive: true });
    for (const name of [
      'inglenook.bundle.js',
      'worker.js',
      'inglenook.js',
      'inglenook_bg.wasm',
      'inglenook_relaxed_bg.wasm',
    ]) {
      const from = path.join(project.folder, 'node_modules/inglenook/dist', name);
      fs.copyFileSync(from, path.join(served, 'inglenook', name));
    }
    for (const name of ['index.html', 'main.js']) {
      fs.copyFileSync(path.join(project.folder, name), path.join(served, name));
    }
    // The server's policy lets a page run no script but the site's own, and wasm.
    await assertServedShelfWorks(served);
  });
});

describe('the elements', () => {
  const element = '<inglenook-shelf catalog="/catalog/" model="/model/" device="cpu" k="3"></inglenook-shelf>';

  async function assertElementWorks(folder) {
    addArtifacts(folder);
    const server = await serve(folder);
    const page = await browser.newPage();
    try {
      await page.goto(server.url);
      await page.locator('inglenook-shelf .button.like').first().click();
      await page.locator('inglenook-shelf').getByText('Because you liked').first().waitFor();
    } finally {
      await page.close();
      await server.close();
    }
  }

  it('work from one import in vite, with types', async () => {
    const files = {
      'src/main.ts': `import 'inglenook/define';
const shelf = document.querySelector('inglenook-shelf')!;
shelf.addEventListener('inglenook-select', ({ recommendation, index }) => console.log(recommendation.title, index.toFixed()));
shelf.filter = { noneOf: ['Horror'] };
`,
      'tsconfig.json': JSON.stringify(STRICT),
    };
    const project = createProject('vite-elements', {
      ...packed,
      tools: ['vite', 'typescript'],
      files,
      script: element + MAIN,
    });
    project.run('tsc');
    project.run('vite', 'build');
    await assertElementWorks(path.join(project.folder, 'dist'));
  });

  it('work on a page without a bundler, under the strictest policy', async () => {
    const script = `${element}<script type="module" src="inglenook/define.js"></script>`;
    const project = createProject('plain-elements', { ...packed, script });
    const served = path.join(project.folder, 'served');
    fs.mkdirSync(path.join(served, 'inglenook'), { recursive: true });
    for (const name of ['define.js', 'elements.js', 'client.js', 'worker.js', 'inglenook.js', 'inglenook_bg.wasm']) {
      const from = path.join(project.folder, 'node_modules/inglenook/dist', name);
      fs.copyFileSync(from, path.join(served, 'inglenook', name));
    }
    fs.copyFileSync(path.join(project.folder, 'index.html'), path.join(served, 'index.html'));
    await assertElementWorks(served);
  });

  it('can be imported where there is no document', () => {
    const project = createProject('server-elements', { ...packed });
    const source = "await import('inglenook/elements'); await import('inglenook/define'); console.log('imported')";
    const output = execFileSync('node', ['--input-type=module', '-e', source], {
      cwd: project.folder,
      encoding: 'utf8',
    });
    assert.equal(output, 'imported\n');
  });
});

describe('inglenook-verify', () => {
  it('runs from the package, and says what it needs', () => {
    const project = createProject('verify', { ...packed });
    const command = path.join(project.folder, 'node_modules/.bin/inglenook-verify');
    assert.match(execFileSync(command, ['--help'], { encoding: 'utf8' }), /usage: inglenook-verify URL/);
    const { status, stderr } = spawnSync(command, ['http://localhost:1/'], { encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, /npm install --save-dev playwright-core/);
  });
});

describe('a page that imports the package and does not use it', () => {
  it('has nothing of it in its bundle', () => {
    const project = createProject('unused', {
      ...packed,
      tools: ['esbuild'],
      files: { 'src/main.js': "import { createRecommender } from 'inglenook';\nconsole.log('nothing of the kind');\n" },
    });
    const bundle = project.run('esbuild', 'src/main.js', '--bundle', '--format=esm');
    assert.ok(bundle.length < 200, bundle);
  });
});

/** What docs/integrate.md says of webpack, and an end that is silent if all is well. */
const WEBPACK_BUILD = `import webpack from 'webpack';
const compiler = webpack({
  mode: 'production',
  entry: './src/main.js',
  // The engine is larger than webpack expects of an asset.
  performance: { maxAssetSize: 2_000_000 },
});
compiler.run((error, stats) => {
  if (error) throw error;
  if (stats.hasErrors() || stats.hasWarnings()) console.log(stats.toString());
  compiler.close(() => {});
});
`;
