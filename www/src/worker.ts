// The worker's entry: hands each page to the engine that it asked for. As a shared worker it serves all tabs of a site, as a plain one its page.
import { InglenookError } from './errors.js';
import { Host, type Session } from './host.js';
import { holdLock, lockIsFree } from './locks.js';
import type { Call, FromWorker, Load, ToWorker } from './protocol.js';
import { onTrap } from './trap.js';
import type { ProgressEvent } from './types.js';

/** An engine that runs or is being loaded, and who waits for it. */
interface Place {
  host: Promise<Host>;
  /** Once it is loaded. */
  running: Host | null;
  progress: Set<(event: ProgressEvent) => void>;
  stop: AbortController;
}

const isShared = 'onconnect' in self;
const places = new Map<string, Place>();
const pages = new Set<Page>();

/** One page's end of the line. */
class Page implements Session {
  readonly #port: MessagePort | typeof self;
  #host: Host | null = null;
  /** What it waits for. */
  #place: { leave: () => void } | null = null;
  #isGone = false;

  constructor(port: MessagePort | typeof self) {
    this.#port = port;
    port.addEventListener('message', (event) => this.#receive((event as MessageEvent<ToWorker>).data));
  }

  post(message: FromWorker): void {
    if (!this.#isGone) this.#port.postMessage(message);
  }

  #receive(message: ToWorker): void {
    if (message.type === 'bye') this.#leave();
    else if (message.type === 'skip') this.#skip(message.id);
    else if (message.operation === 'load') void this.#load(message);
    else if (this.#host) this.#host.ask(this, message as Exclude<Call, Call<'load'>>);
    else {
      const error = new InglenookError('invalid_input', 'nothing is loaded yet; await createRecommender first');
      this.post({ type: 'error', id: message.id, error: error.toPlain() });
    }
  }

  async #load({ id, input }: Call<'load'>): Promise<void> {
    if (input.pageLock !== null) {
      void lockIsFree(input.pageLock, new AbortController().signal).then(() => this.#leave());
    }
    try {
      const host = await this.#hostFor(input, (event) => this.post({ type: 'progress', id, event }));
      if (this.#isGone) {
        if (host.leave(this)) forget(host);
        return;
      }
      this.#host = host;
      this.post({ type: 'value', id, value: host.status(), measured: null });
    } catch (thrown) {
      this.post({ type: 'error', id, error: InglenookError.from(thrown).toPlain() });
    }
  }

  /** The engine that serves what the page wants: one that is there, or a new one. */
  async #hostFor(load: Load, onProgress: (event: ProgressEvent) => void): Promise<Host> {
    const key = keyOf(load);
    let place = places.get(key);
    if (!place) {
      const progress = new Set<(event: ProgressEvent) => void>();
      const stop = new AbortController();
      const host = Host.start(load, isShared, stop.signal, (event) => progress.forEach((tell) => tell(event)));
      place = { host, running: null, progress, stop };
      places.set(key, place);
    }
    const { host, progress, stop } = place;
    progress.add(onProgress);
    const leave = (): void => {
      progress.delete(onProgress);
      // Nobody waits any more: what is still on its way need not come.
      if (progress.size === 0) {
        stop.abort();
        if (places.get(key) === place) places.delete(key);
      }
    };
    this.#place = { leave };
    try {
      const started = await host;
      if (!(await started.opensWith(load.key))) {
        throw new InglenookError('profile_locked', 'another tab has this profile open with another storage.key');
      }
      place.running = started;
      started.join(this);
      return started;
    } catch (error) {
      if (places.get(key) === place && (await isRejected(host))) places.delete(key);
      throw error;
    } finally {
      progress.delete(onProgress);
      this.#place = null;
    }
  }

  #skip(id: number): void {
    if (this.#host) this.#host.skip(this, id);
    else this.#place?.leave();
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    pages.delete(this);
    this.#place?.leave();
    if (this.#host?.leave(this)) forget(this.#host);
  }
}

function forget(host: Host): void {
  for (const [key, place] of places) if (place.running === host) places.delete(key);
}

function keyOf({ model, catalog, device, storage }: Load): string {
  return JSON.stringify([model, catalog, device, storage.kind, storage.name]);
}

function isRejected(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => false,
    () => true,
  );
}

function connect(port: MessagePort | typeof self, workerLock: string | null): Page {
  const page = new Page(port);
  pages.add(page);
  page.post({ type: 'hello', workerLock });
  return page;
}

if (isShared) {
  const lock = holdLock('worker');
  self.addEventListener('connect', (event) => {
    const port = (event as MessageEvent).ports[0]!;
    // The lock's name is known only after a moment; messages wait until the port is started.
    void lock.then(({ name }) => {
      connect(port, name);
      port.start();
    });
  });
} else {
  connect(self, null);
}

// The module's memory cannot be trusted after a panic, nor can that of any engine in it: the next recommender begins with a fresh worker.
onTrap((error) => {
  for (const page of pages) page.post({ type: 'end', error: error.toPlain() });
  self.close();
});
