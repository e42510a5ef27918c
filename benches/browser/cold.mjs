// A first visit over a slow line: until there is a shelf at all, and until there is one for words, ours beside transformers.js, on the CPU.
import { median } from './session.mjs';

const PEER = 'transformers.js 4.3.0, q8';
const VISITS = 3;
const TIMEOUT_MS = 300_000;

/** Bytes a second: 10 Mbit/s. */
export const LINE = 1_250_000;

/** @param {import('./session.mjs').Session} session @param {string} url  a server with a line of {@link LINE} */
export async function cold(session, url) {
  const sides = [...(session.peersOnly ? [] : ['inglenook']), 'transformers'];
  const samples = Object.fromEntries(sides.map((side) => [side, []]));
  const visit = async (side) => {
    // A private window: nothing is cached.
    const context = await session.browser.newContext();
    try {
      const page = await context.newPage();
      await page.goto(`${url}/start.html?side=${side}&model=shipped&cold`);
      const measured = await page.waitForFunction(() => window.measured, null, { timeout: TIMEOUT_MS });
      return await measured.jsonValue();
    } finally {
      await context.close();
    }
  };
  try {
    for (let i = 0; i < VISITS; i++) for (const side of sides) samples[side].push(await visit(side));
  } catch (error) {
    session.skip('first visit over 10 Mbit/s', 'cpu', error);
    return;
  }
  const ms = (side, which) => samples[side] && median(samples[side].map((sample) => sample[which]));
  for (const [name, which] of [
    ['first visit over 10 Mbit/s: to a first shelf', 'shelfMs'],
    ['first visit over 10 Mbit/s: to a shelf for words', 'ms'],
  ]) {
    const ours = ms('inglenook', which);
    session.add({
      name,
      device: 'cpu',
      // What the line can have carried by then.
      ...(ours && { note: `Inglenook: after at most ${Math.round((ours * LINE) / 1e6)} kB` }),
      ours_ms: ours,
      peer: PEER,
      peer_ms: ms('transformers', which),
      runs: VISITS,
    });
  }
}
