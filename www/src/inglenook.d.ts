// The wasm module as wasm-bindgen builds it (dist/inglenook.js): its source is src/wasm in Rust, and this is the contract with it.
import type { Device, DeviceTimings, EngineRequest, EngineStatus, Interaction, Item, Recommendation } from './types.js';

/** Compiles the module. Nothing else may be called before this resolves. */
export default function init(options: {
  module_or_path: Response | Promise<Response>;
}): Promise<{ memory: WebAssembly.Memory }>;

/** Files that are written, as they are downloaded, to the place in the module's memory where the engine reads them. */
export class Files {
  constructor();
  allocate(name: string, bytes: number): void;
  write(name: string, offset: number, chunk: Uint8Array): void;
  /** A file's bytes, good until the next call: for hashing at once. */
  view(name: string): Uint8Array<ArrayBuffer> | undefined;
  /** Says that every SHA-256 has been compared with the manifest. */
  areHashed(): void;
  free(): void;
}

/** A GPU whose kernels are compiled while the model's weights are on their way. */
export class PreparedGpu {
  private constructor();
  /** From the bytes of a model's manifest and its `config.json`. */
  static open(manifest: Uint8Array, config: Uint8Array): Promise<PreparedGpu>;
  free(): void;
}

/** Every failure is an `Error` named `InglenookError` with a stable `code`. */
export class Engine {
  private constructor();
  /** Takes the files, `manifest.json` among them. The CPU serves until `chooseDevices` finds something faster. */
  static load(model: Files, catalog: Files | undefined): Engine;
  /** The same from maps of file name to content, which are copied. */
  static loadMaps(model: Map<string, Uint8Array>, catalog: Map<string, Uint8Array> | undefined): Engine;
  /** Opens the GPU that `device` allows and gives each kind of work to the faster one; believes the timings of an earlier status. */
  chooseDevices(device: Device, timings: DeviceTimings | null, prepared: PreparedGpu | undefined): Promise<void>;
  /** Rows of `dimensions` numbers, one for each text, in one array. */
  encode(texts: string[]): Promise<Float32Array<ArrayBuffer>>;
  /** Throws unless this is an interaction with an item that is there. */
  check(interaction: Interaction): void;
  setHistory(interactions: Interaction[]): void;
  recommend(request: EngineRequest, queryEmbedding?: Float32Array): Promise<Recommendation[]>;
  /** The rows of the catalog nearest to a vector. */
  nearest(vector: Float32Array, k: number, onGpu: boolean): Promise<{ rows: number[]; scores: number[] }>;
  explain(itemId: string, request: EngineRequest, queryEmbedding?: Float32Array): Recommendation;
  items(ids: string[]): (Item | null)[];
  /** The texts to embed for a JSON list of items, after a check of every one. */
  static textsOf(items: string): string[];
  /** What this browser adds to the catalog, a JSON list of items with their embeddings, and what it takes out. */
  setEdition(items: string, vectors: Float32Array, removed: string[]): Promise<void>;
  /** Puts another version of the catalog in the place of the present one; takes the files. */
  replaceCatalog(catalog: Files): Promise<void>;
  exportCatalog(): Map<string, Uint8Array<ArrayBuffer>>;
  status(): EngineStatus;
  free(): void;
}
