// Start: from cached files to the first recommendation for a query in words, ours beside transformers.js, on the CPU.
import { launchProfile } from './profile.mjs';
import { median } from './session.mjs';

const NAME = 'start: from cached files to the first recommendation';
const PEER = 'transformers.js 4.3.0, q8';
const PAGES = 11;
/** The browser keeps compiled code from the second visit on, and writes it when the page has come to rest. */
const VISITS_BEFORE = 3;
const REST_MS = 3_000;
const TIMEOUT_MS = 120_000;

/** @param {import('./session.mjs').Session} session @param {string} url  a server that lets files be cached */
export async function start(session, url) {
  const profile = await launchProfile(session.browser);
  const sides = [...(session.peersOnly ? [] : ['inglenook']), 'transformers'];
  const visit = async (side, restMs) => {
    const page = await profile.context.newPage();
    try {
      await page.goto(`${url}/start.html?side=${side}`);
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
    session.add({
      name: NAME,
      device: 'cpu',
      ours_ms: samples.inglenook && median(samples.inglenook),
      peer: PEER,
      peer_ms: median(samples.transformers),
      runs: PAGES,
    });
  } catch (error) {
    session.skip(NAME, 'cpu', error);
  } finally {
    await profile.close();
  }
}
