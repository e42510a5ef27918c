// Encoding: ours beside onnxruntime-web in float32 and in int8, on one device.
import { median } from './session.mjs';

const PEER = 'onnxruntime-web 1.30';
const PRECISIONS = ['f32', 'q8'];
const OURS = './inglenook-encoder.js';
const THEIRS = './onnxruntime-encoder.js';
const DIMENSIONS = 384;

const SHAPES = [
  { rows: 1, tokens: 16 },
  { rows: 1, tokens: 32 },
  { rows: 1, tokens: 128 },
  { rows: 8, tokens: 32 },
  { rows: 32, tokens: 128 },
];
const STEADY = { warmUpMs: 2_000, runs: 25, minRuns: 20, limitMs: 20_000 };
/** 4096 tokens take seconds: a few runs tell as much. */
const LARGE = { warmUpMs: 0, runs: 5, minRuns: 3, limitMs: 20_000 };
const LARGE_TOKENS = 2_048;
const SOFTWARE_GPU = { warmUpMs: 0, runs: 3, minRuns: 1, limitMs: 15_000 };
const SOFTWARE_GPU_SHAPES = 2;
const STARTS = 3;

/** To the peer's float32 embedding of the same text: ours has int8 weights, so they agree closely but not exactly. */
const LOWEST_COSINE = 0.97;

/** @param {import('./session.mjs').Session} session @param {'cpu' | 'webgpu'} device */
export async function encode(session, device) {
  if (device === 'webgpu' && !session.adapter) {
    return session.skip('encode', device, 'the browser offers no WebGPU adapter');
  }
  const software = device === 'webgpu' && session.softwareGpu;
  const subjects = {
    ...(!session.peersOnly && { ours: [OURS, { device }] }),
    ...Object.fromEntries(PRECISIONS.map((precision) => [precision, [THEIRS, { device, model: `${precision}.onnx` }]])),
  };
  const names = Object.keys(subjects);
  await starts(session, device, subjects, software ? 1 : STARTS);
  await session.onFreshPage('encode', device, async (call) => {
    for (const [name, subject] of Object.entries(subjects)) await call('start', name, ...subject);
    for (const shape of software ? SHAPES.slice(0, SOFTWARE_GPU_SHAPES) : SHAPES) {
      const name = `encode ${shape.rows} x ${shape.tokens} tokens`;
      const limits = software ? SOFTWARE_GPU : shape.rows * shape.tokens > LARGE_TOKENS ? LARGE : STEADY;
      const { ms, runs, info, lowest_cosine } = await call('compare', names, shape, {
        ...limits,
        dimensions: DIMENSIONS,
        reference: 'f32',
      });
      if (info.ours && !(lowest_cosine.ours >= LOWEST_COSINE)) {
        throw new Error(
          `${name}: expected the two embeddings of a text to agree (cosine >= ${LOWEST_COSINE}), found ${lowest_cosine.ours}; ` +
            'a time for a different result means nothing',
        );
      }
      session.add({ name, device, ours_ms: ms.ours, ...better(ms), runs, ...told(info.ours, device), lowest_cosine });
    }
  });
}

/** The shipped model beside its teacher, both in our engine on the CPU. */
export async function encodeByStudent(session) {
  if (session.peersOnly) return;
  await session.onFreshPage('encode by the shipped model', 'cpu', async (call) => {
    await call('start', 'student', OURS, { device: 'cpu', model: '/shipped' });
    await call('start', 'teacher', OURS, { device: 'cpu' });
    for (const shape of SHAPES.filter(({ rows, tokens }) => rows * tokens < LARGE_TOKENS)) {
      const limits = { ...STEADY, dimensions: DIMENSIONS, reference: 'teacher' };
      const { ms, runs, info, lowest_cosine } = await call('compare', ['student', 'teacher'], shape, limits);
      session.add({
        name: `encode ${shape.rows} x ${shape.tokens} tokens, shipped model`,
        device: 'cpu',
        ours_ms: ms.student,
        peer: 'our engine with all-MiniLM-L6-v2 in int8',
        peer_ms: ms.teacher,
        runs,
        ...told(info.student, 'cpu'),
        lowest_cosine: { shipped: lowest_cosine.student },
      });
    }
  });
}

/** Medians over pages of their own, for one that runs the same module after another finds it compiled: start, and the first encode. */
async function starts(session, device, subjects, count) {
  const names = Object.keys(subjects);
  const samples = { ready: {}, first: {}, both: {} };
  for (const kind of Object.values(samples)) for (const name of names) kind[name] = [];
  for (let i = 0; i < count; i++) {
    for (const name of names) {
      await session.onFreshPage(
        'start',
        device,
        async (call) => {
          const { ms: ready } = await call('start', name, ...subjects[name]);
          const first = await call('once', name, SHAPES[0]);
          samples.ready[name].push(ready);
          samples.first[name].push(first);
          samples.both[name].push(ready + first);
        },
        { isSteady: false },
      );
    }
  }
  const add = (name, kind) => {
    const runs = Math.min(...names.map((subject) => samples[kind][subject].length));
    if (runs === 0) return; // the omission is recorded
    const ms = Object.fromEntries(names.map((subject) => [subject, median(samples[kind][subject])]));
    session.add({ name, device, ours_ms: ms.ours, ...better(ms), runs });
  };
  add('encoder: from nothing to ready', 'ready');
  add('first encode after it, 1 x 16 tokens', 'first');
  add('both: from nothing to the first embedding', 'both');
}

/** The peer's faster precision, and both figures. */
function better(ms) {
  const best = PRECISIONS.reduce((a, b) => (ms[b] < ms[a] ? b : a));
  const peers_ms = Object.fromEntries(PRECISIONS.map((precision) => [precision, Number(ms[precision].toPrecision(3))]));
  return { peer: `${PEER} ${best}`, peer_ms: ms[best], peers_ms };
}

/** What the engine's status tells of how it ran. */
function told(status, device) {
  return {
    ...(device === 'cpu' && status && { simd: status.simd }),
    ...(device === 'webgpu' && status && { dispatches: status.dispatches }),
  };
}
