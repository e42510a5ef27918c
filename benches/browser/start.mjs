// Start: from cached files to the first recommendation for a query in words, ours beside transformers.js, on the CPU: with the same model, and with
// the one that is shipped.
import { launchProfile } from './profile.mjs';
import { median } from './session.mjs';

const NAME = 'start: from cached files to the first recommendation';
const SIDES = {
  inglenook: { name: NAME, address: 'side=inglenook' },
  shipped: { name: `${NAME}, shipped model`, address: 'side=inglenook&model=shipped' },
  transformers: { address: 'side=transformers' },
};
const PEER = 'transformers.js 4.3.0, q8';
const PAGES = 11;
/** The browser keeps compiled code from the second visit on, and writes it when the page has come to rest. */
const VISITS_BEFORE = 3;
const REST_MS = 3_000;
const TIMEOUT_MS = 120_000;

/** @param {import('./session.mjs').Session} session @param {string} url  a server that lets files be cached */
export async function start(session, url) {
  const profile = await launchProfile(session.browser);
  const sides = Object.keys(SIDES).filter((side) => !session.peersOnly || side === 'transformers');
  const visit = async (side, restMs) => {
    const page = await profile.context.newPage();
    try {
      await page.goto(`${url}/start.html?${SIDES[side].address}`);
      const measured = await page.waitForFunction(() => window.measured, null, { timeout: TIMEOUT_MS });
      const result = await measured.jsonValue();
      await page.waitForTimeout(restMs);
      return result;
    } finally {
      await page.close();
    }
  };
  try {
    const samples = Object.fromEntries(sides.map((side) => [side, []]));
    for (let i = 0; i < VISITS_BEFORE; i++) {
      for (const side of sides) {
        const { ms, first } = await visit(side, REST_MS);
        if (i === 0) session.say(`${side}: first visit ${Math.round(ms)} ms, finds ${first}`);
      }
    }
    // In turns, so that a machine that slows down half-way slows both down alike.
    for (let i = 0; i < PAGES; i++) for (const side of sides) samples[side].push((await visit(side, 0)).ms);
    for (const side of session.peersOnly ? ['inglenook'] : ['inglenook', 'shipped']) {
      session.add({
        name: SIDES[side].name,
        device: 'cpu',
        ours_ms: samples[side] && median(samples[side]),
        peer: PEER,
        peer_ms: median(samples.transformers),
        runs: PAGES,
      });
    }
  } catch (error) {
    session.skip(NAME, 'cpu', error);
  } finally {
    await profile.close();
  }
}
