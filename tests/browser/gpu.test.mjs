// The client on WebGPU (SwiftShader, Chromium's software GPU), in the worker that all tabs share; and what becomes of it when the GPU is lost.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch } from './support/browser.mjs';
import { openClient, withSite } from './support/client-page.mjs';

let browser;
before(async () => (browser = await launch('swiftshader')));
after(() => browser?.close());

/** In the worker: keeps the device that the engine opens, and destroys it when a page says so. */
const LOSABLE = `
  const { requestDevice } = GPUAdapter.prototype;
  let device;
  GPUAdapter.prototype.requestDevice = async function (...options) {
    return (device = await requestDevice.apply(this, options));
  };
  new BroadcastChannel('lose the GPU').onmessage = () => device.destroy();
`;
const alter = (pathname, reply) =>
  pathname === '/lib/worker.js' ? { ...reply, body: Buffer.concat([Buffer.from(LOSABLE), reply.body]) } : reply;

describe('on WebGPU', () => {
  it('a shared worker serves, and goes on with the CPU when the device is lost', () =>
    withSite(browser, { alter }, async (server, context) => {
      const page = await openClient(context, server);
      const { before, lost, told, lists } = await page.evaluate(async () => {
        const told = [];
        const recommender = await load({ device: 'webgpu', onStatus: ({ reason }) => told.push(reason) });
        const before = recommender.status();
        const first = await recommender.search('robots', { k: 5 });
        new BroadcastChannel('lose the GPU').postMessage(null);
        await new Promise((resolve) => setTimeout(resolve, 500));
        const second = await recommender.search('robots on the moon', { k: 5 });
        const third = await recommender.search('robots', { k: 5 });
        return {
          before,
          lost: recommender.status(),
          told,
          lists: [first, third].map((list) => list.map(({ id }) => id)).concat([second.length]),
        };
      });
      assert.equal(before.isShared, true);
      assert.equal(before.backend, 'webgpu');
      assert.match(before.adapter, /swiftshader/i);
      assert.equal(lost.backend, 'cpu');
      assert.ok(told.length > 0 && told.at(-1) === lost.reason, JSON.stringify(told));
      assert.deepEqual(lists[1], lists[0]);
      assert.equal(lists[2], 5);
    }));
});
