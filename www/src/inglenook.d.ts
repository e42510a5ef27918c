// The wasm module as wasm-bindgen builds it (dist/inglenook.js): its source is src/wasm in Rust, and this is the contract with it.
import type { Device, DeviceTimings, EngineRequest, EngineStatus, Interaction, Recommendation } from './types.js';

/** Compiles the module. Nothing else may be called before this resolves. */
export default function init(options: { module_or_path: Response | Promise<Response> }): Promise<unknown>;

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
  encode(texts: string[]): Promise<Float32Array>;
  record(interaction: Interaction): void;
  history(): Interaction[];
  clearHistory(): void;
  recommend(request: EngineRequest, queryEmbedding?: Float32Array): Promise<Recommendation[]>;
  /** The rows of the catalog nearest to a vector. */
  nearest(vector: Float32Array, k: number, onGpu: boolean): Promise<{ rows: number[]; scores: number[] }>;
  explain(itemId: string, request: EngineRequest, queryEmbedding?: Float32Array): Recommendation;
  status(): EngineStatus;
  free(): void;
}
