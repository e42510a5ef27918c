/**
 * Recommendations computed in the reader's own browser: a client for the worker that owns the engine.
 *
 * ```ts
 * const recommender = await createRecommender({ catalog: '/catalog/', model: '/model/' });
 * await recommender.record({ itemId: '2571', kind: 'like' });
 * const films = await recommender.recommend({ query: 'a quiet film about the sea', k: 10 });
 * ```
 */
import { InglenookError } from './errors.js';
import type { FromWorker, Input, Operation, Output, Timings, ToWorker } from './protocol.js';
import type {
  CallOptions,
  EngineRequest,
  EngineStatus,
  NewInteraction,
  ProgressEvent,
  Recommender,
  RecommenderOptions,
  RecommendRequest,
  Status,
} from './types.js';

export { InglenookError, type ErrorCode } from './errors.js';
export type * from './types.js';

/**
 * Downloads the model and the catalog, checks them, and starts the engine in a worker of its own.
 *
 * @throws {InglenookError} `network`, `artifact_corrupt`, `artifact_incompatible`, `backend_unavailable` or `cancelled`.
 */
export async function createRecommender(options: RecommenderOptions): Promise<Recommender> {
  const { catalog, model, device = 'auto', onProgress, onStatus, signal } = options;
  if (signal?.aborted) throw cancelled('loading was cancelled before it began');
  const input = { model: folder(model), catalog: catalog === undefined ? null : folder(catalog), device };
  const connection = new Connection(startWorker(options.worker), onProgress);
  try {
    const recommender = new WorkerRecommender(connection, await connection.call('load', input, { signal }));
    connection.onStatus = (status) => {
      recommender.engineStatus = status;
      onStatus?.(recommender.status());
    };
    return recommender;
  } catch (error) {
    // Ends downloads under way, too.
    connection.close('loading failed');
    throw error;
  }
}

class WorkerRecommender implements Recommender {
  readonly #connection: Connection;
  engineStatus: EngineStatus;

  constructor(connection: Connection, engineStatus: EngineStatus) {
    this.#connection = connection;
    this.engineStatus = engineStatus;
  }

  recommend(request: RecommendRequest = {}, options?: CallOptions) {
    return this.#connection.call('recommend', split(request), options);
  }

  explain(itemId: string, request: RecommendRequest = {}, options?: CallOptions) {
    return this.#connection.call('explain', { itemId, ...split(request) }, options);
  }

  encode(texts: string[], options?: CallOptions) {
    return this.#connection.call('encode', texts, options);
  }

  record({ itemId, kind, timestamp = Date.now() }: NewInteraction) {
    return this.#connection.call('record', { itemId, kind, timestampMs: timestamp });
  }

  history() {
    return this.#connection.call('history', null);
  }

  clearHistory() {
    return this.#connection.call('clearHistory', null);
  }

  status(): Status {
    return { ...this.engineStatus, ...this.#connection.timings };
  }

  dispose() {
    this.#connection.close('this recommender was disposed');
  }
}

interface PendingCall {
  resolve: (value: never) => void;
  reject: (error: InglenookError) => void;
}

/** Calls to the worker, matched with its answers. */
class Connection {
  timings: Timings = { lastEncodeMs: null, lastRankMs: null };
  onStatus: (status: EngineStatus) => void = () => {};
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;
  #closed: InglenookError | null = null;

  constructor(worker: Worker, onProgress?: (event: ProgressEvent) => void) {
    this.#worker = worker;
    let hasStarted = false;
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      hasStarted = true;
      if (data.type === 'progress') onProgress?.(data.event);
      else if (data.type === 'status') this.onStatus(data.status);
      else this.#settle(data);
    });
    worker.addEventListener('error', (event) => {
      // Once it runs, the worker answers every call itself; an error before that means that its script never ran.
      if (hasStarted) return;
      event.preventDefault();
      this.#end(
        new InglenookError(
          'network',
          `the worker could not start${event.message ? ` (${event.message})` : ''}; ` +
            'check that worker.js, inglenook.js and inglenook_bg.wasm are deployed side by side',
        ),
      );
    });
  }

  call<O extends Operation>(operation: O, input: Input<O>, { signal }: CallOptions = {}): Promise<Output<O>> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed);
      if (signal?.aborted) return reject(cancelled(`${operation} was cancelled before it began`));
      const id = ++this.#lastId;
      try {
        this.#post({ type: 'call', id, operation, input } as ToWorker);
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        return reject(
          new InglenookError('invalid_input', `${operation} takes plain values only: ${message}`, { cause }),
        );
      }
      const onAbort = () => {
        this.#pending.get(id)?.reject(cancelled(`${operation} was cancelled`));
        if (!this.#closed) this.#post({ type: 'skip', id });
      };
      const settled = () => {
        this.#pending.delete(id);
        signal?.removeEventListener('abort', onAbort);
      };
      this.#pending.set(id, {
        resolve: (value) => (settled(), resolve(value)),
        reject: (error) => (settled(), reject(error)),
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  close(reason: string): void {
    this.#end(cancelled(reason));
  }

  #end(error: InglenookError): void {
    this.#closed ??= error;
    this.#worker.terminate();
    for (const call of [...this.#pending.values()]) call.reject(error);
  }

  #settle(answer: Extract<FromWorker, { type: 'value' | 'error' }>): void {
    // An answer to a call that was cancelled meanwhile finds nobody waiting.
    const call = this.#pending.get(answer.id);
    if (answer.type === 'error') {
      call?.reject(InglenookError.fromPlain(answer.error));
    } else {
      this.timings = answer.timings;
      call?.resolve(answer.value as never);
    }
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}

function startWorker(address: string | URL | undefined): Worker {
  const url = address === undefined ? null : absolute(address);
  try {
    // Written out in one expression, for bundlers look for exactly this.
    if (url === null) return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    return new Worker(url, { type: 'module' });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new InglenookError(
      'network',
      `the worker could not start: ${message}; serve worker.js from the page's own origin`,
      {
        cause,
      },
    );
  }
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

function folder(url: string | URL): string {
  const { href } = absolute(url);
  return href.endsWith('/') ? href : `${href}/`;
}

function absolute(url: string | URL): URL {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location.href);
  } catch (cause) {
    throw new InglenookError('invalid_input', `"${url}" is not an address`, { cause });
  }
}

function cancelled(message: string): InglenookError {
  return new InglenookError('cancelled', message);
}
