// Loads our wasm module with the model and, where an address is given, a catalog: files are hashed by the browser, as the client does it.
import { fetchDirectory } from './fetch-directory.js';

async function checkHashes(directory) {
  const { files } = JSON.parse(new TextDecoder().decode(directory.get('manifest.json')));
  await Promise.all(
    files.map(async ({ name, sha256 }) => {
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', directory.get(name)));
      const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
      if (found !== sha256) throw new Error(`${name}: expected SHA-256 ${sha256}, found ${found}`);
    }),
  );
}

/** A module of one instruction of relaxed SIMD. */
const RELAXED = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0],
  ...[65, 1, 253, 15, 65, 1, 253, 15, 65, 1, 253, 15, 253, 147, 2, 11],
];

/** The module that the client would take, or the one without relaxed SIMD. */
const moduleFor = (simd) =>
  simd !== 'simd128' && WebAssembly.validate(new Uint8Array(RELAXED))
    ? 'inglenook_relaxed_bg.wasm'
    : 'inglenook_bg.wasm';

/** @returns {Promise<{ engine, memory: WebAssembly.Memory, loadMs: number }>} `loadMs` without downloads and compilation */
export async function loadEngine({ device, catalog, model: folder = '/model', simd }) {
  const { default: init, Engine, Files } = await import('/lib/inglenook.js');
  const [model, items, { memory }] = await Promise.all([
    fetchDirectory(folder),
    catalog && fetchDirectory(catalog),
    init({ module_or_path: `/lib/${moduleFor(simd)}` }),
  ]);
  const from = performance.now();
  const inMemory = async (directory) => {
    await checkHashes(directory);
    const files = new Files();
    for (const [name, content] of directory) {
      files.allocate(name, content.length);
      files.write(name, 0, content);
    }
    files.areHashed();
    return files;
  };
  const engine = Engine.load(await inMemory(model), items && (await inMemory(items)));
  if (device !== 'cpu') await engine.chooseDevices(device, null, undefined);
  const loadMs = performance.now() - from;
  const { backend, reason } = engine.status();
  if (backend !== device) throw new Error(`expected backend ${device}, found ${backend}: ${reason}`);
  return { engine, memory, loadMs };
}
