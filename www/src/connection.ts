// The client's end of the line to a worker: starts it, matches calls with answers, and notices when it is gone.
import { InglenookError } from './errors.js';
import { lockIsFree } from './locks.js';
import type { FromWorker, Input, Measured, Operation, Output, ToWorker } from './protocol.js';
import type { CallOptions, EncodeEvent, ProgressEvent, Status } from './types.js';

interface PendingCall {
  resolve: (value: never) => void;
  reject: (error: InglenookError) => void;
  onProgress: ((event: ProgressEvent | EncodeEvent) => void) | undefined;
}

export interface ConnectionCallOptions extends CallOptions {
  onProgress?: ((event: never) => void) | undefined;
}

/** Calls to the worker, matched with its answers. */
export class Connection {
  measured: Measured | null = null;
  onStatus: (status: Status) => void = () => {};
  onProfile: () => void = () => {};
  readonly #line: Line;
  readonly #pending = new Map<number, PendingCall>();
  readonly #gone = new AbortController();
  #lastId = 0;
  #closed: InglenookError | null = null;

  constructor(line: Line) {
    this.#line = line;
    let hasStarted = false;
    line.port.addEventListener('message', (event) => {
      hasStarted = true;
      this.#receive((event as MessageEvent<FromWorker>).data);
    });
    line.worker.addEventListener('error', (event) => {
      // Once it runs, the worker answers every call itself; an error before that means that its script never ran.
      if (hasStarted) return;
      event.preventDefault();
      const { message } = event as ErrorEvent;
      this.#end(
        new InglenookError(
          'network',
          `the worker could not start${message ? ` (${message})` : ''}; ` +
            'check that worker.js, inglenook.js and the two .wasm files are deployed side by side',
        ),
      );
    });
    line.start();
  }

  call<O extends Operation>(
    operation: O,
    input: Input<O>,
    { signal, onProgress }: ConnectionCallOptions = {},
  ): Promise<Output<O>> {
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
        onProgress: onProgress as PendingCall['onProgress'],
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  close(reason: string): void {
    if (!this.#closed) this.#post({ type: 'bye' });
    this.#end(cancelled(reason));
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'hello':
        if (message.workerLock !== null) void this.#watch(message.workerLock);
        break;
      case 'progress':
        this.#pending.get(message.id)?.onProgress?.(message.event);
        break;
      case 'status':
        this.onStatus(message.status);
        break;
      case 'profile':
        this.onProfile();
        break;
      case 'end':
        this.#end(InglenookError.fromPlain(message.error));
        break;
      // An answer to a call that was cancelled meanwhile finds nobody waiting.
      case 'error':
        this.#pending.get(message.id)?.reject(InglenookError.fromPlain(message.error));
        break;
      case 'value':
        this.measured = message.measured ?? this.measured;
        this.#pending.get(message.id)?.resolve(message.value as never);
    }
  }

  async #watch(workerLock: string): Promise<void> {
    if (!(await lockIsFree(workerLock, this.#gone.signal))) return;
    this.#end(
      new InglenookError(
        'backend_unavailable',
        'the worker that serves all tabs of this site has ended; create a new recommender',
      ),
    );
  }

  #end(error: InglenookError): void {
    this.#closed ??= error;
    this.#gone.abort();
    this.#line.end();
    for (const call of [...this.#pending.values()]) call.reject(error);
  }

  #post(message: ToWorker): void {
    this.#line.port.postMessage(message);
  }
}

/** A worker and the port that leads to it. */
export interface Line {
  worker: Worker | SharedWorker;
  port: Worker | MessagePort;
  isShared: boolean;
  start(): void;
  end(): void;
}

/** Starts or joins the worker that all tabs share or, where the browser has none or `mayShare` is false, starts one of this page's own. */
export function openLine(address: string | URL | undefined, mayShare: boolean): Line {
  const url = address === undefined ? null : absolute(address);
  // Without locks nobody would notice that a tab is gone; insecure pages have none.
  const isShared = mayShare && typeof SharedWorker === 'function' && globalThis.navigator?.locks !== undefined;
  try {
    if (isShared) {
      const worker = startShared(url);
      return {
        worker,
        port: worker.port,
        isShared,
        start: () => worker.port.start(),
        end: () => worker.port.close(),
      };
    }
    const worker = startOwn(url);
    return { worker, port: worker, isShared, start: () => {}, end: () => worker.terminate() };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new InglenookError(
      'network',
      `the worker could not start: ${message}; serve worker.js from the page's own origin`,
      { cause },
    );
  }
}

/**
 * Set by the build, from the code: a page of a new release must not meet the worker that a tab of the old one started.
 */
declare const WORKER_NAME: string;

// The addresses are written out in the expressions that start a worker, for bundlers look for exactly this.
function startShared(url: URL | null): SharedWorker {
  if (url === null) {
    return new SharedWorker(new URL('./worker.js', import.meta.url), { type: 'module', name: WORKER_NAME });
  }
  return new SharedWorker(url, { type: 'module', name: WORKER_NAME });
}

function startOwn(url: URL | null): Worker {
  if (url === null) return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  return new Worker(url, { type: 'module' });
}

export function absolute(url: string | URL): URL {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location.href);
  } catch (cause) {
    throw new InglenookError('invalid_input', `"${url}" is not an address`, { cause });
  }
}

export function cancelled(message: string): InglenookError {
  return new InglenookError('cancelled', message);
}
