/**
 * Recommendations computed in the reader's own browser: a client for the worker that owns the engine.
 *
 * ```ts
 * const recommender = await createRecommender({ catalog: '/catalog/', model: '/model/' });
 * await recommender.record({ itemId: '2571', kind: 'like' });
 * const films = await recommender.recommend({ query: 'a quiet film about the sea', k: 10 });
 * ```
 *
 * @module
 */
import { ArtifactCache } from './artifact-cache.js';
import { absolute, cancelled, Connection, openLine } from './connection.js';
import { InglenookError } from './errors.js';
import { holdLock } from './locks.js';
import { keepOffline } from './offline.js';
import { openingOf } from './popular.js';
import type { Load } from './protocol.js';
import type {
  AddOptions,
  CacheInfo,
  CallOptions,
  EngineRequest,
  ListRequest,
  NewInteraction,
  NewItem,
  Profile,
  Recommendation,
  Recommender,
  RecommenderOptions,
  RecommendRequest,
  Status,
  StorageOptions,
} from './types.js';

export { InglenookError, type ErrorCode } from './errors.js';
export type * from './types.js';

/**
 * Downloads the model and the catalog, checks them, and starts the engine in a worker, which all tabs of the site share. What was downloaded
 * before is not downloaded again.
 *
 * @throws {InglenookError} `network`, `artifact_corrupt`, `artifact_incompatible`, `backend_unavailable`, `profile_locked`, `invalid_input` or
 * `cancelled`.
 */
export async function createRecommender(options: RecommenderOptions): Promise<Recommender> {
  const { shared = true, worker, signal, onProgress, onStatus } = options;
  if (signal?.aborted) throw cancelled('loading was cancelled before it began');
  const load = loadOf(options);
  const line = openLine(worker, shared);
  // Listens from now on: a worker that cannot start says so once.
  const connection = new Connection(line);
  const lock = line.isShared ? await holdLock('page') : null;
  try {
    const input = { ...load, pageLock: lock?.name ?? null };
    const status = await connection.call('load', input, { signal, onProgress });
    return new WorkerRecommender(connection, status, lock?.release ?? (() => {}), onStatus);
  } catch (error) {
    // Ends downloads under way, too.
    connection.close('loading failed');
    lock?.release();
    throw error;
  }
}

/**
 * The best-known items of a catalog, of different kinds, best first: a first shelf, before an engine is there. It needs two small files of the
 * catalog and nothing else; `recommend` gives the same list to a reader of whom nothing is known. At most 60; none where the catalog was not
 * built by the command line.
 *
 * @throws {InglenookError} `network`, `artifact_corrupt`, `artifact_incompatible`.
 */
export function popular(
  catalog: string | URL,
  request: Omit<ListRequest, 'diversity'> = {},
  options: CallOptions = {},
): Promise<Recommendation[]> {
  return openingOf(new URL(directory(catalog)), request, options).catch((thrown: unknown) => {
    if (options.signal?.aborted) throw cancelled('popular was cancelled');
    throw InglenookError.from(thrown);
  });
}

/** What this browser keeps of models and catalogs, of all recommenders of the site. */
export async function cacheInfo(): Promise<CacheInfo> {
  return (await ArtifactCache.open())?.info() ?? { artifacts: [], bytes: 0 };
}

/**
 * Deletes the downloads of one folder or, if none is named, of all; says whether there was anything. Profiles are not touched, and an
 * engine that runs goes on.
 */
export async function deleteCache(folder?: string | URL): Promise<boolean> {
  return (await ArtifactCache.open())?.delete(folder === undefined ? null : directory(folder)) ?? false;
}

class WorkerRecommender implements Recommender {
  readonly profile: Profile;
  readonly #connection: Connection;
  readonly #release: () => void;
  #status: Status;

  constructor(connection: Connection, status: Status, release: () => void, onStatus?: (status: Status) => void) {
    this.#connection = connection;
    this.#status = status;
    this.#release = release;
    this.profile = new WorkerProfile(connection);
    connection.onStatus = (changed) => {
      this.#status = changed;
      onStatus?.(this.status());
    };
  }

  recommend(request: RecommendRequest = {}, options?: CallOptions) {
    return this.#connection.call('recommend', split(request), options);
  }

  similar(itemId: string, request: ListRequest = {}, options?: CallOptions) {
    return this.#connection.call('similar', { itemId, ...split(request) }, options);
  }

  search(text: string, request: ListRequest = {}, options?: CallOptions) {
    return this.#connection.call('search', { text, ...split(request) }, options);
  }

  explain(itemId: string, request: RecommendRequest = {}, options?: CallOptions) {
    return this.#connection.call('explain', { itemId, ...split(request) }, options);
  }

  record(interaction: NewInteraction) {
    return this.#connection.call('record', dated(interaction));
  }

  encode(texts: string[], options?: CallOptions) {
    return this.#connection.call('encode', texts, options);
  }

  addItems(items: NewItem[], options?: AddOptions) {
    return this.#connection.call('addItems', items, options);
  }

  removeItems(itemIds: string[]) {
    return this.#connection.call('removeItems', itemIds);
  }

  items(itemIds: string[]) {
    return this.#connection.call('items', itemIds);
  }

  exportCatalog() {
    return this.#connection.call('exportCatalog', null);
  }

  update(options?: CallOptions) {
    return this.#connection.call('update', null, options);
  }

  async keepOffline(serviceWorker: string | URL) {
    const url = absolute(serviceWorker);
    await keepOffline(url, await this.#connection.call('codeFiles', null));
  }

  status(): Status {
    return { ...this.#status, ...this.#connection.measured };
  }

  dispose() {
    this.#connection.close('this recommender was disposed');
    this.#release();
  }
}

class WorkerProfile implements Profile {
  readonly #connection: Connection;
  readonly #listeners = new Set<() => void>();

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.onProfile = () => {
      for (const listener of [...this.#listeners]) listener();
    };
  }

  get() {
    return this.#connection.call('getProfile', null);
  }

  edit(interaction: NewInteraction) {
    return this.#connection.call('editProfile', dated(interaction));
  }

  remove(itemId: string) {
    return this.#connection.call('removeFromProfile', itemId);
  }

  export() {
    return this.#connection.call('exportProfile', null);
  }

  import(document: unknown, mode: 'replace' | 'merge' = 'replace') {
    return this.#connection.call('importProfile', { document, mode });
  }

  reset() {
    return this.#connection.call('resetProfile', null);
  }

  subscribe(listener: () => void) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

function loadOf({ catalog, model, device = 'auto', storage = {} }: RecommenderOptions): Omit<Load, 'pageLock'> {
  const folder = catalog === undefined ? null : directory(catalog);
  const options: StorageOptions = typeof storage === 'string' ? { kind: storage } : storage;
  const { kind = 'persistent', name = folder === null ? '/' : new URL(folder).pathname, key = null } = options;
  if (kind !== 'persistent' && kind !== 'memory') {
    throw new InglenookError('invalid_input', `storage: found "${String(kind)}", expected persistent or memory`);
  }
  if (key !== null && !(key instanceof CryptoKey && key.algorithm.name === 'AES-GCM')) {
    throw new InglenookError('invalid_input', 'storage.key: expected a CryptoKey for AES-GCM');
  }
  return { model: directory(model), catalog: folder, device, storage: { kind, name }, key };
}

function dated({ itemId, kind, timestamp = Date.now() }: NewInteraction) {
  return { itemId, kind, timestampMs: timestamp };
}

/** The parts of a request that the engine takes, with time stated, and the query beside them. */
function split({ query, now = Date.now(), filter = {}, ...options }: RecommendRequest): {
  request: EngineRequest;
  query: string | null;
} {
  const request = { ...stated(options), filter: stated(filter), nowMs: now };
  return { request, query: query?.trim() ? query : null };
}

/** Without options whose value is undefined: to the engine they would be values of the wrong type. */
function stated<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function directory(url: string | URL): string {
  const { href } = absolute(url);
  return href.endsWith('/') ? href : `${href}/`;
}
