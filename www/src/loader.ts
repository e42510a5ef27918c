// Fetches artifact folders and the wasm module, counting bytes. Sizes are checked here, so that a stale or cut-off file is told
// apart early; what the bytes are worth (SHA-256, format) is for the wasm module to judge.
import { InglenookError } from './errors.js';
import type { ProgressEvent } from './types.js';

/** Larger files could not be held in the memory of a 32-bit wasm module. */
const MAX_FILE_BYTES = 2 ** 32;

/** The manifest version this client can read; checked before anything large is fetched. */
const FORMAT_VERSION = 1;

export interface ArtifactFile {
  name: string;
  bytes: number;
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
    const { name, bytes } = (file ?? {}) as { name?: unknown; bytes?: unknown };
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
    return { name, bytes };
  });
}

/** File name to content, for every file of the manifest and the manifest itself. */
export async function fetchFiles(
  manifest: Manifest,
  tally: Tally,
  options: FetchOptions,
): Promise<Map<string, Uint8Array>> {
  const contents = await Promise.all(
    manifest.files.map((file) =>
      fetchFile(new URL(encodeURIComponent(file.name), manifest.folder), file, tally, options),
    ),
  );
  const files = new Map([['manifest.json', manifest.content]]);
  manifest.files.forEach(({ name }, index) => files.set(name, contents[index]!));
  return files;
}

async function fetchFile(url: URL, file: ArtifactFile, tally: Tally, options: FetchOptions): Promise<Uint8Array> {
  const response = await fetchOk(url, options);
  const content = new Uint8Array(file.bytes);
  let length = 0;
  for await (const chunk of chunksOf(response, url)) {
    if (length + chunk.length <= content.length) content.set(chunk, length);
    length += chunk.length;
    tally.arrived(file.name, chunk.length);
  }
  if (length !== file.bytes) {
    throw new InglenookError(
      'artifact_corrupt',
      `${url} has ${length} bytes, its manifest says ${file.bytes}; deploy the folder again as a whole`,
    );
  }
  return content;
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
