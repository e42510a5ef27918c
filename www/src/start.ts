// From addresses to an engine that runs on the CPU: downloads, compiles, verifies.
import init, { Engine } from './inglenook.js';
import { InglenookError } from './errors.js';
import { fetchFiles, fetchManifest, fetchModule, Tally } from './loader.js';
import type { Input } from './protocol.js';
import type { ProgressEvent } from './types.js';

export async function startEngine(
  { model, catalog }: Input<'load'>,
  onProgress: (event: ProgressEvent) => void,
): Promise<Engine> {
  const folders = [new URL(model), ...(catalog === null ? [] : [new URL(catalog)])];
  let module: Module | null = null;

  const attempt = async (cache: RequestCache): Promise<Engine> => {
    const tally = new Tally(onProgress);
    tally.enter('download');
    const stop = new AbortController();
    const options = { cache, signal: stop.signal };
    try {
      const manifests = await Promise.all(folders.map((folder) => fetchManifest(folder, options)));
      for (const { files } of manifests) for (const { bytes } of files) tally.expect(bytes);
      module ??= startModule(tally);
      const { compiled } = module;
      const files = Promise.all(manifests.map((manifest) => fetchFiles(manifest, compiled, tally, options)));
      // All of these at once, so that a missing module is told before a long download is over.
      const [[modelFiles, catalogFiles]] = await Promise.all([
        files,
        Promise.all([files, module.arrived]).then(() => tally.enter('compile')),
        module.compiled,
      ]);
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

interface Module {
  arrived: Promise<void>;
  compiled: Promise<unknown>;
}

/** Fetches the wasm module and compiles it on the way. */
function startModule(tally: Tally): Module {
  const url = new URL('./inglenook_bg.wasm', import.meta.url);
  let compiled!: Promise<unknown>;
  const arrived = new Promise<void>((onArrival) => {
    compiled = init({ module_or_path: fetchModule(url, tally, onArrival) }).catch((thrown: unknown) => {
      if (!(thrown instanceof WebAssembly.CompileError || thrown instanceof WebAssembly.LinkError)) throw thrown;
      throw new InglenookError(
        'backend_unavailable',
        `${url} could not be compiled (${thrown.message}); the file is damaged, not of the release of its inglenook.js, ` +
          'or this browser is too old for WebAssembly SIMD',
        { cause: thrown },
      );
    });
  });
  return { arrived, compiled };
}
