// From addresses to an engine that runs on the CPU: downloads, compiles, verifies.
import init, { Engine, type Files, PreparedGpu } from './inglenook.js';
import { InglenookError } from './errors.js';
import { CONFIG, fetchManifest, fetchModule, receiveFiles, requestFiles, Tally } from './loader.js';
import type { ProgressEvent } from './types.js';

/** What to load, and how. */
export interface Start {
  model: string;
  catalog: string | null;
  /** Whether a GPU is to be made ready while the model is on its way. */
  usesGpu: boolean;
}

/** An engine that runs on the CPU, and the GPU for it, if one was to be made ready and could be. */
export interface Started {
  engine: Engine;
  gpu: Promise<PreparedGpu | undefined>;
}

export async function startEngine(
  { model, catalog, usesGpu }: Start,
  onProgress: (event: ProgressEvent) => void,
): Promise<Started> {
  const folders = [new URL(model), ...(catalog === null ? [] : [new URL(catalog)])];
  let module: Promise<unknown> | null = null;
  let gpu: Promise<PreparedGpu | undefined> | null = null;

  const attempt = async (cache: RequestCache): Promise<Started> => {
    const tally = new Tally(onProgress);
    tally.enter('download');
    const stop = new AbortController();
    const options = { cache, signal: stop.signal };
    try {
      const compiled = (module ??= startModule(tally));
      // Told where it is awaited.
      compiled.catch(() => {});
      const manifests = await Promise.all(folders.map((folder) => fetchManifest(folder, options)));
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
        artifacts.push(await receiveFiles(manifest, requested[index]!, tally, onFile));
      }
      const [modelFiles, catalogFiles] = artifacts;
      tally.enter('verify');
      const engine = Engine.load(modelFiles!, catalogFiles);
      tally.enter('ready');
      return { engine, gpu: gpu ?? Promise.resolve(undefined) };
    } catch (thrown) {
      stop.abort();
      throw InglenookError.from(thrown);
    }
  };

  try {
    return await attempt('default');
  } catch (error) {
    if (!(error instanceof InglenookError && error.code === 'artifact_corrupt')) throw error;
    // To a new manifest, a file of an older release in the browser's cache looks damaged: fetch once more, around the cache.
    return attempt('reload');
  }
}

/** Fetches the wasm module and compiles it on the way. */
function startModule(tally: Tally): Promise<unknown> {
  const url = new URL('./inglenook_bg.wasm', import.meta.url);
  return init({ module_or_path: fetchModule(url, tally) }).catch((thrown: unknown) => {
    if (!(thrown instanceof WebAssembly.CompileError || thrown instanceof WebAssembly.LinkError)) throw thrown;
    throw new InglenookError(
      'backend_unavailable',
      `${url} could not be compiled (${thrown.message}); the file is damaged, not of the release of its inglenook.js, ` +
        'or this browser is too old for WebAssembly SIMD',
      { cause: thrown },
    );
  });
}
