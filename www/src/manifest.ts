// The manifest of an artifact, as far as downloading needs it: which files there are, how long they are, and the SHA-256 of each piece.
import { InglenookError } from './errors.js';

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
  content: Uint8Array<ArrayBuffer>;
  files: ArtifactFile[];
}

/** A piece of a file. */
export interface Chunk {
  hash: string;
  /** Where it begins in its file. */
  start: number;
  bytes: number;
}

export function parseManifest(folder: URL, content: Uint8Array<ArrayBuffer>): Manifest {
  const url = new URL('manifest.json', folder);
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

/** The chunks of one file. */
export function chunksOfFile({ bytes, hashes, chunkBytes }: ArtifactFile): Chunk[] {
  return hashes.map((hash, index) => {
    const start = index * chunkBytes;
    return { hash, start, bytes: Math.min(chunkBytes, bytes - start) };
  });
}

/** The chunks of all files. */
export function chunksOf({ files }: Manifest): Chunk[] {
  return files.flatMap(chunksOfFile);
}

/** Where the browser hashes for us: on https and on localhost. Elsewhere the wasm module does it. */
export const CAN_HASH = globalThis.crypto?.subtle !== undefined;

/** In lower-case hexadecimal digits. The browser copies what it hashes before it answers: a view need not last. */
export async function sha256(content: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
