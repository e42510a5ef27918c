// Every type that crosses a boundary: between the host page and the client, the client and its worker, the worker and the
// wasm module. The wasm module's own surface is declared in inglenook.d.ts with these same types.
import type { ErrorCode } from './errors.js';

/**
 * Where the work is done. `auto` begins on the CPU, measures a real GPU beside it once the page is at rest, and gives each kind of work to
 * the faster one. `webgpu` waits for the GPU and gives it everything, even one that is emulated in software. Both fall back to
 * the CPU, and `status()` says so and why.
 */
export type Device = 'auto' | 'webgpu' | 'cpu';

export type InteractionKind = 'view' | 'click' | 'like' | 'dislike' | 'purchase';

/** Something the reader did with an item. */
export interface Interaction {
  itemId: string;
  kind: InteractionKind;
  /** Milliseconds since the Unix epoch. */
  timestampMs: number;
}

/** An interaction as a host page states it. */
export interface NewInteraction {
  itemId: string;
  kind: InteractionKind;
  /** Milliseconds since the Unix epoch; now, if left out. */
  timestamp?: number;
}

/** Which items may be recommended, by their tags. Conditions are joined by "and". */
export interface TagFilter {
  /** At least one of these tags. */
  anyOf?: string[];
  /** Every one of these tags. */
  allOf?: string[];
  /** Not one of these tags. */
  noneOf?: string[];
}

/** What every list of items can be asked for. */
export interface ListRequest {
  /** How many items to return, at most: 1 to 1000. Default 10. */
  k?: number;
  /** 0 ranks by relevance alone, 1 by difference from the items above alone. Default: a little, and more without a history. */
  diversity?: number;
  /** Ids of items never to return; unknown ones are ignored. */
  exclude?: string[];
  filter?: TagFilter;
}

export interface RankingOptions extends ListRequest {
  /** Orders items only where nothing else does: no history, no query, no popularity in the catalog. Default 0. */
  seed?: number;
  /** Whether items of the history may come back; disliked ones never do. Default false. */
  includeSeen?: boolean;
  /** Ids of items that count as liked, for this request only. They are not returned, unless `includeSeen` is true. */
  like?: string[];
}

/** A request as a host page states it. */
export interface RecommendRequest extends RankingOptions {
  /** What the reader is looking for, in their own words. Blank is the same as none. */
  query?: string;
  /** The moment from which the age of interactions counts, in milliseconds since the Unix epoch; now, if left out. */
  now?: number;
}

/** A request as the wasm module takes it: time is always stated, and a query travels beside it as an embedding. */
export interface EngineRequest extends RankingOptions {
  nowMs: number;
  /** Whether the profile plays no part, but for items that were disliked: these are never returned. */
  ignoreHistory?: boolean;
}

/** What a score is made of. The parts add up to the score; without interactions, `collaborative` and `sequence` are 0. */
export interface ScoreParts {
  /** Likeness to what the history shows a taste for. */
  content: number;
  /** What others who chose the same items chose. */
  collaborative: number;
  /** What tends to be chosen after the latest items of the history. */
  sequence: number;
  /** Likeness to the words of the query. */
  query: number;
  /** How many people know and like the item. */
  popularity: number;
  /** Likeness to what was disliked; at most 0. */
  feedback: number;
  /** What the item lost for being like others above it in the list, and for being what everybody is shown; at most 0. */
  diversity: number;
}

/** An item of the history that pulled a recommendation up. */
export interface Reason {
  id: string;
  title: string;
  kind: InteractionKind;
  /** In units of the score. */
  contribution: number;
  /** Of everything that pulls the recommendation up, 0 to 1. */
  share: number;
}

export interface Recommendation {
  id: string;
  title: string;
  url?: string;
  image?: string;
  tags: string[];
  score: number;
  parts: ScoreParts;
  /** Largest contribution first. */
  because: Reason[];
}

/** An item that a page adds on the device. At least one of `title` and `text` must not be blank. */
export interface NewItem {
  /** Not empty. An item of the catalog that has this id is replaced. */
  id: string;
  /** What people see; the start of the text, if left out. */
  title?: string;
  /** What is embedded, together with the title. */
  text?: string;
  url?: string;
  image?: string;
  tags?: string[];
  /** Any count of uses, at least 0; only its order of magnitude matters. Default 0. */
  popularity?: number;
}

/** What a catalog shows of an item. */
export interface Item {
  id: string;
  title: string;
  url?: string;
  image?: string;
  tags: string[];
  popularity: number;
}

/** Everything that the profile holds about one item. */
export interface ProfileEntry {
  itemId: string;
  /** The item as the catalog has it; null where the catalog no longer has it: such an entry is kept, and ignored by the ranking. */
  item: Item | null;
  /** What the reader did with it, oldest first. */
  interactions: { kind: InteractionKind; timestampMs: number }[];
}

/** A profile as a document of its own: plain JSON, to be kept or taken elsewhere. */
export interface ProfileDocument {
  format: 'inglenook-profile';
  version: 1;
  /** The name under which it was kept. */
  name: string;
  /** Oldest first. */
  interactions: Interaction[];
}

/** What this browser keeps about the reader. It never leaves it, unless the page sends what `export` gives. */
export interface Profile {
  /** Every item that something was recorded about, the one with the latest interaction first. */
  get(): Promise<ProfileEntry[]>;
  /** Puts one statement in the place of everything recorded about an item: turns a like into a dislike, say. */
  edit(interaction: NewInteraction): Promise<void>;
  /** Forgets everything about an item; says whether there was anything. */
  remove(itemId: string): Promise<boolean>;
  export(): Promise<ProfileDocument>;
  /**
   * Takes in what `export` gave. `replace`, the default, forgets everything else; `merge` keeps it, and drops exact repetitions.
   *
   * @throws {InglenookError} `invalid_input`; nothing has changed then.
   */
  import(document: unknown, mode?: 'replace' | 'merge'): Promise<void>;
  /** Forgets everything, and deletes what was stored of it. */
  reset(): Promise<void>;
  /** Calls `listener` after each change of the profile, by this page or by another tab. Returns a function that ends it. */
  subscribe(listener: () => void): () => void;
}

export type Backend = 'webgpu' | 'cpu';

/** Milliseconds that one piece of work took, medians of a few runs. */
export interface Timing {
  cpuMs: number;
  /** Everything compiled and uploaded; null where the GPU was not worth a try. */
  gpuMs: number | null;
}

/** What was measured to choose between the devices. */
export interface DeviceTimings {
  adapter: string;
  /** Opening the GPU, compiling kernels, uploading weights and the first encode. */
  gpuStartMs: number;
  /** Encoding one text of 16 tokens. */
  text: Timing;
  /** Encoding 8 texts of 32 tokens. */
  batch: Timing;
  /** Scoring the catalog; null without one. */
  rank: Timing | null;
}

/** What the wasm module says of itself. */
export interface EngineStatus {
  /** The device that encodes a short text. */
  backend: Backend;
  /** The GPU's name; null where only the CPU serves. */
  adapter: string | null;
  /** Why these devices were chosen. */
  reason: string;
  /** Which device does which kind of work: encoding a short text, encoding more at once, scoring the catalog. */
  choices: { text: Backend; batch: Backend; rank: Backend };
  /** What was measured to choose; null where nothing was. */
  timings: DeviceTimings | null;
  /** The instructions of the CPU engine. */
  simd: 'simd128' | 'relaxed-simd';
  /** Kernels that the GPU runs for one encode; null where it does not serve. */
  dispatches: number | null;
  model: string;
  dtype: 'f32' | 'int8' | 'int4';
  dimensions: number;
  /** Size of the catalog, added items included. */
  items: number;
}

/** Where something is kept: `persistent` outlives the page, `memory` does not. */
export type Keeping = 'persistent' | 'memory';

export interface StorageStatus {
  /** The profile and the added items, in IndexedDB. */
  profile: Keeping;
  isEncrypted: boolean;
  /** Model and catalog, in Cache Storage. */
  artifacts: Keeping;
  /**
   * Why something is kept in memory only: `storage_unavailable` (a private window, a page that is not served securely, storage switched off) or
   * `storage_full`; null where everything is as it was asked for.
   */
  problem: { code: ErrorCode; message: string } | null;
}

export interface Status extends EngineStatus {
  /** The first 12 digits of the SHA-256 of the catalog's manifest; null without a catalog. It changes when a new version is swapped in. */
  catalogVersion: string | null;
  storage: StorageStatus;
  /** Whether one engine serves all tabs of the site; otherwise this page has an engine of its own. */
  isShared: boolean;
  /** Bytes of the wasm module's memory: model, catalog and everything computed from them. */
  memoryBytes: number;
  /** How long the last encoding of texts took; null before the first. */
  lastEncodeMs: number | null;
  /** How long the last ranking took; null before the first. */
  lastRankMs: number | null;
}

/** How far loading has come, in bytes of all files together. Stages follow in this order: download, compile, verify, ready. */
export type ProgressEvent = DownloadEvent | StageEvent;

export interface DownloadEvent {
  stage: 'download';
  /** The file that just grew; absent at the very beginning. */
  file?: string;
  loadedBytes: number;
  totalBytes: number;
}

export interface StageEvent {
  /** `verify` covers the check of what the files hold and the start of the engine. */
  stage: 'compile' | 'verify' | 'ready';
  loadedBytes: number;
  totalBytes: number;
}

/** How far the embedding of added items has come. */
export interface EncodeEvent {
  stage: 'encode';
  doneItems: number;
  totalItems: number;
}

export interface StorageOptions {
  /**
   * `persistent`, the default, keeps profile and added items in IndexedDB and downloads in Cache Storage; where the browser has none, they are
   * kept in memory, and `status().storage` says why. `memory` stores nothing.
   */
  kind?: Keeping;
  /** The profile's name on this site, if several are kept apart. Default: the path of the catalog. */
  name?: string;
  /**
   * An AES-GCM key with which profile and added items are encrypted wherever they are stored. It is never stored. Recommenders of one profile
   * must have the same key.
   */
  key?: CryptoKey;
}

export interface RecommenderOptions {
  /** Folder of a catalog built by `inglenook build`. Without one there are only the items that the page adds. */
  catalog?: string | URL;
  /** Folder of a model. */
  model: string | URL;
  /** Default `auto`. */
  device?: Device;
  /** Whether and how things are kept for the next visit; a bare word stands for its `kind`. */
  storage?: Keeping | StorageOptions;
  /** Whether all tabs of the site may share one engine, where the browser has shared workers. Default true. */
  shared?: boolean;
  onProgress?: (event: ProgressEvent) => void;
  /** Called when the status changes after loading: devices were chosen, a GPU was lost, a new catalog was swapped in, storage ran full. */
  onStatus?: (status: Status) => void;
  /** Where worker.js lies, if not beside the client. It must be of the page's own origin. */
  worker?: string | URL;
  /** Cancels loading. Use `dispose` afterwards. */
  signal?: AbortSignal;
}

export interface CallOptions {
  /** Takes the call back: it rejects with `cancelled`, and is skipped if it has not begun. */
  signal?: AbortSignal;
}

export interface AddOptions extends CallOptions {
  onProgress?: (event: EncodeEvent) => void;
}

export interface Recommender {
  /** The best items for the reader, best first. */
  recommend(request?: RecommendRequest, options?: CallOptions): Promise<Recommendation[]>;
  /**
   * More like this item, best first. The profile plays no part, but disliked items are left out.
   *
   * @throws {InglenookError} `unknown_item`
   */
  similar(itemId: string, request?: ListRequest, options?: CallOptions): Promise<Recommendation[]>;
  /** The items nearest to these words, best first. The profile plays no part, but disliked items are left out. Blank finds nothing. */
  search(text: string, request?: ListRequest, options?: CallOptions): Promise<Recommendation[]>;
  /**
   * One item's score under a request, whether or not it would make the list.
   *
   * @throws {InglenookError} `unknown_item`
   */
  explain(itemId: string, request?: RecommendRequest, options?: CallOptions): Promise<Recommendation>;
  /**
   * Notes what the reader did; every later list takes it into account.
   *
   * @throws {InglenookError} `unknown_item`
   */
  record(interaction: NewInteraction): Promise<void>;
  readonly profile: Profile;
  /** One unit vector for each text. */
  encode(texts: string[], options?: CallOptions): Promise<Float32Array[]>;
  /**
   * Embeds items on the device and adds them to the catalog: from then on they are recommended, found and explained like all others, in all tabs.
   * They are kept with the profile, and are there on the next visit. All are added, or none.
   *
   * @throws {InglenookError} `invalid_input`, `cancelled`
   */
  addItems(items: NewItem[], options?: AddOptions): Promise<void>;
  /** Takes items out, added ones and ones of the catalog, for this browser. Unknown ids are ignored. Gives the number of items taken out. */
  removeItems(itemIds: string[]): Promise<number>;
  /** What the catalog shows of these items; null for ids that it does not have. */
  items(itemIds: string[]): Promise<(Item | null)[]>;
  /** The catalog with the added items, as files that can be served: name to content, `manifest.json` among them. */
  exportCatalog(): Promise<Map<string, Uint8Array<ArrayBuffer>>>;
  /**
   * Looks for a new version of the catalog, fetches what is new in it, and swaps it in between two requests; says whether there was one. Loading
   * does the same by itself where it began with stored files.
   *
   * @throws {InglenookError} `network`, `artifact_corrupt`, `artifact_incompatible`; the present catalog stays then.
   */
  update(options?: CallOptions): Promise<boolean>;
  /**
   * Makes this page open without a network: registers the package's `service-worker.js`, which the site serves from its root, and has it keep the
   * page and everything that it has loaded. Model and catalog are kept anyway.
   *
   * @throws {InglenookError} `network`, `storage_unavailable`
   */
  keepOffline(serviceWorker: string | URL): Promise<void>;
  status(): Status;
  /** Lets the engine go; the last one out frees its memory. Calls under way reject with `cancelled`. */
  dispose(): void;
}

/** One artifact that this browser keeps. */
export interface CachedArtifact {
  /** The folder that it came from. */
  url: string;
  bytes: number;
  /** Whether every byte is here; otherwise the next download goes on from what is. */
  isComplete: boolean;
}

/** What this browser keeps of the site's models and catalogs. */
export interface CacheInfo {
  artifacts: CachedArtifact[];
  /** Of everything kept; what two artifacts share counts once. */
  bytes: number;
}
