// What is compared, and how often: runs every case in the browser and returns the rows of the result.
const ENCODER = { ours: './inglenook-encoder.js', peer: './onnxruntime-encoder.js' };
const DIMENSIONS = 384;
const TOP = 20;

const SHAPES = [
  { rows: 1, tokens: 16 },
  { rows: 1, tokens: 32 },
  { rows: 1, tokens: 128 },
  { rows: 8, tokens: 32 },
  { rows: 32, tokens: 128 },
];
const CATALOGS = [
  { name: '10k', rows: 10_000 },
  { name: '100k', rows: 100_000 },
  { name: '1m', rows: 1_000_000 },
];
const PLAIN = [
  { method: 'sort', peer: 'plain JavaScript: loop and sort' },
  { method: 'careful', peer: 'plain JavaScript: unrolled loop and short list' },
];

const STEADY = { warmUpMs: 4_000, runs: 25, minRuns: 3, limitMs: 30_000 };
/** A software GPU is good for whether it works; its times say little, so few are taken. */
const SOFTWARE_GPU = { warmUpMs: 0, runs: 5, minRuns: 1, limitMs: 30_000 };
const STARTS = 3;

/** Embeddings of the same text by both sides: both carry int8 weights, so they agree closely but not exactly. */
const LOWEST_COSINE = 0.97;

/**
 * @param {object} setting
 * @param {import('playwright-core').Browser} setting.browser
 * @param {string} setting.url  where the benchmark page is served
 * @param {boolean} setting.softwareGpu
 * @param {string | null} setting.adapter  null: no WebGPU here
 * @param {(name: string) => boolean} setting.hasCatalog
 * @param {(line: string) => void} setting.say
 */
export async function compare({ browser, url, softwareGpu, adapter, hasCatalog, say }) {
  const rows = [];
  const skipped = [];

  const add = (name, device, peer, { ours_ms, peer_ms, runs, ...rest }) => {
    const ratio = peer_ms / ours_ms;
    rows.push({ name, device, ours_ms: round(ours_ms), peer, peer_ms: round(peer_ms), ratio: round(ratio), runs });
    const agreement = rest.lowest_cosine ? `, lowest cosine ${rest.lowest_cosine.toFixed(4)}` : '';
    say(
      `${name}, ${device}: ratio ${round(ratio)} (${round(ours_ms)} ms; ${peer} ${round(peer_ms)} ms; ${runs} runs${agreement})`,
    );
  };
  const skip = (name, device, error) => {
    const reason = typeof error === 'string' ? error : error.message.split('\n')[0].replace(/^page\.evaluate: /, '');
    skipped.push({ name, device, reason });
    say(`${name}, ${device}: no figure: ${reason}`);
  };
  /** A page of its own, so that nothing is warm at its start and one that runs out of memory takes no other case with it. */
  const onFreshPage = async (name, device, work) => {
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      const crashed = new Promise((_, reject) =>
        page.on('crash', () => reject(new Error('the page ran out of memory'))),
      );
      crashed.catch(() => {});
      await page.goto(url);
      await page.waitForFunction(() => window.bench);
      const call = (method, ...args) =>
        Promise.race([page.evaluate(([m, a]) => window.bench[m](...a), [method, args]), crashed]);
      await work(call);
    } catch (error) {
      skip(name, device, error);
    } finally {
      await context.close();
    }
  };

  const encode = async (device) => {
    const software = device === 'webgpu' && softwareGpu;
    const shapes = software ? SHAPES.slice(0, 2) : SHAPES;
    const starts = software ? 1 : STARTS;
    const peer = 'onnxruntime-web 1.30';
    const ready = { ours: [], peer: [] };
    const first = { ours: [], peer: [] };
    for (let i = 0; i < starts; i++) {
      await onFreshPage('start', device, async (call) => {
        for (const side of ['ours', 'peer']) {
          ready[side].push((await call('start', side, ENCODER[side], { device })).ms);
          first[side].push(await call('once', side, SHAPES[0]));
          await call('stop', side);
        }
      });
    }
    if (ready.peer.length > 0) {
      const runs = ready.peer.length;
      const medians = (samples) => ({ ours_ms: median(samples.ours), peer_ms: median(samples.peer), runs });
      add('start: from nothing to ready', device, peer, medians(ready));
      add('first encode after it, 1 x 16 tokens', device, peer, medians(first));
    }
    await onFreshPage('encode', device, async (call) => {
      await call('start', 'ours', ENCODER.ours, { device });
      await call('start', 'peer', ENCODER.peer, { device });
      for (const shape of shapes) {
        const name = `encode ${shape.rows} x ${shape.tokens} tokens`;
        const limits = { ...(software ? SOFTWARE_GPU : STEADY), dimensions: DIMENSIONS };
        const result = await call('compare', 'ours', 'peer', shape, limits);
        if (!(result.lowest_cosine >= LOWEST_COSINE)) {
          throw new Error(
            `${name}: expected the two embeddings of a text to agree (cosine >= ${LOWEST_COSINE}), found ${result.lowest_cosine}; ` +
              'a time for a different result means nothing',
          );
        }
        add(name, device, peer, result);
      }
    });
  };

  const rank = async (catalog) => {
    const name = `rank ${catalog.rows.toLocaleString('en')} x ${DIMENSIONS}, top ${TOP}`;
    if (!hasCatalog(catalog.name)) {
      return skip(name, 'cpu', `no synthetic catalog in target/bench/synthetic/${catalog.name}`);
    }
    await onFreshPage(name, 'cpu', async (call) => {
      const size = { rows: catalog.rows, dimensions: DIMENSIONS };
      await call('start', 'ours', './inglenook-ranking.js', { catalog: `/synthetic/${catalog.name}`, ...size });
      await call('start', 'peer', './plain-ranking.js', size);
      for (const { method, peer } of PLAIN) {
        add(name, 'cpu', peer, await call('compare', 'ours', 'peer', { method, k: TOP }, STEADY));
      }
    });
  };

  await encode('cpu');
  if (adapter) await encode('webgpu');
  else skip('encode', 'webgpu', 'the browser offers no WebGPU adapter');
  for (const catalog of CATALOGS) await rank(catalog);
  return { rows, skipped };
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Three significant digits: more would be noise. */
const round = (value) => Number(value.toPrecision(3));
