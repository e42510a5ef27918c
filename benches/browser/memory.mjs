// Memory: what loading, a batch of 8 x 32 tokens and a recommendation add to a page at their peak, as a multiple of the artifacts' size.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, round } from './session.mjs';
import { places } from './site.mjs';

const NAME = 'memory: load, encode 8 x 32 tokens, recommend';
const PAGES = 5;
const SAMPLE_MS = 2;
const TIMEOUT_MS = 120_000;

function directoryBytes(folder) {
  const { files } = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function filmVectorBytes() {
  const { embeddings } = JSON.parse(fs.readFileSync(path.join(places.films, 'manifest.json'), 'utf8'));
  return fs.statSync(path.join(places.films, embeddings)).size;
}

/** Bytes of its own that a process has in memory, without the pages of the browser's program file, which are everybody's. */
function ownBytes(pid) {
  let status;
  try {
    status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return 0; // it ended after it was listed
  }
  const kilobytes = (key) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return 1024 * (kilobytes('RssAnon') + kilobytes('RssShmem'));
}

/** The most that the browser's largest renderer process has of its own while `work` is under way. */
async function peakDuring(browser, work) {
  const cdp = await browser.newBrowserCDPSession();
  let peak = 0;
  let isDone = false;
  const watch = async () => {
    while (!isDone) {
      const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
      for (const { type, id } of processInfo) if (type === 'renderer') peak = Math.max(peak, ownBytes(id));
      await sleep(SAMPLE_MS);
    }
  };
  const watching = watch();
  try {
    await work();
  } finally {
    isDone = true;
    await watching;
  }
  return peak;
}

/**
 * @param {import('./session.mjs').Session} session
 * @param {() => Promise<import('playwright-core').Browser>} launch
 */
export async function memory(session, launch) {
  if (!fs.existsSync('/proc/self/status')) return session.skip(NAME, 'cpu', 'this system has no /proc to read it from');
  const measureOnce = async (address) => {
    // A browser of its own: its other renderers are blank, so that the largest is the one in question.
    const browser = await launch();
    try {
      const page = await browser.newPage();
      let found;
      const peak_bytes = await peakDuring(browser, async () => {
        await page.goto(`${session.url}/memory.html?${address}`);
        const measured = await page.waitForFunction(() => window.measured, null, { timeout: TIMEOUT_MS });
        found = await measured.jsonValue();
      });
      return { ...found, peak_bytes };
    } finally {
      await browser.close();
    }
  };
  /** The median peak of some fresh pages. */
  const measure = async (address) => {
    const peaks = [];
    for (let page = 0; page < PAGES; page++) peaks.push((await measureOnce(address)).peak_bytes);
    return median(peaks);
  };
  const sides = {
    ...(!session.peersOnly && {
      'side=inglenook': ['Inglenook', () => directoryBytes(places.ourModel) + directoryBytes(places.films)],
      'side=inglenook&model=shipped': [
        'Inglenook, shipped model',
        () => directoryBytes(places.shippedModel) + directoryBytes(places.films),
      ],
    }),
    'side=onnxruntime': [
      'onnxruntime-web 1.30 q8 and plain JavaScript',
      () => fs.statSync(path.join(places.peerModels, 'q8.onnx')).size + filmVectorBytes(),
    ],
  };
  try {
    const blank = await measure('side=nothing');
    for (const [address, [subject, artifactBytes]] of Object.entries(sides)) {
      const bytes = artifactBytes();
      const peak = (await measure(address)) - blank;
      session.addMemory({
        name: NAME,
        device: 'cpu',
        subject,
        artifact_bytes: bytes,
        peak_bytes: peak,
        factor: round(peak / bytes),
        ...(address === 'side=inglenook' && { wasm_bytes: (await measureOnce('side=module')).wasm_bytes }),
      });
    }
  } catch (error) {
    session.skip(NAME, 'cpu', error);
  }
}
