// Fetches artifact folders and the wasm module, counting bytes. Sizes and SHA-256 are checked here, where the browser's own code does it many
// times faster than wasm; what the bytes mean is for the wasm module to judge.
import { Files } from './inglenook.js';
import { InglenookError } from './errors.js';
import type { ProgressEvent } from './types.js';

/** Larger files could not be held in the memory of a 32-bit wasm module. */
const MAX_FILE_BYTES = 2 ** 32;

/** The manifest version this client can read; checked before anything large is fetched. */
const FORMAT_VERSION = 1;

/** Large files are hashed in chunks of this many bytes, each with a SHA-256 of its own in the manifest. */
const CHUNK_BYTES = 2 ** 20;

export interface ArtifactFile {
  name: string;
  bytes: number;
  /** Of each chunk, or of the whole file where it is one chunk. */
  hashes: string[];
  chunkBytes: number;
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
    const { name, bytes, sha256, chunk_sha256: chunks } = (file ?? {}) as Record<string, unknown>;
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
    if (!Array.isArray(chunks)) return { name, bytes, hashes: [String(sha256)], chunkBytes: bytes };
    if (chunks.length !== Math.ceil(bytes / CHUNK_BYTES)) {
      throw new InglenookError(
        'artifact_corrupt',
        `${url} has ${chunks.length} hashes of chunks of ${name}, its ${bytes} bytes make ${Math.ceil(bytes / CHUNK_BYTES)}; ` +
          'build the artifact again',
      );
    }
    return { name, bytes, hashes: chunks.map(String), chunkBytes: CHUNK_BYTES };
  });
}

/** A file on its way. */
export interface RequestedFile {
  file: ArtifactFile;
  url: URL;
  response: Promise<Response>;
}

/** What the GPU's kernels depend on: it comes first, so that they are compiled while the rest is on its way. */
export const CONFIG = 'config.json';

/** Asks for every file of the manifest: the configuration, then the others, largest first. */
export function requestFiles({ files, folder }: Manifest, options: FetchOptions): RequestedFile[] {
  const isConfig = ({ name }: ArtifactFile) => Number(name === CONFIG);
  const inOrder = files.toSorted((a, b) => isConfig(b) - isConfig(a) || b.bytes - a.bytes);
  return inOrder.map((file) => {
    const url = new URL(encodeURIComponent(file.name), folder);
    const response = fetchOk(url, options);
    // Told where it is awaited.
    response.catch(() => {});
    return { file, url, response };
  });
}

/**
 * The files and the manifest, in the wasm module's memory, which must be compiled by now. `onFile` is told of each file that has arrived and
 * is sound.
 */
export async function receiveFiles(
  manifest: Manifest,
  requested: RequestedFile[],
  tally: Tally,
  onFile?: (name: string, files: Files) => void,
): Promise<Files> {
  const files = new Files();
  files.allocate('manifest.json', manifest.content.length);
  files.write('manifest.json', 0, manifest.content);
  for (const { file, url, response } of requested) {
    await receive(await response, url, file, files, tally);
    onFile?.(file.name, files);
  }
  if (CAN_HASH) files.areHashed();
  return files;
}

async function receive(response: Response, url: URL, file: ArtifactFile, files: Files, tally: Tally): Promise<void> {
  files.allocate(file.name, file.bytes);
  let length = 0;
  let checked = 0;
  // One chunk is hashed while the next one arrives.
  let check = Promise.resolve();
  for await (const chunk of chunksOf(response, url)) {
    if (length + chunk.length <= file.bytes) files.write(file.name, length, chunk);
    length += chunk.length;
    tally.arrived(file.name, chunk.length);
    for (; (checked + 1) * file.chunkBytes <= Math.min(length, file.bytes - 1); checked++) {
      await check;
      check = checkChunk(url, file, checked, files);
      check.catch(() => {});
    }
  }
  if (length !== file.bytes) {
    throw new InglenookError(
      'artifact_corrupt',
      `${url} has ${length} bytes, its manifest says ${file.bytes}; deploy the folder again as a whole`,
    );
  }
  await check;
  for (; checked < file.hashes.length; checked++) await checkChunk(url, file, checked, files);
}

/** Where the browser hashes for us: on https and on localhost. Elsewhere the wasm module does it. */
export const CAN_HASH = globalThis.crypto?.subtle !== undefined;

async function checkChunk(url: URL, file: ArtifactFile, index: number, files: Files): Promise<void> {
  const start = index * file.chunkBytes;
  const content = files.view(file.name)?.subarray(start, start + file.chunkBytes);
  if (!CAN_HASH || !content) return;
  // The browser copies what it hashes before it answers: the view need not last.
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (found === file.hashes[index]) return;
  const part = file.hashes.length > 1 ? ` from byte ${start} on` : '';
  throw new InglenookError(
    'artifact_corrupt',
    `${url} is corrupt${part}: found SHA-256 ${found}, expected ${file.hashes[index]}; deploy the folder again as a whole`,
  );
}

/**
 * The wasm module. The response goes to the compiler as it came: for one that is wrapped to count its bytes, the browser would not keep the
 * compiled code, and every visit would begin with slow code again.
 */
export async function fetchModule(url: URL, tally: Tally): Promise<Response> {
  const response = await fetchOk(url);
  // A compressed response states its compressed length, which says nothing about the bytes to come.
  const isEncoded = response.headers.has('content-encoding');
  const bytes = isEncoded ? 0 : Number(response.headers.get('content-length') ?? 0);
  tally.expect(bytes);
  tally.arrived(url.pathname.slice(url.pathname.lastIndexOf('/') + 1), bytes);
  return response;
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

/** Bytes that are read at a time, where the browser reads into a buffer of ours: one buffer for a file of any size. */
const READ_BYTES = 1 << 18;

/** The body, chunk by chunk. A chunk is good until the next one. */
async function* chunksOf(response: Response, url: URL): AsyncGenerator<Uint8Array> {
  const { body } = response;
  if (!body) return;
  const read = readerOf(body);
  while (true) {
    const { done, value } = await read().catch((cause: unknown) => fail(interrupted(url, cause)));
    if (value?.length) yield value;
    if (done) return;
  }
}

function readerOf(body: ReadableStream<Uint8Array>): () => Promise<{ done: boolean; value: Uint8Array | undefined }> {
  try {
    const reader = body.getReader({ mode: 'byob' });
    let buffer = new ArrayBuffer(READ_BYTES);
    return async () => {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      // The buffer travels to the browser and back.
      if (value) buffer = value.buffer;
      return { done, value };
    };
  } catch {
    const reader = body.getReader();
    return async () => {
      const { done, value } = await reader.read();
      return { done, value };
    };
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
