// Every type that crosses a boundary: between the host page and the client, the client and its worker, the worker and the
// wasm module. The wasm module's own surface is declared in inglenook.d.ts with these same types.

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

export interface RankingOptions {
  /** How many recommendations to return, at most: 1 to 1000. Default 10. */
  k?: number;
  /** Orders items only where nothing else does: no history, no query, no popularity in the catalog. Default 0. */
  seed?: number;
  /** 0 ranks by relevance alone, 1 by difference from the items above alone. Default: a little, and more without a history. */
  diversity?: number;
  /** Whether items of the history may come back; disliked ones never do. Default false. */
  includeSeen?: boolean;
  /** Ids of items never to return. */
  exclude?: string[];
  filter?: TagFilter;
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
}

/** What a score is made of. The parts add up to the score. */
export interface ScoreParts {
  /** Likeness to what the history shows a taste for. */
  content: number;
  /** Likeness to the words of the query. */
  query: number;
  /** How many people know and like the item. */
  popularity: number;
  /** Likeness to what was disliked; at most 0. */
  feedback: number;
  /** What the item lost for being like others above it in the list; at most 0. */
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
  /** Size of the catalog. */
  items: number;
}

export interface Status extends EngineStatus {
  /** How long the last encoding of texts took; null before the first. */
  lastEncodeMs: number | null;
  /** How long the last ranking took; null before the first. */
  lastRankMs: number | null;
}

/** How far loading has come. Stages follow in this order: download, compile, verify, ready. */
export interface ProgressEvent {
  /** `verify` covers the check of what the files hold and the start of the engine. */
  stage: 'download' | 'compile' | 'verify' | 'ready';
  /** The file that just grew, while downloading. */
  file?: string;
  loadedBytes: number;
  totalBytes: number;
}

export interface RecommenderOptions {
  /** Folder of a catalog built by `inglenook build`. Without one only `encode` works. */
  catalog?: string | URL;
  /** Folder of a model. */
  model: string | URL;
  /** Default `auto`. */
  device?: Device;
  onProgress?: (event: ProgressEvent) => void;
  /** Called when the choice of devices changes after loading: `auto` has measured, or a GPU was lost. */
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

export interface Recommender {
  /** The best items, best first. */
  recommend(request?: RecommendRequest, options?: CallOptions): Promise<Recommendation[]>;
  /** One item's score under a request, whether or not it would make the list. */
  explain(itemId: string, request?: RecommendRequest, options?: CallOptions): Promise<Recommendation>;
  /** One unit vector for each text. */
  encode(texts: string[], options?: CallOptions): Promise<Float32Array[]>;
  record(interaction: NewInteraction): Promise<void>;
  history(): Promise<Interaction[]>;
  clearHistory(): Promise<void>;
  status(): Status;
  /** Stops the worker and frees its memory. Calls under way reject with `cancelled`. */
  dispose(): void;
}
