// The wasm module as wasm-bindgen builds it (dist/inglenook.js): its source is src/wasm in Rust, and this is the contract with it.
import type { Device, EngineRequest, EngineStatus, Interaction, Recommendation } from './types.js';

/** Compiles the module. Nothing else may be called before this resolves. */
export default function init(options: { module_or_path: Response | Promise<Response> }): Promise<unknown>;

/** Every failure is an `Error` named `InglenookError` with a stable `code`. */
export class Engine {
  private constructor();
  /** Both maps go from file name to content, `manifest.json` included. */
  static load(
    model: Map<string, Uint8Array>,
    catalog: Map<string, Uint8Array> | undefined,
    device: Device,
  ): Promise<Engine>;
  /** Rows of `dimensions` numbers, one for each text, in one array. */
  encode(texts: string[]): Promise<Float32Array>;
  record(interaction: Interaction): void;
  history(): Interaction[];
  clearHistory(): void;
  recommend(request: EngineRequest, queryEmbedding?: Float32Array): Recommendation[];
  explain(itemId: string, request: EngineRequest, queryEmbedding?: Float32Array): Recommendation;
  status(): EngineStatus;
  free(): void;
}
