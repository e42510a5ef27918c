import { type Device, InglenookError, type ProgressEvent, type Recommender } from 'inglenook';
import { InglenookErrorEvent } from './events.js';
import { SharedRecommender } from './shared-recommender.js';
import { baseStyle } from './style.js';
import { ENGLISH, type Words } from './words.js';

/** Outside of a browser, where pages are rendered ahead of time, the module can be imported too. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

const SOURCE_ATTRIBUTES = ['catalog', 'model', 'device'];

/** `:state(loading)` and so on, in a page's style sheet. An element is `idle` until it knows where its recommender comes from. */
export type ElementState = 'idle' | 'loading' | 'ready' | 'empty' | 'error';
const STATES: ElementState[] = ['idle', 'loading', 'ready', 'empty', 'error'];

/**
 * What the elements have in common: where the recommender comes from, and what state it is in.
 *
 * @attr catalog - folder of the catalog
 * @attr model - folder of the model
 * @attr device - `auto`, `webgpu` or `cpu`
 */
export abstract class InglenookElement extends Base {
  static observedAttributes = SOURCE_ATTRIBUTES;

  protected readonly root = this.attachShadow({ mode: 'open' });
  /** Aborted when the element leaves the page or turns to another recommender. */
  protected session = new AbortController();
  readonly #internals = this.attachInternals();
  #shared: SharedRecommender | null = null;
  #given: Recommender | null = null;
  #state: ElementState = 'idle';
  #words: Words = ENGLISH;
  #isOpening = false;

  constructor(sheet: CSSStyleSheet) {
    super();
    this.root.adoptedStyleSheets = [baseStyle(), sheet];
  }

  get catalog(): string {
    return this.getAttribute('catalog') ?? '';
  }
  set catalog(value: string) {
    this.setAttribute('catalog', value);
  }

  get model(): string {
    return this.getAttribute('model') ?? '';
  }
  set model(value: string) {
    this.setAttribute('model', value);
  }

  get device(): Device {
    return (this.getAttribute('device') ?? 'auto') as Device;
  }
  set device(value: Device) {
    this.setAttribute('device', value);
  }

  /** A recommender of the page's own, in the place of the attributes. The page disposes of it. */
  get recommender(): Recommender | null {
    return this.#given;
  }
  set recommender(value: Recommender | null) {
    this.#given = value;
    this.#reopen();
  }

  /** What the element says; any part of it can be replaced: `shelf.words = { like: 'Gefällt mir' }`. */
  get words(): Words {
    return this.#words;
  }
  set words(value: Partial<Words>) {
    this.#words = { ...this.#words, ...value };
    this.worded();
  }

  get state(): ElementState {
    return this.#state;
  }

  protected setState(state: ElementState): void {
    this.#state = state;
    // Browsers that have no states of elements throw; the pages there go without.
    try {
      for (const each of STATES) this.#internals.states.delete(each);
      this.#internals.states.add(state);
    } catch {}
  }

  protected get shared(): SharedRecommender | null {
    return this.#shared;
  }

  connectedCallback(): void {
    // What a framework set before the element was defined hides the accessor.
    for (const name of ['recommender', 'words', ...this.properties()] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const element = this as Record<string, unknown>;
      const value = element[name];
      delete element[name];
      element[name] = value;
    }
    this.worded();
    this.#reopen();
  }

  disconnectedCallback(): void {
    this.#close();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (SOURCE_ATTRIBUTES.includes(name)) this.#reopen();
    else this.changed(name);
  }

  /** Names of further properties that a page may set before the element is defined. */
  protected properties(): string[] {
    return [];
  }
  /** The engine is on its way. */
  protected waiting(_shared: SharedRecommender, _signal: AbortSignal): void {}
  protected abstract opened(recommender: Recommender, signal: AbortSignal): void;
  protected abstract progressed(event: ProgressEvent | null): void;
  protected abstract showError(error: InglenookError): void;
  protected abstract changed(attribute: string): void;
  /** The words have changed. */
  protected abstract worded(): void;

  /** Shows an error and tells the page. */
  protected fail(thrown: unknown): void {
    const error = InglenookError.from(thrown);
    if (error.code === 'cancelled') return;
    this.setState('error');
    this.showError(error);
    this.dispatchEvent(new InglenookErrorEvent(error));
  }

  protected retry(): void {
    this.#reopen();
  }

  /** Opens anew once the present task is done: two attributes that change together mean one change. */
  #reopen(): void {
    if (!this.isConnected || this.#isOpening) return;
    this.#isOpening = true;
    queueMicrotask(() => {
      this.#isOpening = false;
      this.#close();
      if (this.isConnected) void this.#open();
    });
  }

  async #open(): Promise<void> {
    const { signal } = (this.session = new AbortController());
    try {
      if (this.#given) this.#shared = SharedRecommender.of(this.#given);
      // Without a model the attributes are not all set yet.
      else if (this.model === '' || this.catalog === '') return;
      else this.#shared = SharedRecommender.acquire(this);
      const shared = this.#shared;
      this.setState('loading');
      this.progressed(shared.progress);
      shared.onProgress((event) => this.progressed(event), signal);
      if (!shared.readyAt) this.waiting(shared, signal);
      const recommender = await shared.recommender;
      if (!signal.aborted) this.opened(recommender, signal);
    } catch (thrown) {
      if (!signal.aborted) this.fail(thrown);
    }
  }

  #close(): void {
    this.session.abort();
    this.#shared?.release();
    this.#shared = null;
  }
}
