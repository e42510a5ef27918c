// Ranking: the best rows of a table for a query, ours beside plain JavaScript, a plain sum of memory and libraries that build an index.
import { round } from './session.mjs';

const OURS = './inglenook-ranking.js';
const PLAIN = './plain-ranking.js';
const DIMENSIONS = 384;
const TOP = 20;

const STEADY = { warmUpMs: 2_000, runs: 25, minRuns: 20, limitMs: 20_000 };
const SOFTWARE_GPU = { warmUpMs: 0, runs: 3, minRuns: 1, limitMs: 15_000 };
const SOFTWARE_GPU_QUERIES = 4;

/** `queries`: how many of them recall is measured on; exact answers over a million rows take the plain loop half a second each. */
const TABLES = [
  { catalog: '100k', rows: 100_000, queries: 64 },
  { catalog: '1m', rows: 1_000_000, queries: 16 },
];

const GRAPH = { m: 16, efConstruction: 100 };
const HNSWLIB = [40, 200, 800].map((ef) => ({ ef, label: `hnswlib-wasm 0.8.2, graph (M 16, ef ${ef})` }));
const EDGEVEC_EF = 100;
const EDGEVEC = [
  { method: 'search', label: `edgevec 0.9.0, graph (M 16, ef ${EDGEVEC_EF})` },
  ...[5, 20].map((factor) => ({
    method: 'rescored',
    factor,
    label: `edgevec 0.9.0, binary codes, ${factor * TOP} rescored`,
  })),
];

const title = (rows) => `rank ${rows.toLocaleString('en')} x ${DIMENSIONS}, top ${TOP}`;
const gigabytesPerSecond = (rows, ms) => round((rows * DIMENSIONS) / ms / 1e6);

/** Scans of whole tables. @param {import('./session.mjs').Session} session */
export async function rank(session) {
  for (const table of TABLES) await scan(session, table, 'cpu');
  if (session.peersOnly) return;
  if (!session.adapter) return session.skip('rank', 'webgpu', 'the browser offers no WebGPU adapter');
  for (const table of session.softwareGpu ? TABLES.slice(0, 1) : TABLES) await scan(session, table, 'webgpu');
}

async function scan(session, { catalog, rows, queries }, device) {
  const name = title(rows);
  await session.onFreshPage(name, device, async (call) => {
    const size = { rows, dimensions: DIMENSIONS };
    const ours = session.peersOnly ? [] : ['ours'];
    if (ours.length) await call('start', 'ours', OURS, { catalog: `/catalogs/${catalog}`, device, ...size });
    // What one thread of the CPU can read bounds the CPU's scan alone.
    const sum = device === 'cpu' ? ['sum'] : [];
    if (sum.length) await call('start', 'sum', './memory-sum.js', size);
    await call('start', 'plain', PLAIN, { name: catalog, ...size });
    const software = device === 'webgpu' && session.softwareGpu;
    const limits = software ? SOFTWARE_GPU : STEADY;
    const testCase = { method: 'rank', k: TOP };
    const { ms, runs, info } = await call('compare', [...ours, ...sum, 'plain'], testCase, limits);
    const extra = { runs };
    if (ours.length) {
      const judged = { ...testCase, queries: software ? SOFTWARE_GPU_QUERIES : queries };
      const found = await call('answers', 'ours', judged);
      const exact = await call('answers', 'plain', judged);
      await call('stop', 'plain');
      await call('start', 'int8', './catalog-ranking.js', { catalog: `/catalogs/${catalog}`, ...size });
      Object.assign(extra, {
        recall_at_20: recall(found, exact),
        recall_of_int8: recall(found, await call('answers', 'int8', judged)),
        ...(device === 'cpu' && { ours_gb_s: gigabytesPerSecond(rows, ms.ours), simd: info.ours.simd }),
      });
    }
    const row = { name, device, ours_ms: ms.ours, ...extra };
    if (sum.length) {
      const peer = 'plain sum of as many bytes (wasm SIMD)';
      session.add({ ...row, peer, peer_ms: ms.sum, peer_gb_s: gigabytesPerSecond(rows, ms.sum) });
    }
    session.add({ ...row, peer: 'plain JavaScript: unrolled loop and short list, f32', peer_ms: ms.plain });
  });
}

/** Beside libraries that build an index. @param {import('./session.mjs').Session} session */
export async function rankByIndex(session, indexRows) {
  const name = title(indexRows);
  await session.onFreshPage(name, 'cpu', async (call) => {
    const size = { name: '100k', rows: indexRows, dimensions: DIMENSIONS };
    const built = {};
    const start = async (subject, module, options) => {
      built[subject] = (await call('start', subject, module, { ...size, ...options })).info;
    };
    const ours = session.peersOnly ? [] : ['ours'];
    if (ours.length) {
      // The module holds an encoder as well: the catalog's share is what it takes and what it takes without a catalog.
      await start('ours without a catalog', OURS, { device: 'cpu' });
      await call('stop', 'ours without a catalog');
      await start('ours', OURS, { catalog: '/catalogs/index', device: 'cpu' });
      for (const key of ['build_ms', 'bytes']) {
        built.ours[key] = Math.max(0, built.ours[key] - built['ours without a catalog'][key]);
      }
    }
    await start('plain', PLAIN, {});
    session.say(`building indexes of ${indexRows.toLocaleString('en')} rows`);
    await start('hnswlib', './hnswlib-ranking.js', GRAPH);
    session.say(`hnswlib-wasm: ${round(built.hnswlib.build_ms / 1000)} s`);
    await start('edgevec', './edgevec-ranking.js', { ...GRAPH, ef: EDGEVEC_EF });
    session.say(`edgevec: ${round(built.edgevec.build_ms / 1000)} s`);

    const base = { method: 'rank', k: TOP };
    const exact = await call('answers', 'plain', base);
    const oursFound = ours.length ? recall(await call('answers', 'ours', base), exact) : undefined;
    const peers = [
      { subject: 'plain', label: 'plain JavaScript: unrolled loop and short list, f32' },
      ...HNSWLIB.map((options) => ({ subject: 'hnswlib', ...options })),
      ...EDGEVEC.map((options) => ({ subject: 'edgevec', ...options })),
    ];
    for (const { subject, label, ...options } of peers) {
      const testCase = { ...base, ...options };
      const { ms, runs } = await call('compare', [...ours, subject], testCase, STEADY);
      const figures = (key) => ({ ...(ours.length && { ours: built.ours[key] }), peer: built[subject][key] });
      session.add({
        name,
        device: 'cpu',
        ours_ms: ms.ours,
        peer: label,
        peer_ms: ms[subject],
        runs,
        index: {
          recall_at_20: { ours: oursFound, peer: recall(await call('answers', subject, testCase), exact) },
          build_ms: figures('build_ms'),
          bytes: figures('bytes'),
        },
      });
    }
  });
}

/** Share of the exact answers that were found, over all queries. */
function recall(found, exact) {
  let hits = 0;
  for (let from = 0; from < exact.length; from += TOP) {
    const expected = new Set(exact.slice(from, from + TOP));
    for (const row of new Set(found.slice(from, from + TOP))) if (expected.has(row)) hits++;
  }
  return Number((hits / exact.length).toFixed(4));
}
