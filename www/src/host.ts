// One engine with its storage, and the pages that it serves. Does what it is asked strictly one call after another: encoding is
// asynchronous, and a like recorded in the middle of a search must not change what the search sees.
import { recallTimings, rememberTimings } from './device-timings.js';
import { emptyEdition, withItems, withoutItems } from './edition.js';
import { InglenookError } from './errors.js';
import { Engine } from './inglenook.js';
import { fetchManifest } from './fetching.js';
import { sha256, CAN_HASH, type Manifest } from './manifest.js';
import { documentOf, entriesOf, historyOf, merged, without } from './profile.js';
import type { Call, FromWorker, Input, Load, Measured, Operation, Output } from './protocol.js';
import { fetchNewer, memoryBytes, startEngine, type Started } from './start.js';
import { type EditionRecord, Storage } from './storage.js';
import { heedTrap, trapped, untilTrapped } from './trap.js';
import type { EncodeEvent, Interaction, ProgressEvent, Status } from './types.js';

/** A page that an engine serves. */
export interface Session {
  post(message: FromWorker): void;
}

/** What a call may say and must heed while it is under way. */
interface Course {
  signal: AbortSignal;
  progress(event: EncodeEvent): void;
}

type Served = Exclude<Operation, 'load'>;
type Handlers = { [O in Served]: (input: Input<O>, course: Course) => Output<O> | Promise<Output<O>> };

interface Waiting {
  session: Session;
  call: Call<Served>;
  cancel: AbortController;
}

/** Items that are embedded at a time: other calls come in between. */
const BATCH = 16;

/** Measuring devices takes tenths of a second; it waits until nothing has been asked for this long. */
const REST_MS = 200;

export class Host {
  readonly #load: Load;
  readonly #isShared: boolean;
  readonly #started: Started;
  readonly #storage: Storage;
  readonly #sessions = new Set<Session>();
  readonly #queue: Waiting[] = [];
  /** Of calls that have begun. */
  readonly #underWay = new Set<Waiting>();
  #isBusy = false;
  #isChoosing = false;
  #isClosed = false;
  readonly #closing = new AbortController();
  #catalog: Manifest | null;
  #catalogVersion: string | null = null;
  #history: Interaction[] = [];
  #edition: EditionRecord;
  /** The last query's embedding: every like made during a search ranks again for the same words. */
  #lastQuery: { text: string; embedding: Float32Array } | null = null;
  readonly #measured: Measured = { lastEncodeMs: null, lastRankMs: null, memoryBytes: 0 };
  /** Whether `auto` has still to be decided. Until then the CPU serves, so that the first recommendation does not wait for a GPU. */
  #choiceIsDue: boolean;
  /** What pages were told last, to tell them of changes. */
  #lastTold = '';

  /** Downloads, checks and starts an engine, and opens what is kept about its reader. */
  static async start(
    load: Load,
    isShared: boolean,
    signal: AbortSignal,
    onProgress: (event: ProgressEvent) => void,
  ): Promise<Host> {
    const { model, catalog, device, storage: choice, key } = load;
    // First: a profile that is locked need not wait for a download.
    const storage = await Storage.open({ ...choice, key });
    try {
      const isKept = choice.kind === 'persistent';
      const start = { model, catalog, usesGpu: device === 'webgpu', isKept, signal };
      const started = await startEngine(start, onProgress);
      const host = new Host(load, isShared, started, storage);
      await host.#begin();
      return host;
    } catch (error) {
      storage.close();
      throw error;
    }
  }

  private constructor(load: Load, isShared: boolean, started: Started, storage: Storage) {
    this.#load = load;
    this.#isShared = isShared;
    this.#started = started;
    this.#storage = storage;
    this.#catalog = started.catalog;
    this.#choiceIsDue = load.device === 'auto';
    this.#edition = emptyEdition(started.engine.status().model);
    storage.onOutsideChange = () => this.#runBetween(() => this.#readStorage());
  }

  async #begin(): Promise<void> {
    const { engine, gpu, latest } = this.#started;
    this.#catalogVersion = await versionOf(this.#catalog);
    if (this.#load.device !== 'auto') await engine.chooseDevices(this.#load.device, null, await gpu);
    await this.#readStorage();
    this.#measured.memoryBytes = await memoryBytes();
    this.#lastTold = this.#lasting();
    void latest?.then((manifests) => manifests && this.#adopt(manifests)).catch(() => {});
  }

  get engine(): Engine {
    return this.#started.engine;
  }

  status(): Status {
    const storage = this.#storage.status;
    const problem = this.#storage.problem ?? this.#started.store?.problem ?? this.#storeProblem();
    return {
      ...this.engine.status(),
      catalogVersion: this.#catalogVersion,
      storage: {
        ...storage,
        artifacts: this.#started.store && !this.#started.store.problem ? 'persistent' : 'memory',
        problem: problem && problem.toPlain(),
      },
      isShared: this.#isShared,
      ...this.#measured,
    };
  }

  #storeProblem(): InglenookError | null {
    if (this.#load.storage.kind === 'memory' || this.#started.store) return null;
    const reason = CAN_HASH ? 'the browser gives this page no Cache Storage' : 'the page is not served securely';
    return new InglenookError('storage_unavailable', `downloads are not kept for the next visit: ${reason}`);
  }

  /** Whether a page that brings this key may join. */
  opensWith(key: CryptoKey | null): Promise<boolean> {
    return this.#storage.opensWith(key);
  }

  join(session: Session): void {
    this.#sessions.add(session);
  }

  /** Lets a page go; says whether it was the last one. */
  leave(session: Session): boolean {
    this.#sessions.delete(session);
    for (const waiting of [...this.#queue, ...this.#underWay]) if (waiting.session === session) this.#take(waiting);
    if (this.#sessions.size > 0) return false;
    this.#isClosed = true;
    this.#closing.abort();
    this.#storage.close();
    this.#free();
    return true;
  }

  ask(session: Session, call: Call<Served>): void {
    this.#queue.push({ session, call, cancel: new AbortController() });
    void this.#drain();
  }

  skip(session: Session, id: number): void {
    for (const waiting of [...this.#queue, ...this.#underWay]) {
      if (waiting.session === session && waiting.call.id === id) this.#take(waiting);
    }
  }

  /** Takes a call back: out of the queue, or by telling it. */
  #take(waiting: Waiting): void {
    const index = this.#queue.indexOf(waiting);
    if (index >= 0) this.#queue.splice(index, 1);
    waiting.cancel.abort();
  }

  readonly #handlers: Handlers = {
    recommend: async ({ request, query }) => {
      const embedding = await this.#embeddingOf(query);
      return this.#timed('lastRankMs', () => this.engine.recommend(request, embedding));
    },

    similar: ({ itemId, request }) => {
      this.#require(itemId);
      return this.#timed('lastRankMs', () =>
        this.engine.recommend({ diversity: 0, ...request, like: [itemId], ignoreHistory: true }),
      );
    },

    search: async ({ text, request }) => {
      if (!text.trim()) return [];
      const embedding = await this.#embeddingOf(text);
      return this.#timed('lastRankMs', () =>
        this.engine.recommend({ diversity: 0, ...request, ignoreHistory: true }, embedding),
      );
    },

    explain: async ({ itemId, request, query }) => {
      this.#require(itemId);
      return this.engine.explain(itemId, request, await this.#embeddingOf(query));
    },

    encode: async (texts) => {
      const rows = await this.#encode(texts);
      const { dimensions } = this.engine.status();
      return texts.map((_, row) => rows.slice(row * dimensions, (row + 1) * dimensions));
    },

    record: (interaction) => this.#changeHistory((history) => [...history, interaction], interaction),

    getProfile: () => entriesOf(this.#history, (ids) => this.engine.items(ids)),

    editProfile: (interaction) =>
      this.#changeHistory((history) => [...without(history, interaction.itemId), interaction], interaction),

    removeFromProfile: async (itemId) => {
      const wasThere = this.#history.some((interaction) => interaction.itemId === itemId);
      if (wasThere) await this.#changeHistory((history) => without(history, itemId));
      return wasThere;
    },

    exportProfile: () => documentOf(this.#storage.name, this.#history),

    importProfile: ({ document, mode }) => {
      const imported = historyOf(document);
      return this.#changeHistory((history) => (mode === 'merge' ? merged(history, imported) : imported));
    },

    resetProfile: () => this.#changeHistory(() => []),

    addItems: async (items, course) => {
      const texts = Engine.textsOf(JSON.stringify(items));
      const vectors = await this.#encodeInBatches(texts, course);
      await this.#changeEdition((edition) => withItems(edition, items, vectors));
    },

    removeItems: async (itemIds) => {
      const before = this.engine.status().items;
      await this.#changeEdition((edition) => withoutItems(edition, itemIds));
      return before - this.engine.status().items;
    },

    items: (itemIds) => this.engine.items(itemIds),

    exportCatalog: () => this.engine.exportCatalog(),

    update: async (_, { signal }) => {
      if (!this.#catalog) return false;
      const { folder } = this.#catalog;
      const manifest = await fetchManifest(folder, { cache: 'no-cache', signal });
      return this.#adoptCatalog(manifest, signal, async (swap) => swap());
    },

    codeFiles: () => {
      const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
      // What a module imports is not among them. A bundler may have put it into the worker's own file: then there is nothing to keep.
      const here = import.meta.url;
      loaded.push(new URL('./inglenook.js', here).href);
      const folders = [this.#load.model, this.#load.catalog ?? this.#load.model];
      return [self.location.href, ...loaded].filter((file) => !folders.some((folder) => file.startsWith(folder)));
    },
  };

  #require(itemId: string): void {
    if (this.engine.items([itemId])[0]) return;
    const { items } = this.engine.status();
    throw new InglenookError(
      'unknown_item',
      `unknown item: found id "${itemId}", expected one of the catalog's ${items} ids`,
    );
  }

  async #embeddingOf(query: string | null): Promise<Float32Array | undefined> {
    if (query === null) return undefined;
    if (this.#lastQuery?.text !== query) this.#lastQuery = { text: query, embedding: await this.#encode([query]) };
    return this.#lastQuery.embedding;
  }

  #encode(texts: string[]): Promise<Float32Array<ArrayBuffer>> {
    return this.#timed('lastEncodeMs', () => this.engine.encode(texts));
  }

  async #encodeInBatches(texts: string[], { signal, progress }: Course): Promise<Float32Array<ArrayBuffer>> {
    const { dimensions } = this.engine.status();
    const vectors = new Float32Array(texts.length * dimensions);
    for (let done = 0; done < texts.length;) {
      const batch = texts.slice(done, done + BATCH);
      vectors.set(await this.engine.encode(batch), done * dimensions);
      done += batch.length;
      progress({ stage: 'encode', doneItems: done, totalItems: texts.length });
      // A page that waits for a list does not wait for the whole of another's catalog. Messages come in when the worker rests.
      await new Promise((resolve) => setTimeout(resolve));
      if (done < texts.length) await this.#serveQueue();
      signal.throwIfAborted();
    }
    return vectors;
  }

  async #timed<T>(timing: 'lastEncodeMs' | 'lastRankMs', work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const value = await work();
    this.#measured[timing] = performance.now() - start;
    return value;
  }

  /** Changes the profile, in all tabs; `news`, if any, must be about an item that is there. */
  async #changeHistory(change: (history: Interaction[]) => Interaction[], news?: Interaction): Promise<void> {
    if (news) this.engine.check(news);
    await this.#storage.change('profiles', (present) => {
      const interactions = change(present?.interactions ?? []);
      // Before anything is stored: what the engine does not take is no profile.
      this.engine.setHistory(interactions);
      this.#history = interactions;
      return interactions.length > 0 ? { interactions } : null;
    });
    this.#tell({ type: 'profile' });
  }

  async #changeEdition(change: (edition: EditionRecord) => EditionRecord): Promise<void> {
    await this.#storage.change('editions', async (present) => {
      const edition = change(await this.#suited(present));
      await this.#apply(edition);
      return edition.items.length + edition.removed.length > 0 ? edition : null;
    });
  }

  async #apply(edition: EditionRecord): Promise<void> {
    await this.engine.setEdition(JSON.stringify(edition.items), edition.vectors, edition.removed);
    this.#edition = edition;
  }

  /** The edition with vectors of this model: those of another are made anew from the items' texts. */
  async #suited(edition: EditionRecord | null): Promise<EditionRecord> {
    const { model } = this.engine.status();
    if (!edition) return emptyEdition(model);
    if (edition.model === model) return edition;
    return { ...edition, model, vectors: await this.engine.encode(Engine.textsOf(JSON.stringify(edition.items))) };
  }

  /** Takes over what storage holds. */
  async #readStorage(): Promise<void> {
    const [profile, stored] = [await this.#storage.read('profiles'), await this.#storage.read('editions')];
    const history = profile?.interactions ?? [];
    if (JSON.stringify(history) !== JSON.stringify(this.#history)) {
      this.engine.setHistory(history);
      this.#history = history;
      this.#tell({ type: 'profile' });
    }
    const edition = await this.#suited(stored);
    const isSame =
      JSON.stringify([edition.items, edition.removed]) === JSON.stringify([this.#edition.items, this.#edition.removed]);
    if (!isSame) await this.#apply(edition);
  }

  /** Brings this browser up to what the server has now, where that is something else than what the engine began with. */
  async #adopt([model, catalog]: Manifest[]): Promise<void> {
    const { store } = this.#started;
    const { signal } = this.#closing;
    const isNewModel = !isSame(model!, this.#started.model);
    // A new model serves from the next visit on; its files are made ready now.
    if (isNewModel) (await fetchNewer(model!, store, signal)).free();
    if (catalog) {
      await this.#adoptCatalog(catalog, signal, (swap) => this.#runBetween(swap)).catch((error: unknown) => {
        // A catalog of the new model: it, too, serves from the next visit on.
        if (!isNewModel) throw error;
      });
    }
    await store?.commit([model!, ...(catalog ? [catalog] : [])]);
  }

  async #adoptCatalog(
    manifest: Manifest,
    signal: AbortSignal,
    between: (swap: () => Promise<void>) => Promise<void>,
  ): Promise<boolean> {
    if (this.#catalog && isSame(manifest, this.#catalog)) return false;
    const files = await fetchNewer(manifest, this.#started.store, signal);
    if (this.#isClosed) return false;
    await between(async () => {
      await this.engine.replaceCatalog(files);
      this.#catalog = manifest;
      this.#catalogVersion = await versionOf(manifest);
    });
    await this.#started.store?.commit([manifest]);
    return true;
  }

  /** Does `work` when no call is under way. */
  async #runBetween(work: () => Promise<void>): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#between.push(() => work().then(resolve, reject));
      void this.#drain();
    });
  }
  readonly #between: (() => Promise<void>)[] = [];

  async #drain(): Promise<void> {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    await this.#serveQueue();
    for (let work = this.#between.shift(); work; work = this.#between.shift()) {
      await work();
      await this.#serveQueue();
    }
    this.#isBusy = false;
    this.#free();
    this.#tellStatus();
    if (this.#choiceIsDue && !this.#isClosed) setTimeout(() => void this.#chooseDevices(), REST_MS);
  }

  async #serveQueue(): Promise<void> {
    for (let waiting = this.#queue.shift(); waiting && !trapped(); waiting = this.#queue.shift()) {
      this.#underWay.add(waiting);
      await this.#answer(waiting);
      this.#underWay.delete(waiting);
    }
  }

  async #answer({ session, call, cancel }: Waiting): Promise<void> {
    const { id, operation, input } = call;
    const course: Course = {
      signal: cancel.signal,
      progress: (event) => session.post({ type: 'progress', id, event }),
    };
    try {
      const handler = this.#handlers[operation] as (input: unknown, course: Course) => Promise<Output<Served>>;
      const value = await untilTrapped(async () => handler(input, course));
      this.#measured.memoryBytes = await memoryBytes();
      this.#tellStatus();
      session.post({ type: 'value', id, value, measured: this.#measured });
    } catch (thrown) {
      heedTrap(thrown);
      session.post({ type: 'error', id, error: InglenookError.from(thrown).toPlain() });
    }
  }

  async #chooseDevices(): Promise<void> {
    if (!this.#choiceIsDue || this.#isBusy || this.#isClosed) return;
    this.#choiceIsDue = false;
    this.#isChoosing = true;
    const { model } = this.engine.status();
    const isKept = this.#started.store !== null;
    // Calls are answered meanwhile, by the CPU.
    try {
      await this.engine.chooseDevices('auto', isKept ? await recallTimings(model) : null, undefined);
      const { timings } = this.engine.status();
      if (timings && isKept) await rememberTimings(model, timings);
      this.#tellStatus();
    } catch (thrown) {
      heedTrap(thrown);
    }
    this.#isChoosing = false;
    this.#free();
  }

  /** Once the last page is gone and nothing is under way. */
  #free(): void {
    if (!this.#isClosed || this.#isBusy || this.#isChoosing || trapped()) return;
    this.engine.free();
  }

  /** Tells of a change that no answer brings: a GPU lost or chosen, another catalog, storage that is full. */
  #tellStatus(): void {
    if (trapped() || this.#isClosed) return;
    const lasting = this.#lasting();
    if (lasting === this.#lastTold) return;
    this.#lastTold = lasting;
    this.#tell({ type: 'status', status: this.status() });
  }

  /** The status without what changes with every call. */
  #lasting(): string {
    return JSON.stringify({ ...this.status(), lastEncodeMs: null, lastRankMs: null, memoryBytes: 0 });
  }

  #tell(message: FromWorker): void {
    for (const session of this.#sessions) session.post(message);
  }
}

async function versionOf(manifest: Manifest | null): Promise<string | null> {
  if (!manifest) return null;
  return CAN_HASH ? (await sha256(manifest.content)).slice(0, 12) : 'unknown';
}

function isSame(a: Manifest, b: Manifest): boolean {
  return a.content.length === b.content.length && a.content.every((byte, index) => byte === b.content[index]);
}
