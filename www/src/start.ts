// From addresses to an engine that runs on the CPU: downloads, compiles, verifies. What an earlier visit left here is used at once, and
// a look at the server for something newer goes on beside it.
import { ArtifactCache } from './artifact-cache.js';
import { InglenookError } from './errors.js';
import { fetchManifest } from './fetching.js';
import init, { Engine, type Files, PreparedGpu } from './inglenook.js';
import { CONFIG, fetchModule, type FetchOptions, receiveFiles, requestFiles, Tally } from './loader.js';
import { CAN_HASH, type Manifest } from './manifest.js';
import type { ProgressEvent } from './types.js';

/** What to load, and how. */
export interface Start {
  model: string;
  catalog: string | null;
  /** Whether a GPU is to be made ready while the model is on its way. */
  usesGpu: boolean;
  /** Whether downloads are kept for the next visit. */
  isKept: boolean;
  signal: AbortSignal;
}

/** An engine that runs on the CPU. */
export interface Started {
  engine: Engine;
  /** The GPU for it, if one was to be made ready and could be. */
  gpu: Promise<PreparedGpu | undefined>;
  store: ArtifactCache | null;
  model: Manifest;
  catalog: Manifest | null;
  /** What the server has now, where the engine began with what was here; null where it cannot be reached. */
  latest: Promise<Manifest[] | null> | null;
}

export async function startEngine(start: Start, onProgress: (event: ProgressEvent) => void): Promise<Started> {
  const { model, catalog, usesGpu, isKept } = start;
  const folders = [new URL(model), ...(catalog === null ? [] : [new URL(catalog)])];
  const store = isKept && CAN_HASH ? await ArtifactCache.open() : null;
  let gpu: Promise<PreparedGpu | undefined> | null = null;

  const attempt = async (cache: RequestCache, mayBeStored: boolean): Promise<Started> => {
    const tally = new Tally(onProgress);
    tally.enter('download');
    const stop = new AbortController();
    const stopped = AbortSignal.any([stop.signal, start.signal]);
    // What is kept in the store need not be kept a second time by the browser.
    const options: FetchOptions = { cache: store && cache === 'default' ? 'no-store' : cache, signal: stopped, store };
    try {
      const compiled = compileModule(tally);
      // Told where it is awaited.
      compiled.catch(() => {});
      const stored = mayBeStored && store ? await storedManifests(store, folders) : null;
      const fetched = Promise.all(folders.map((folder) => fetchManifest(folder, { cache, signal: start.signal })));
      const latest = stored && fetched.catch(() => null);
      const manifests = stored ?? (await fetched);
      for (const { files } of manifests) for (const { bytes } of files) tally.expect(bytes);
      const requested = manifests.map((manifest) => requestFiles(manifest, options));
      tally.enter('compile');
      await compiled;
      const prepare = (manifest: Uint8Array, files: Files): void => {
        // Without a GPU the engine says why, when it looks for one itself.
        gpu ??= PreparedGpu.open(manifest, files.view(CONFIG)!.slice()).catch(() => undefined);
      };
      const artifacts: Files[] = [];
      for (const [index, manifest] of manifests.entries()) {
        const onFile = (name: string, files: Files): void => {
          if (usesGpu && index === 0 && name === CONFIG) prepare(manifest.content, files);
        };
        artifacts.push(await receiveFiles(manifest, requested[index]!, tally, options, onFile));
      }
      start.signal.throwIfAborted();
      const [modelFiles, catalogFiles] = artifacts;
      tally.enter('verify');
      const engine = Engine.load(modelFiles!, catalogFiles);
      if (!stored) await store?.commit(manifests);
      tally.enter('ready');
      const [modelManifest, catalogManifest = null] = manifests;
      return {
        engine,
        gpu: gpu ?? Promise.resolve(undefined),
        store,
        model: modelManifest!,
        catalog: catalogManifest,
        latest,
      };
    } catch (thrown) {
      stop.abort();
      throw InglenookError.from(thrown);
    }
  };

  const isSpoilt = (error: unknown): boolean => error instanceof InglenookError && error.code.startsWith('artifact_');
  try {
    return await attempt('default', true);
  } catch (error) {
    if (start.signal.aborted) throw error;
    // What is here may be of two releases, or damaged: ask the server. To a new manifest, a file of an older release in the browser's own cache
    // looks damaged: fetch once more, around that cache.
    const wasStored = store !== null && (await storedManifests(store, folders)) !== null;
    if (!wasStored && !(isSpoilt(error) && (error as InglenookError).code === 'artifact_corrupt')) throw error;
    return attempt('reload', false);
  }
}

/** The manifests of all folders, if everything that they list is here. */
async function storedManifests(store: ArtifactCache, folders: URL[]): Promise<Manifest[] | null> {
  const manifests = await Promise.all(folders.map((folder) => store.completeManifest(folder)));
  return manifests.includes(null) ? null : (manifests as Manifest[]);
}

/** Brings the files of a newer version: into the store and into the wasm module's memory. */
export async function fetchNewer(manifest: Manifest, store: ArtifactCache | null, signal: AbortSignal): Promise<Files> {
  const options: FetchOptions = { cache: store ? 'no-store' : 'no-cache', signal, store };
  return receiveFiles(manifest, requestFiles(manifest, options), new Tally(() => {}), options);
}

let module: Promise<{ memory: WebAssembly.Memory }> | null = null;

/** Fetches the wasm module and compiles it on the way, once. */
function compileModule(tally: Tally): Promise<unknown> {
  if (module) return module;
  const plain = new URL('./inglenook_bg.wasm', import.meta.url);
  const relaxed = new URL('./inglenook_relaxed_bg.wasm', import.meta.url);
  const start = (url: URL) => init({ module_or_path: fetchModule(url, tally) });
  // A site may serve the plain one alone: it does the same, slower.
  const started = HAS_RELAXED_SIMD ? start(relaxed).catch(() => start(plain)) : start(plain);
  module = started.catch((thrown: unknown) => {
    // The next attempt fetches it again.
    module = null;
    if (!(thrown instanceof WebAssembly.CompileError || thrown instanceof WebAssembly.LinkError)) throw thrown;
    throw new InglenookError(
      'backend_unavailable',
      `${plain} could not be compiled (${thrown.message}); the file is damaged, not of the release of its inglenook.js, ` +
        'or this browser is too old for WebAssembly SIMD',
      { cause: thrown },
    );
  });
  return module;
}

/** Whether the browser compiles a module of one instruction, `i32x4.relaxed_dot_i8x16_i7x16_add_s`. */
const HAS_RELAXED_SIMD = WebAssembly.validate(
  new Uint8Array([
    ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0],
    ...[65, 1, 253, 15, 65, 1, 253, 15, 65, 1, 253, 15, 253, 147, 2, 11],
  ]),
);

/** Bytes of the wasm module's memory. */
export async function memoryBytes(): Promise<number> {
  return (await module)?.memory?.buffer.byteLength ?? 0;
}
