// Elements of a page that name the same catalog and model share one recommender: one download, one engine, one profile.
import { type Device, InglenookError, type ProgressEvent, type Recommender, createRecommender } from 'inglenook';

/** What an element's attributes name. */
export interface Source {
  catalog: string;
  model: string;
  device: Device;
}

type ProgressListener = (event: ProgressEvent) => void;

export class SharedRecommender {
  static readonly #open = new Map<string, SharedRecommender>();

  readonly recommender: Promise<Recommender>;
  /** Address of the catalog, which tells catalogs apart in this browser's storage; empty for a recommender of the page's own. */
  readonly catalog: string;
  /** Address of the model; empty for a recommender of the page's own. */
  readonly model: string;
  /** When the recommender was ready, as `performance.now()` counts; null until then. */
  readyAt: number | null = null;
  /** The last progress of loading; null before the first. */
  progress: ProgressEvent | null = null;
  readonly #listeners = new Set<ProgressListener>();
  readonly #loading = new AbortController();
  readonly #onEnd: (() => void) | null;
  #users = 0;

  /** The recommender of this source, loading if no element has asked for it before. Give it back with `release`. */
  static acquire({ catalog, model, device }: Source): SharedRecommender {
    const key = JSON.stringify([absolute(catalog), absolute(model), device]);
    let shared = SharedRecommender.#open.get(key);
    if (!shared) {
      const forget = () => {
        if (SharedRecommender.#open.get(key) === shared) SharedRecommender.#open.delete(key);
      };
      shared = new SharedRecommender(
        { catalog: absolute(catalog), model: absolute(model) },
        (signal, onProgress) => createRecommender({ catalog, model, device, signal, onProgress }),
        forget,
      );
      // What failed is not shared with those who try again.
      shared.recommender.catch(forget);
      SharedRecommender.#open.set(key, shared);
    }
    shared.#users++;
    return shared;
  }

  /** The same around a recommender of the page's own, which the page disposes of. */
  static of(recommender: Recommender): SharedRecommender {
    return new SharedRecommender({ catalog: '', model: '' }, () => Promise.resolve(recommender), null);
  }

  private constructor(
    { catalog, model }: Pick<Source, 'catalog' | 'model'>,
    create: (signal: AbortSignal, onProgress: ProgressListener) => Promise<Recommender>,
    onEnd: (() => void) | null,
  ) {
    this.catalog = catalog;
    this.model = model;
    this.#onEnd = onEnd;
    this.recommender = create(this.#loading.signal, (event) => {
      this.progress = event;
      for (const listener of this.#listeners) listener(event);
    });
    this.recommender.then(
      () => (this.readyAt = performance.now()),
      // Told to whoever awaits it.
      () => {},
    );
  }

  /** Listens to the progress of loading until `signal` is aborted. */
  onProgress(listener: ProgressListener, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener));
  }

  /** Ends loading, or lets the engine go, when the last element has gone. */
  release(): void {
    // An element that is moved in the page leaves and comes back in one task.
    setTimeout(() => {
      this.#users--;
      if (this.#users > 0 || !this.#onEnd) return;
      this.#onEnd();
      this.#loading.abort();
      this.recommender.then(
        (recommender) => recommender.dispose(),
        () => {},
      );
    });
  }
}

function absolute(address: string): string {
  try {
    return new URL(address, document.baseURI).href;
  } catch (cause) {
    throw new InglenookError('invalid_input', `"${address}" is not an address`, { cause });
  }
}
