// From addresses to an engine that runs on the CPU: downloads, compiles, verifies.
import init, { Engine, type Files } from './inglenook.js';
import { InglenookError } from './errors.js';
import { fetchManifest, fetchModule, receiveFiles, requestFiles, Tally } from './loader.js';
import type { Input } from './protocol.js';
import type { ProgressEvent } from './types.js';

export async function startEngine(
  { model, catalog }: Input<'load'>,
  onProgress: (event: ProgressEvent) => void,
): Promise<Engine> {
  const folders = [new URL(model), ...(catalog === null ? [] : [new URL(catalog)])];
  let module: Promise<unknown> | null = null;

  const attempt = async (cache: RequestCache): Promise<Engine> => {
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
      await compiled;
      const artifacts: Files[] = [];
      for (const [index, manifest] of manifests.entries()) {
        artifacts.push(await receiveFiles(manifest, requested[index]!, tally));
      }
      const [modelFiles, catalogFiles] = artifacts;
      tally.enter('compile');
      tally.enter('verify');
      const engine = Engine.load(modelFiles!, catalogFiles);
      tally.enter('ready');
      return engine;
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
