// A browser with a profile on disk, as a returning visitor has: what was downloaded and compiled before is cached. The contexts that
// Playwright makes are private windows, whose cache lies in memory and refuses files of some megabytes.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];

/**
 * @param {import('playwright-core').Browser} browser  the one to start another of
 * @returns {Promise<{ context: import('playwright-core').BrowserContext, close(): Promise<void> }>}
 */
export async function launchProfile(browser) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inglenook-profile-'));
  const executablePath = path.resolve(process.env.CHROMIUM ?? '/usr/bin/chromium');
  const context = await browser.browserType().launchPersistentContext(folder, { executablePath, args: FLAGS });
  return {
    context,
    async close() {
      await context.close();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
