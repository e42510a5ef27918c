// Starts headless Chromium with a stated kind of WebGPU behind it.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(new URL('../www/package.json', import.meta.url));

const GPU_FLAGS = {
  none: ['--disable-gpu'],
  // A software Vulkan that Chromium brings along: complete and correct, and very slow.
  swiftshader: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'],
  // Without --use-angle=vulkan Chromium silently takes SwiftShader: always look at the adapter's name.
  nvidia: [
    '--enable-unsafe-webgpu',
    '--use-vulkan=native',
    '--use-angle=vulkan',
    '--disable-vulkan-surface',
    '--enable-features=Vulkan',
    '--ignore-gpu-blocklist',
    '--disable-gpu-sandbox',
  ],
};

const QUIET_FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * @param {'none' | 'swiftshader' | 'nvidia'} gpu
 * @param {import('playwright-core').LaunchOptions} [options] More options; `args` are added to those here.
 * @returns {Promise<import('playwright-core').Browser>}
 */
export async function launch(gpu = 'none', { args = [], ...options } = {}) {
  const flags = GPU_FLAGS[gpu];
  if (!flags) throw new Error(`unknown GPU "${gpu}"; expected one of ${Object.keys(GPU_FLAGS).join(', ')}`);
  const executablePath = path.resolve(process.env.CHROMIUM ?? '/usr/bin/chromium');
  if (!fs.existsSync(executablePath)) {
    throw new Error(
      `no browser at ${executablePath}; run scripts/setup/browser.sh or set CHROMIUM to a Chromium binary`,
    );
  }
  // A relocated Chromium keeps its shared libraries in lib/ beside the binary.
  const libraries = path.join(path.dirname(executablePath), 'lib');
  const libraryPath = [fs.existsSync(libraries) ? libraries : '', process.env.LD_LIBRARY_PATH ?? ''].filter(Boolean);
  const { chromium } = require('playwright-core');
  return chromium.launch({
    ...options,
    executablePath,
    args: [...QUIET_FLAGS, ...flags, ...args],
    env: { ...process.env, ...(libraryPath.length > 0 && { LD_LIBRARY_PATH: libraryPath.join(':') }) },
  });
}
