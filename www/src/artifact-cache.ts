// What this browser keeps of models and catalogs: manifests by their folder, and the pieces of files by their SHA-256. So a download that
// broke off goes on where it stopped, a new version brings only what is new in it, and two artifacts share what they have in common.
import { InglenookError } from './errors.js';
import { chunksOf, parseManifest, sha256, type Manifest } from './manifest.js';
import type { CacheInfo } from './types.js';

const CACHE = 'inglenook';

// Names in the cache, which wants addresses; never requested.
const CHUNK = '/inglenook/chunk/';
const MANIFEST = '/inglenook/manifest?folder=';
/** Of a version whose files are not all here yet. */
const PENDING = '/inglenook/pending?folder=';

export class ArtifactCache {
  readonly #cache: Cache;
  /** Hashes of the chunks that are here. */
  readonly #chunks: Set<string>;
  /** Why nothing more is stored; null while there is room. */
  problem: InglenookError | null = null;

  private constructor(cache: Cache, chunks: Set<string>) {
    this.#cache = cache;
    this.#chunks = chunks;
  }

  /** Null where the browser has no such storage for this page: when it is not served securely, or in some private windows. */
  static async open(): Promise<ArtifactCache | null> {
    try {
      const cache = await caches.open(CACHE);
      const paths = (await cache.keys()).map(({ url }) => new URL(url).pathname);
      const chunks = paths.filter((path) => path.startsWith(CHUNK)).map((path) => path.slice(CHUNK.length));
      return new ArtifactCache(cache, new Set(chunks));
    } catch {
      return null;
    }
  }

  has(hash: string): boolean {
    return this.#chunks.has(hash);
  }

  /** A chunk that is what its name says; null where it is not here, or damaged. */
  async chunk(hash: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const response = await this.#cache.match(CHUNK + hash).catch(() => undefined);
    const content = response && new Uint8Array(await response.arrayBuffer());
    if (content && (await sha256(content)) === hash) return content;
    this.#chunks.delete(hash);
    return null;
  }

  /** Keeps a chunk, if there is room. `content` is read before this returns. */
  async keepChunk(hash: string, content: Uint8Array<ArrayBuffer>): Promise<void> {
    if (!this.has(hash) && (await this.#put(CHUNK + hash, content))) this.#chunks.add(hash);
  }

  /** The manifest of a folder, if every one of its files is here. */
  async completeManifest(folder: URL): Promise<Manifest | null> {
    const manifest = await this.#manifest(MANIFEST, folder.href);
    return manifest && this.#hasAll(manifest) ? manifest : null;
  }

  /** Notes which files are about to come, so that those that have come are not taken for waste. */
  async expect(manifest: Manifest): Promise<void> {
    await this.#put(PENDING + encodeURIComponent(manifest.folder.href), manifest.content);
  }

  /** Makes these the versions to begin with next time, and forgets what belongs to no version any more. */
  async commit(manifests: Manifest[]): Promise<void> {
    if (this.problem) return;
    for (const { folder, content } of manifests) {
      const name = encodeURIComponent(folder.href);
      if (await this.#put(MANIFEST + name, content)) await this.#cache.delete(PENDING + name);
    }
    await this.#prune();
  }

  async info(): Promise<CacheInfo> {
    const sizes = new Map<string, number>();
    const artifacts = new Map<string, Manifest>();
    // What is complete counts before what is on its way.
    for (const prefix of [PENDING, MANIFEST]) {
      for (const folder of await this.#folders(prefix)) {
        const manifest = await this.#manifest(prefix, folder);
        if (manifest) artifacts.set(folder, manifest);
        for (const { hash, bytes } of manifest ? chunksOf(manifest) : []) if (this.has(hash)) sizes.set(hash, bytes);
      }
    }
    return {
      artifacts: [...artifacts].map(([url, manifest]) => ({
        url,
        bytes: chunksOf(manifest).reduce((sum, { hash, bytes }) => sum + (this.has(hash) ? bytes : 0), 0),
        isComplete: this.#hasAll(manifest),
      })),
      bytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0),
    };
  }

  async delete(folder: string | null): Promise<boolean> {
    if (folder === null) return caches.delete(CACHE);
    const name = encodeURIComponent(folder);
    const deleted = await Promise.all([MANIFEST, PENDING].map((prefix) => this.#cache.delete(prefix + name)));
    await this.#prune();
    return deleted.includes(true);
  }

  async #prune(): Promise<void> {
    const needed = new Set<string>();
    for (const prefix of [PENDING, MANIFEST]) {
      for (const folder of await this.#folders(prefix)) {
        const manifest = await this.#manifest(prefix, folder);
        for (const { hash } of manifest ? chunksOf(manifest) : []) needed.add(hash);
      }
    }
    for (const hash of [...this.#chunks].filter((hash) => !needed.has(hash))) {
      await this.#cache.delete(CHUNK + hash);
      this.#chunks.delete(hash);
    }
  }

  #hasAll(manifest: Manifest): boolean {
    return chunksOf(manifest).every(({ hash }) => this.has(hash));
  }

  async #folders(prefix: string): Promise<string[]> {
    const addresses = (await this.#cache.keys()).map(({ url }) => new URL(url));
    const found = addresses.filter(({ pathname, search }) => (pathname + search).startsWith(prefix));
    return found.flatMap(({ searchParams }) => searchParams.get('folder') ?? []);
  }

  async #manifest(prefix: string, folder: string): Promise<Manifest | null> {
    try {
      const response = await this.#cache.match(prefix + encodeURIComponent(folder));
      return response ? parseManifest(new URL(folder), new Uint8Array(await response.arrayBuffer())) : null;
    } catch {
      // Written by another release: fetched again.
      return null;
    }
  }

  async #put(address: string, content: Uint8Array<ArrayBuffer>): Promise<boolean> {
    if (this.problem) return false;
    try {
      await this.#cache.put(address, new Response(content));
      return true;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const isFull = cause instanceof DOMException && cause.name === 'QuotaExceededError';
      this.problem = new InglenookError(
        isFull ? 'storage_full' : 'storage_unavailable',
        `downloads are not kept for the next visit: ${reason}`,
        { cause },
      );
      return false;
    }
  }
}
