// Fetches artifact folders and the wasm module, counting bytes. Sizes and SHA-256 are checked here, where the browser's own code does it many
// times faster than wasm; what the bytes mean is for the wasm module to judge.
import { Files } from './inglenook.js';
import { InglenookError } from './errors.js';
import type { ProgressEvent } from './types.js';

/** Larger files could not be held in the memory of a 32-bit wasm module. */
const MAX_FILE_BYTES = 2 ** 32;

/** The manifest version this client can read; checked before anything large is fetched. */
const FORMAT_VERSION = 1;

export interface ArtifactFile {
  name: string;
  bytes: number;
  sha256: string;
}

export interface Manifest {
  folder: URL;
  /** The file as served, for the wasm module. */
  content: Uint8Array;
  files: ArtifactFile[];
}

export interface FetchOptions {
  cache: RequestCache;
  signal: AbortSignal;
}

/** Adds up what has arrived and what is still to come. */
export class Tally {
  #loadedBytes = 0;
  #totalBytes = 0;
  readonly #onProgress: (event: ProgressEvent) => void;

  constructor(onProgress: (event: ProgressEvent) => void) {
    this.#onProgress = onProgress;
  }

  expect(bytes: number): void {
    this.#totalBytes += bytes;
  }

  arrived(file: string, bytes: number): void {
    this.#loadedBytes += bytes;
    // Where a server does not say how long a file is, the total grows with it.
    this.#totalBytes = Math.max(this.#totalBytes, this.#loadedBytes);
    this.#report('download', file);
  }

  enter(stage: ProgressEvent['stage']): void {
    this.#report(stage);
  }

  #report(stage: ProgressEvent['stage'], file?: string): void {
    this.#onProgress({
      stage,
      ...(file !== undefined && { file }),
      loadedBytes: this.#loadedBytes,
      totalBytes: this.#totalBytes,
    });
  }
}

export async function fetchManifest(folder: URL, options: FetchOptions): Promise<Manifest> {
  const url = new URL('manifest.json', folder);
  // The manifest decides which files are right, so it alone must never come from a cache unasked.
  const cache = options.cache === 'default' ? 'no-cache' : options.cache;
  const response = await fetchOk(url, { ...options, cache });
  const content = new Uint8Array(await response.arrayBuffer().catch((cause: unknown) => fail(interrupted(url, cause))));
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(content));
  } catch (cause) {
    throw new InglenookError(
      'artifact_corrupt',
      `${url} is not JSON; check that the server sends the file itself and not a page in its place`,
      { cause },
    );
  }
  return { folder, content, files: filesOf(parsed, url) };
}

function filesOf(manifest: unknown, url: URL): ArtifactFile[] {
  const { format_version: version, files } = (manifest ?? {}) as { format_version?: unknown; files?: unknown };
  if (version !== FORMAT_VERSION) {
    throw new InglenookError(
      'artifact_incompatible',
      `${url} has format_version ${JSON.stringify(version)}, this client reads ${FORMAT_VERSION}; ` +
        'build the artifact and the client with the same release of Inglenook',
    );
  }
  if (!Array.isArray(files)) {
    throw new InglenookError('artifact_corrupt', `${url} lists no files; build the artifact again`);
  }
  return files.map((file: unknown) => {
    const { name, bytes, sha256 } = (file ?? {}) as { name?: unknown; bytes?: unknown; sha256?: unknown };
    // A plain file name: a path would let a manifest send requests elsewhere.
    if (typeof name !== 'string' || !/^[^./\\][^/\\]*$/.test(name)) {
      throw new InglenookError(
        'artifact_corrupt',
        `${url} names a file ${JSON.stringify(name)}; expected a plain name`,
      );
    }
    if (typeof bytes !== 'number' || !Number.isInteger(bytes) || bytes < 0 || bytes > MAX_FILE_BYTES) {
      throw new InglenookError(
        'artifact_corrupt',
        `${url} gives ${name} a size of ${JSON.stringify(bytes)}; expected whole bytes, at most ${MAX_FILE_BYTES}`,
      );
    }
    return { name, bytes, sha256: String(sha256) };
  });
}

/** Every file of the manifest and the manifest itself, in the wasm module's memory, which must be `ready` by the time they arrive. */
export async function fetchFiles(
  manifest: Manifest,
  ready: Promise<unknown>,
  tally: Tally,
  options: FetchOptions,
): Promise<Files> {
  const responses = manifest.files.map((file) => {
    const url = new URL(encodeURIComponent(file.name), manifest.folder);
    const response = fetchOk(url, options);
    // Told below, where it is awaited.
    response.catch(() => {});
    return { file, url, response };
  });
  await ready;
  const files = new Files();
  files.allocate('manifest.json', manifest.content.length);
  files.write('manifest.json', 0, manifest.content);
  await Promise.all(responses.map(async ({ file, url, response }) => receive(await response, url, file, files, tally)));
  if (CAN_HASH) files.areHashed();
  return files;
}

async function receive(response: Response, url: URL, file: ArtifactFile, files: Files, tally: Tally): Promise<void> {
  files.allocate(file.name, file.bytes);
  let length = 0;
  for await (const chunk of chunksOf(response, url)) {
    if (length + chunk.length <= file.bytes) files.write(file.name, length, chunk);
    length += chunk.length;
    tally.arrived(file.name, chunk.length);
  }
  if (length !== file.bytes) {
    throw new InglenookError(
      'artifact_corrupt',
      `${url} has ${length} bytes, its manifest says ${file.bytes}; deploy the folder again as a whole`,
    );
  }
  await checkHash(url, file, files);
}

/** Where the browser hashes for us: on https and on localhost. Elsewhere the wasm module does it. */
export const CAN_HASH = globalThis.crypto?.subtle !== undefined;

async function checkHash(url: URL, { name, sha256 }: ArtifactFile, files: Files): Promise<void> {
  const content = files.view(name);
  if (!CAN_HASH || !content) return;
  // The browser copies what it hashes before it answers: the view need not last.
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (found === sha256) return;
  throw new InglenookError(
    'artifact_corrupt',
    `${url} is corrupt: found SHA-256 ${found}, expected ${sha256}; deploy the folder again as a whole`,
  );
}

/** The wasm module, as a response that counts its bytes while the browser compiles them. */
export async function fetchModule(url: URL, tally: Tally, onArrival: () => void): Promise<Response> {
  const response = await fetchOk(url);
  // A compressed response states its compressed length, which says nothing about the bytes to come.
  const isEncoded = response.headers.has('content-encoding');
  tally.expect(isEncoded ? 0 : Number(response.headers.get('content-length') ?? 0));
  const name = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      tally.arrived(name, chunk.length);
      controller.enqueue(chunk);
    },
    flush: onArrival,
  });
  return new Response(response.body?.pipeThrough(counter) ?? null, { headers: { 'content-type': 'application/wasm' } });
}

async function fetchOk(url: URL, options?: FetchOptions): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, options);
  } catch (cause) {
    throw new InglenookError(
      'network',
      `${url} could not be reached (${messageOf(cause)}); check the connection, and that the server allows this page to fetch it`,
      { cause },
    );
  }
  if (!response.ok) {
    throw new InglenookError(
      'network',
      `${url} answered ${response.status} ${response.statusText}`.trimEnd() + '; check that the file is deployed there',
    );
  }
  return response;
}

async function* chunksOf(response: Response, url: URL): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read().catch((cause: unknown) => fail(interrupted(url, cause)));
    if (done) return;
    yield value;
  }
}

function interrupted(url: URL, cause: unknown): InglenookError {
  return new InglenookError('network', `the download of ${url} broke off (${messageOf(cause)}); try again`, { cause });
}

function fail(error: Error): never {
  throw error;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
