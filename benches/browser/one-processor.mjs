// Keeps a browser's pages to one processor. Sides that are compared run in threads of their own: on a shared machine one processor may be half
// as fast as another for seconds, and a side would win by where its thread happens to be.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

/** @param {import('playwright-core').Browser} browser  all of its pages that are open, and all threads that they start from then on */
export async function keepToOneProcessor(browser) {
  if (process.platform !== 'linux') return;
  const [, first] = /^Cpus_allowed_list:\s*(\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'));
  const cdp = await browser.newBrowserCDPSession();
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
  for (const { type, id } of processInfo) {
    if (type === 'renderer') execFileSync('taskset', ['-acp', first, String(id)], { stdio: 'ignore' });
  }
  await cdp.detach();
}
