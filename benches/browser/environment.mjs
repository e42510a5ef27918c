// Where and when the figures were taken: without it they mean nothing.
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { root } from '../../scripts/paths.mjs';

/** The WebGPU adapter of a page, as vendor/architecture, or null. */
export async function adapterOf(page) {
  return page.evaluate(async () => {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
    return adapter ? [adapter.info.vendor, adapter.info.architecture].filter(Boolean).join('/') : null;
  });
}

function commit() {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    return git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain') ? ' with local changes' : '');
  } catch {
    return null; // a source archive, or nothing committed yet
  }
}

export function environment({ browser, adapter }) {
  const [cpu] = os.cpus();
  return {
    cpu: cpu.model.trim(),
    cores: os.cpus().length,
    load_1m: Number(os.loadavg()[0].toFixed(1)),
    chromium: browser.version(),
    adapter,
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
  };
}
