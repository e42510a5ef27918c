// Owns the engine, and does what it is asked strictly one call after another: encoding is asynchronous, and a like recorded in
// the middle of a search must not change what the search sees.
import type { Engine } from './inglenook.js';
import { InglenookError, isTrap } from './errors.js';
import type { Call, FromWorker, Input, Operation, Output, Timings, ToWorker } from './protocol.js';
import type { EngineStatus } from './types.js';
import { recallTimings, rememberTimings } from './device-timings.js';
import { startEngine } from './start.js';

type Handlers = { [O in Operation]: (input: Input<O>) => Output<O> | Promise<Output<O>> };

let engine: Engine | null = null;
/** The last query's embedding: every like made during a search ranks again for the same words. */
let lastQuery: { text: string; embedding: Float32Array } | null = null;
const timings: Timings = { lastEncodeMs: null, lastRankMs: null };

const handlers: Handlers = {
  async load(input) {
    const usesGpu = input.device === 'webgpu';
    const started = await startEngine({ ...input, usesGpu }, (event) => post({ type: 'progress', event }));
    engine = started.engine;
    if (input.device === 'auto') choiceIsDue = true;
    else await engine.chooseDevices(input.device, null, await started.gpu);
    return (lastStatus = engine.status());
  },

  async recommend({ request, query }) {
    const embedding = await embeddingOf(query);
    return timed('lastRankMs', () => loaded().recommend(request, embedding));
  },

  async explain({ itemId, request, query }) {
    const embedding = await embeddingOf(query);
    return loaded().explain(itemId, request, embedding);
  },

  async encode(texts) {
    const rows = await encode(texts);
    const { dimensions } = loaded().status();
    return texts.map((_, row) => rows.slice(row * dimensions, (row + 1) * dimensions));
  },

  record: (interaction) => loaded().record(interaction),
  history: () => loaded().history(),
  clearHistory: () => loaded().clearHistory(),
};

function loaded(): Engine {
  if (!engine) throw new InglenookError('invalid_input', 'nothing is loaded yet; await createRecommender first');
  return engine;
}

async function embeddingOf(query: string | null): Promise<Float32Array | undefined> {
  if (query === null) return undefined;
  if (lastQuery?.text !== query) lastQuery = { text: query, embedding: await encode([query]) };
  return lastQuery.embedding;
}

function encode(texts: string[]): Promise<Float32Array> {
  return timed('lastEncodeMs', () => loaded().encode(texts));
}

function timed<T>(timing: keyof Timings, work: () => Promise<T>): Promise<T>;
function timed<T>(timing: keyof Timings, work: () => T): T;
function timed<T>(timing: keyof Timings, work: () => T | Promise<T>): T | Promise<T> {
  const start = performance.now();
  const stop = (value: T): T => {
    timings[timing] = performance.now() - start;
    return value;
  };
  const result = work();
  return result instanceof Promise ? result.then(stop) : stop(result);
}

const queue: Call[] = [];
let isBusy = false;

self.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === 'call') {
    queue.push(data);
    void drain();
  } else {
    const index = queue.findIndex(({ id }) => id === data.id);
    if (index >= 0) queue.splice(index, 1);
  }
});

async function drain(): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  for (let call = queue.shift(); call; call = queue.shift()) await answer(call);
  isBusy = false;
  tellStatus();
  if (choiceIsDue) setTimeout(chooseDevices, REST_MS);
}

/** Whether `auto` has still to be decided. Until then the CPU serves, so that the first recommendation does not wait for a GPU. */
let choiceIsDue = false;

/** Measuring takes tenths of a second; it waits until nothing has been asked for this long. */
const REST_MS = 200;

async function chooseDevices(): Promise<void> {
  if (!choiceIsDue || isBusy || !engine) return;
  choiceIsDue = false;
  const { model } = engine.status();
  // Calls are answered meanwhile, by the CPU.
  try {
    await engine.chooseDevices('auto', await recallTimings(model), undefined);
    const { timings: measured } = engine.status();
    if (measured) await rememberTimings(model, measured);
    tellStatus();
  } catch (thrown) {
    if (isTrap(thrown)) trap(thrown);
  }
}

/** What the client was told last. */
let lastStatus: EngineStatus | null = null;

/** Tells of a change that no answer brings: a GPU lost, or chosen. */
function tellStatus(): void {
  const status = trapped ? null : engine?.status();
  if (!status || !lastStatus || status.reason === lastStatus.reason) return;
  lastStatus = status;
  post({ type: 'status', status });
}

async function answer<O extends Operation>({ id, operation, input }: Call<O>): Promise<void> {
  try {
    if (trapped) throw trapped;
    const value: Output<Operation> = await Promise.race([handlers[operation](input), untilTrapped]);
    post({ type: 'value', id, value, timings });
  } catch (thrown) {
    if (isTrap(thrown)) trap(thrown);
    post({ type: 'error', id, error: InglenookError.from(thrown).toPlain() });
  }
}

/** Set once wasm code has panicked; every later call fails with it, for the module's memory can no longer be trusted. */
let trapped: InglenookError | null = null;
let trap: (cause: WebAssembly.RuntimeError) => void;
const untilTrapped = new Promise<never>((_, reject) => {
  trap = (cause) => {
    trapped ??= InglenookError.from(cause);
    reject(trapped);
  };
});
untilTrapped.catch(() => {});

// A panic inside of an async wasm function settles no promise: it surfaces here and nowhere else.
self.addEventListener('error', (event) => {
  if (isTrap(event.error)) trap(event.error);
});
self.addEventListener('unhandledrejection', (event) => {
  if (isTrap(event.reason)) trap(event.reason);
});

function post(message: FromWorker): void {
  self.postMessage(message);
}
