// The types are what the engine really gives: everything that it answers is written into a file of TypeScript, which must compile.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { root } from '../../scripts/paths.mjs';
import { launch } from './support/browser.mjs';
import { openClient, withSite } from './support/client-page.mjs';

let browser;
before(async () => (browser = await launch('none')));
after(() => browser?.close());

/** Real values by the names of their types. */
const answers = () =>
  withSite(browser, {}, async (server, context) =>
    (await openClient(context, server)).evaluate(async () => {
      const progress = [];
      const encoding = [];
      const recommender = await load({ onProgress: (event) => progress.push(event) });
      await recommender.record({ itemId: '2571', kind: 'like' });
      await recommender.record({ itemId: '541', kind: 'dislike' });
      await recommender.addItems([{ id: 'mine', text: 'Mine', url: '/mine', image: '/mine.png' }], {
        onProgress: (event) => encoding.push(event),
      });
      return {
        'Recommendation[]': await recommender.recommend({ query: 'robots', k: 3 }),
        Recommendation: await recommender.explain('mine', { query: 'robots' }),
        '(Item | null)[]': await recommender.items(['mine', 'nobody']),
        'ProfileEntry[]': await recommender.profile.get(),
        ProfileDocument: await recommender.profile.export(),
        Status: recommender.status(),
        CacheInfo: await cacheInfo(),
        'ProgressEvent[]': progress,
        'EncodeEvent[]': encoding,
      };
    }),
  );

it('every answer has the type that it is declared with, and nothing beyond it', async () => {
  const folder = path.join(root, 'target/test-sites/types');
  fs.mkdirSync(folder, { recursive: true });
  const types = ['Recommendation', 'Item', 'ProfileEntry', 'ProfileDocument', 'Status', 'CacheInfo', 'ProgressEvent'];
  const found = Object.entries(await answers());
  const code = [
    `import type { ${[...types, 'EncodeEvent'].join(', ')} } from '${path.join(root, 'www/dist/client.js')}';`,
    // Written out as literals, so that a field too many is an error as well as one too few.
    ...found.map(([type, value], index) => `export const value${index}: ${type} = ${JSON.stringify(value, null, 1)};`),
  ].join('\n');
  fs.writeFileSync(path.join(folder, 'answers.ts'), code);
  const tsc = path.join(root, 'www/node_modules/.bin/tsc');
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', 'esnext', '--target', 'es2022'];
  const output = await Promise.resolve()
    .then(() =>
      execFileSync(tsc, [...options, '--moduleResolution', 'bundler', '--types', '', 'answers.ts'], { cwd: folder }),
    )
    .catch(({ stdout }) => String(stdout));
  assert.equal(String(output), '');
});
