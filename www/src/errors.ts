/** What went wrong, in one stable word: the `code` of an {@link InglenookError}. */
export type ErrorCode =
  /** A request, an interaction or an option that cannot be honored as stated. */
  | 'invalid_input'
  /** A file is damaged: its size, its SHA-256 or its content is not what the manifest promises. */
  | 'artifact_corrupt'
  /** A sound file that this version cannot use, or a catalog built with another model. */
  | 'artifact_incompatible'
  /** The device that was asked for does not work here, or stopped working. */
  | 'backend_unavailable'
  /** No item of the catalog has this id. */
  | 'unknown_item'
  /** Taken back by the caller. */
  | 'cancelled'
  /** A file could not be fetched. */
  | 'network'
  /** The browser's storage has no room left. The engine goes on without: `status().storage` tells of it. */
  | 'storage_full'
  /** The browser gives this page no storage. The engine goes on without: `status().storage` tells of it. */
  | 'storage_unavailable'
  /** The stored profile is encrypted, and the key is missing or another one. */
  | 'profile_locked';

/** Every code, so that the compiler finds one that is missing here. */
const CODES: Record<ErrorCode, true> = {
  invalid_input: true,
  artifact_corrupt: true,
  artifact_incompatible: true,
  backend_unavailable: true,
  unknown_item: true,
  cancelled: true,
  network: true,
  storage_full: true,
  storage_unavailable: true,
  profile_locked: true,
};

/**
 * An error on its way through `postMessage`, which would strip a class and its fields.
 *
 * @internal
 */
export interface PlainError {
  code: ErrorCode;
  message: string;
}

/** Every failure of this package. */
export class InglenookError extends Error {
  override readonly name = 'InglenookError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** @internal */
  static fromPlain({ code, message }: PlainError): InglenookError {
    return new InglenookError(code, message);
  }

  /**
   * Gives any thrown value a code. The wasm module throws its own errors with a code already; a trap means that it panicked,
   * after which its memory cannot be trusted.
   */
  static from(thrown: unknown): InglenookError {
    if (thrown instanceof InglenookError) return thrown;
    if (isTrap(thrown)) {
      return new InglenookError(
        'backend_unavailable',
        `the engine stopped unexpectedly (${thrown.message}); create a new recommender, with device: 'cpu' if it happens again`,
        { cause: thrown },
      );
    }
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new InglenookError(codeOf(thrown) ?? 'backend_unavailable', message, { cause: thrown });
  }

  /** @internal */
  toPlain(): PlainError {
    return { code: this.code, message: this.message };
  }
}

function codeOf(thrown: unknown): ErrorCode | null {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : null;
  return typeof code === 'string' && code in CODES ? (code as ErrorCode) : null;
}

/**
 * Whether wasm code trapped: a Rust panic or a memory fault.
 *
 * @internal
 */
export function isTrap(thrown: unknown): thrown is WebAssembly.RuntimeError {
  return thrown instanceof WebAssembly.RuntimeError;
}
