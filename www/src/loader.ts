// Fetches artifact folders and the wasm module, counting bytes. Sizes and SHA-256 are checked here, where the browser's own code does it many
// times faster than wasm; what the bytes mean is for the wasm module to judge.
import type { ArtifactCache } from './artifact-cache.js';
import { InglenookError } from './errors.js';
import { fetchOk, interrupted } from './fetching.js';
import { Files } from './inglenook.js';
import { CAN_HASH, chunksOfFile, sha256, type ArtifactFile, type Chunk, type Manifest } from './manifest.js';
import type { ProgressEvent } from './types.js';

export interface FetchOptions {
  /** How the browser's own cache is used. */
  cache: RequestCache;
  signal: AbortSignal;
  /** Where chunks are kept, if anywhere. */
  store: ArtifactCache | null;
}

/** A download that breaks off is taken up again this often, as long as each attempt brings something. */
const FRUITLESS_ATTEMPTS = 2;

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

/** Neighboring chunks that are fetched with one request. */
interface Span {
  chunks: Chunk[];
  response: Promise<Response>;
}

/** A file on its way. */
export interface RequestedFile {
  file: ArtifactFile;
  url: URL;
  /** In the order of the file: chunks that are kept here, and spans that are not. */
  parts: (Chunk | Span)[];
}

/** What the GPU's kernels depend on: it comes first, so that they are compiled while the rest is on its way. */
export const CONFIG = 'config.json';

/** Asks for every file of the manifest, or for what is not here of it: the configuration, then the others, largest first. */
export function requestFiles({ files, folder }: Manifest, options: FetchOptions): RequestedFile[] {
  const isConfig = ({ name }: ArtifactFile) => Number(name === CONFIG);
  const inOrder = files.toSorted((a, b) => isConfig(b) - isConfig(a) || b.bytes - a.bytes);
  return inOrder.map((file) => {
    const url = new URL(encodeURIComponent(file.name), folder);
    const parts: (Chunk | Chunk[])[] = [];
    for (const chunk of chunksOfFile(file)) {
      const last = parts.at(-1);
      if (options.store?.has(chunk.hash)) parts.push(chunk);
      else if (Array.isArray(last)) last.push(chunk);
      else parts.push([chunk]);
    }
    const request = (chunks: Chunk[]): Span => ({ chunks, response: fetchSpan(url, file, chunks, options) });
    return { file, url, parts: parts.map((part) => (Array.isArray(part) ? request(part) : part)) };
  });
}

function fetchSpan(url: URL, file: ArtifactFile, chunks: Chunk[], { cache, signal }: FetchOptions): Promise<Response> {
  const start = chunks[0]!.start;
  const end = chunks.at(-1)!.start + chunks.at(-1)!.bytes;
  const isWhole = start === 0 && end === file.bytes;
  const response = fetchOk(url, {
    cache,
    signal,
    ...(!isWhole && { headers: { range: `bytes=${start}-${end - 1}` } }),
  });
  // Told where it is awaited.
  response.catch(() => {});
  return response;
}

/**
 * The files and the manifest, in the wasm module's memory, which must be compiled by now. `onFile` is told of each file that has arrived and
 * is sound.
 */
export async function receiveFiles(
  manifest: Manifest,
  requested: RequestedFile[],
  tally: Tally,
  options: FetchOptions,
  onFile?: (name: string, files: Files) => void,
): Promise<Files> {
  const files = new Files();
  files.allocate('manifest.json', manifest.content.length);
  files.write('manifest.json', 0, manifest.content);
  const kept = requested.flatMap(({ parts }) => parts.flatMap((part) => ('hash' in part ? part.hash : [])));
  const isComing = requested.some(({ parts }) => parts.some((part) => 'response' in part));
  if (isComing) await options.store?.expect(manifest);
  const ahead = new ReadAhead(options.store, kept);
  for (const { file, url, parts } of requested) {
    files.allocate(file.name, file.bytes);
    const receiver = new Receiver(url, file, files, tally, options, ahead);
    for (const part of parts) await receiver.receive(part);
    onFile?.(file.name, files);
  }
  if (CAN_HASH) files.areHashed();
  return files;
}

/** Chunks that are read from the store before they are needed: some at a time, for all at once would be the whole artifact. */
const READ_AHEAD = 4;

/** Reads kept chunks in the order in which they are needed. */
class ReadAhead {
  readonly #reading: Promise<Uint8Array<ArrayBuffer> | null>[] = [];

  constructor(
    readonly store: ArtifactCache | null,
    readonly hashes: string[],
  ) {
    for (let i = 0; i < READ_AHEAD; i++) this.#readOne();
  }

  next(): Promise<Uint8Array<ArrayBuffer> | null> | undefined {
    this.#readOne();
    return this.#reading.shift();
  }

  #readOne(): void {
    const hash = this.hashes.shift();
    if (!this.store || hash === undefined) return;
    const reading = this.store.chunk(hash);
    // Told where it is awaited.
    reading.catch(() => {});
    this.#reading.push(reading);
  }
}

/** Puts one file together in the wasm module's memory. */
class Receiver {
  /** Checking and keeping one chunk goes on while the next one arrives. */
  #check: Promise<void> = Promise.resolve();

  constructor(
    readonly url: URL,
    readonly file: ArtifactFile,
    readonly files: Files,
    readonly tally: Tally,
    readonly options: FetchOptions,
    readonly ahead: ReadAhead,
  ) {}

  async receive(part: Chunk | Span): Promise<void> {
    if ('hash' in part) {
      const kept = await this.ahead.next();
      this.options.signal.throwIfAborted();
      if (kept?.length === part.bytes) {
        this.files.write(this.file.name, part.start, kept);
        this.tally.arrived(this.file.name, kept.length);
        return;
      }
      part = { chunks: [part], response: fetchSpan(this.url, this.file, [part], this.options) };
    }
    let { chunks, response } = part;
    for (let fruitless = 0; ;) {
      const done = await this.#receiveSpan(chunks, await response).catch(async (thrown: unknown) => {
        await this.#check;
        if (!(thrown instanceof BrokenOff)) throw thrown;
        fruitless = thrown.chunks > 0 ? 0 : fruitless + 1;
        if (fruitless > FRUITLESS_ATTEMPTS || this.options.signal.aborted) throw interrupted(this.url, thrown.cause);
        return thrown.chunks;
      });
      await this.#check;
      if (done === chunks.length) return;
      chunks = chunks.slice(done);
      response = fetchSpan(this.url, this.file, chunks, this.options);
    }
  }

  /** Gives the number of chunks that have come in full: all of them. */
  async #receiveSpan(chunks: Chunk[], response: Response): Promise<number> {
    const start = chunks[0]!.start;
    const end = chunks.at(-1)!.start + chunks.at(-1)!.bytes;
    // A server that does not know ranges sends the whole file: what was not asked for is passed over.
    let position = response.status === 206 ? start : 0;
    const isWhole = position === 0 && end === this.file.bytes;
    let done = 0;
    try {
      for await (const piece of piecesOf(response)) {
        const from = Math.max(start - position, 0);
        const wanted = piece.subarray(Math.min(from, piece.length), Math.max(end - position, 0));
        if (wanted.length > 0) {
          this.files.write(this.file.name, position + from, wanted);
          this.tally.arrived(this.file.name, wanted.length);
        }
        position += piece.length;
        while (done < chunks.length && chunks[done]!.start + chunks[done]!.bytes <= position) {
          // The last chunk of a file waits until the file is known to be as long as it should be.
          if (isWhole && done === chunks.length - 1) break;
          await this.#checkNext(chunks[done++]!);
        }
        if (!isWhole && done === chunks.length) break;
      }
    } catch (cause) {
      if (cause instanceof InglenookError) throw cause;
      throw new BrokenOff(done, cause);
    }
    if (isWhole ? position !== end : position < end) {
      throw new InglenookError(
        'artifact_corrupt',
        `${this.url} has ${position} bytes, its manifest says ${this.file.bytes}; deploy the folder again as a whole`,
      );
    }
    while (done < chunks.length) await this.#checkNext(chunks[done++]!);
    return done;
  }

  async #checkNext(chunk: Chunk): Promise<void> {
    await this.#check;
    this.#check = this.#checkChunk(chunk);
    this.#check.catch(() => {});
  }

  async #checkChunk({ hash, start, bytes }: Chunk): Promise<void> {
    const view = () => this.files.view(this.file.name)?.subarray(start, start + bytes);
    const content = view();
    if (!CAN_HASH || !content) return;
    const found = await sha256(content);
    // Taken anew: the module's memory may have moved meanwhile.
    if (found === hash) return this.options.store?.keepChunk(hash, view()!);
    const part = this.file.hashes.length > 1 ? ` from byte ${start} on` : '';
    throw new InglenookError(
      'artifact_corrupt',
      `${this.url} is corrupt${part}: found SHA-256 ${found}, expected ${hash}; deploy the folder again as a whole`,
    );
  }
}

/** A response that ended before its time, after this many whole chunks. */
class BrokenOff extends Error {
  constructor(
    readonly chunks: number,
    override readonly cause: unknown,
  ) {
    super();
  }
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

/** Bytes that are read at a time, where the browser reads into a buffer of ours: one buffer for a file of any size. */
const READ_BYTES = 1 << 18;

/** The body, piece by piece. A piece is good until the next one. */
async function* piecesOf({ body }: Response): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const { read, cancel } = readerOf(body);
  try {
    while (true) {
      const { done, value } = await read();
      if (value?.length) yield value;
      if (done) return;
    }
  } finally {
    // Where nobody wants the rest.
    await cancel().catch(() => {});
  }
}

interface BodyReader {
  read(): Promise<{ done: boolean; value: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

function readerOf(body: ReadableStream<Uint8Array>): BodyReader {
  try {
    const reader = body.getReader({ mode: 'byob' });
    let buffer = new ArrayBuffer(READ_BYTES);
    return {
      async read() {
        const { done, value } = await reader.read(new Uint8Array(buffer));
        // The buffer travels to the browser and back.
        if (value) buffer = value.buffer;
        return { done, value };
      },
      cancel: () => reader.cancel(),
    };
  } catch {
    const reader = body.getReader();
    return {
      async read() {
        const { done, value } = await reader.read();
        return { done, value };
      },
      cancel: () => reader.cancel(),
    };
  }
}
