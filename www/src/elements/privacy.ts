import {
  cacheInfo,
  InglenookError,
  type ProgressEvent,
  type Profile,
  type ProfileEntry,
  type Recommender,
} from 'inglenook';
import { html } from './dom.js';
import { InglenookElement } from './element.js';
import { privacyStyle } from './privacy-style.js';
import { countRequests, type CountedRequest } from './request-count.js';
import { ShownItems } from './shown-items.js';

/** Longer profiles are listed up to here; the export holds all of it. */
const MAX_ENTRIES = 100;
const REASONS_SHOWN = 8;
const MAX_URLS = 10;

/**
 * What a site keeps about its reader, in the reader's own hands: what is stored, what follows from it, export and import, forgetting one item or
 * everything, and a live count of the requests that the page has made since the recommendations were ready.
 *
 * ```html
 * <inglenook-privacy catalog="/catalog/" model="/model/" heading="Your privacy"></inglenook-privacy>
 * ```
 *
 * @tag inglenook-privacy
 * @attr heading - the panel's heading
 * @attr heading-level - its level, 1 to 6 (2)
 * @slot - what is shown before the panel is ready, and where it fails
 * @csspart heading - the heading
 * @csspart promise - what is promised
 * @csspart requests - the count of requests
 * @csspart stored - what is kept
 * @csspart reasons - why each item is recommended
 * @csspart actions - the row of buttons
 * @csspart button - every button
 * @csspart notice - what was done last
 * @csspart error - what went wrong
 * @csspart dialog - the question before everything is forgotten
 * @fires {InglenookErrorEvent} inglenook-error - loading or a request failed
 */
export class InglenookPrivacyElement extends InglenookElement {
  static override observedAttributes = [...InglenookElement.observedAttributes, 'heading', 'heading-level'];

  readonly #heading = html('div', { class: 'heading', part: 'heading', role: 'heading', id: 'heading' });
  readonly #promise = html('p', { part: 'promise' });
  readonly #count = html('span', { class: 'count' }, '0');
  readonly #countText = html('span');
  readonly #urls = html('ul', { class: 'urls' });
  readonly #requestsNote = html('p', { class: 'soft' });
  readonly #storedTitle = html('div', { class: 'section-title', role: 'heading' });
  readonly #stored = html('ul', { class: 'list' });
  readonly #storedNote = html('p', { class: 'soft' });
  readonly #reasonsTitle = html('summary');
  readonly #reasons = html('ul', { class: 'why-list' });
  readonly #actions = html('div', { class: 'actions', part: 'actions' });
  readonly #notice = html('p', { class: 'notice soft', part: 'notice', role: 'status' });
  readonly #error = html('div', { class: 'error', part: 'error', role: 'alert', hidden: true });
  readonly #dialog = html('dialog', { part: 'dialog', 'aria-labelledby': 'question' });
  readonly #fallback = html('slot');
  readonly #body = html(
    'section',
    { hidden: true, 'aria-labelledby': 'heading' },
    this.#heading,
    this.#promise,
    html(
      'div',
      { part: 'requests' },
      html('p', { class: 'requests', role: 'status' }, this.#count, this.#countText),
      this.#urls,
      this.#requestsNote,
    ),
    html('div', { part: 'stored' }, this.#storedTitle, this.#stored, this.#storedNote),
    html('details', { part: 'reasons' }, this.#reasonsTitle, this.#reasons),
    this.#actions,
    this.#notice,
  );

  #recommender: Recommender | null = null;
  #requests: CountedRequest[] = [];

  constructor() {
    super(privacyStyle());
    this.root.append(this.#error, this.#fallback, this.#body, this.#dialog);
  }

  get heading(): string {
    return this.getAttribute('heading') ?? '';
  }
  set heading(value: string) {
    this.setAttribute('heading', value);
  }

  /** Requests of this page since the recommendations were ready, as the browser counts them. */
  get requestCount(): number {
    return this.#requests.length;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#recommender = null;
  }

  protected override properties(): string[] {
    return ['heading'];
  }

  protected override opened(recommender: Recommender, signal: AbortSignal): void {
    this.#recommender = recommender;
    this.#requests = [];
    countRequests(
      this.shared!.readyAt ?? performance.now(),
      (request) => {
        this.#requests.push(request);
        this.#showRequests();
      },
      signal,
    );
    const unsubscribe = recommender.profile.subscribe(() => this.#attempt(() => this.#showProfile()));
    signal.addEventListener('abort', unsubscribe);
    this.#showRequests();
    this.#attempt(async () => {
      await this.#showProfile();
      if (signal.aborted) return;
      this.#fallback.hidden = true;
      this.#error.hidden = true;
      this.#body.hidden = false;
      this.setState('ready');
    });
  }

  protected override progressed(_: ProgressEvent | null): void {}

  protected override showError(error: InglenookError): void {
    const { words } = this;
    this.#error.hidden = false;
    this.#error.replaceChildren(
      html('span', {}, words.error(error.code), html('br'), html('code', { class: 'soft' }, error.message)),
      html('button', { class: 'button', part: 'button', type: 'button', click: () => this.retry() }, words.retry),
    );
  }

  protected override changed(): void {
    this.worded();
  }

  protected override worded(): void {
    const { privacy: words } = this.words;
    const level = Math.min(Math.max(Number(this.getAttribute('heading-level') ?? 2), 1), 6);
    this.#heading.textContent = this.heading;
    this.#heading.hidden = this.heading === '';
    this.#heading.ariaLevel = String(level);
    this.#storedTitle.ariaLevel = String(Math.min(level + (this.#heading.hidden ? 0 : 1), 6));
    this.#promise.textContent = words.promise;
    this.#requestsNote.textContent = words.requestsNote;
    this.#storedTitle.textContent = words.stored;
    this.#reasonsTitle.textContent = words.reasons;
    const file = html('input', { class: 'visually-hidden', type: 'file', accept: 'application/json,.json' });
    file.addEventListener('change', () => this.#attempt(() => this.#import(file)));
    const button = (text: string, name: string, click: () => void) =>
      html('button', { class: `button ${name}`, part: `button ${name}`, type: 'button', click }, text);
    this.#actions.replaceChildren(
      button(words.export, 'export', () => this.#attempt(() => this.#export())),
      html('label', { class: 'button file', part: 'button import' }, words.import, file),
      button(words.forgetAll, 'forget-all', () => this.#askToForget()),
    );
    this.#showRequests();
    this.#attempt(() => this.#showProfile());
  }

  #showRequests(): void {
    const { length } = this.#requests;
    this.#count.textContent = String(length);
    this.#count.classList.toggle('some', length > 0);
    this.#countText.textContent = this.words.privacy.requests(length);
    const latest = this.#requests.slice(-MAX_URLS);
    this.#urls.replaceChildren(...latest.map(({ url, initiator }) => html('li', {}, `${initiator}: ${url}`)));
  }

  async #showProfile(): Promise<void> {
    const recommender = this.#recommender;
    if (!recommender) return;
    const [entries, list, { bytes }] = await Promise.all([
      recommender.profile.get(),
      recommender.recommend({ k: REASONS_SHOWN }),
      cacheInfo(),
    ]);
    if (recommender !== this.#recommender) return;
    const { privacy: words } = this.words;
    const listed = entries.slice(0, MAX_ENTRIES).map((entry) => this.#entry(entry));
    const focus = this.#focus();
    this.#stored.replaceChildren(
      ...listed,
      ...(entries.length > MAX_ENTRIES
        ? [html('li', { class: 'soft' }, words.more(entries.length - MAX_ENTRIES))]
        : []),
    );
    focus();
    this.#storedNote.textContent = [
      entries.length === 0 ? words.nothingStored : '',
      words.shown(ShownItems.count(this.shared?.catalog ?? '')),
      words.place(recommender.status().storage),
      words.downloads(bytes),
    ]
      .filter((text) => text !== '')
      .join(' ');
    const reasons = list.filter(({ because }) => because.length > 0);
    this.#reasons.replaceChildren(
      ...reasons.map((each) => html('li', {}, each.title, html('small', {}, this.words.because(each)))),
      ...(reasons.length === 0 ? [html('li', { class: 'soft' }, words.noReasons)] : []),
    );
  }

  #entry({ itemId, item, interactions }: ProfileEntry): HTMLLIElement {
    const { privacy: words } = this.words;
    const title = item?.title ?? words.gone(itemId);
    const done = interactions.map(({ kind, timestampMs }) => words.done(kind, timestampMs));
    const forget = () =>
      this.#attempt(async () => {
        await this.#profile?.remove(itemId);
        this.#notice.textContent = words.forgotten(title);
      });
    return html(
      'li',
      { 'data-item-id': itemId },
      html('span', {}, title, html('small', {}, [...new Set(done)].join(', '))),
      html(
        'button',
        {
          class: 'button forget',
          part: 'button forget',
          type: 'button',
          'aria-label': words.forgetItem(title),
          click: forget,
        },
        words.forget,
      ),
    );
  }

  get #profile(): Profile | undefined {
    return this.#recommender?.profile;
  }

  /** Hands the reader a file that is made here: it goes nowhere but to their disk. */
  async #export(): Promise<void> {
    const document = await this.#profile!.export();
    const file = new Blob([`${JSON.stringify(document, null, 2)}\n`], { type: 'application/json' });
    const href = URL.createObjectURL(file);
    html('a', { href, download: this.words.privacy.fileName }).click();
    // The browser has to have taken it by then.
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }

  async #import(input: HTMLInputElement): Promise<void> {
    const [file] = input.files ?? [];
    if (!file) return;
    const text = await file.text();
    input.value = '';
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch (cause) {
      throw new InglenookError('invalid_input', `${file.name} is not JSON; choose a file that an export gave`, {
        cause,
      });
    }
    await this.#profile!.import(document);
    this.#notice.textContent = this.words.privacy.imported;
  }

  #askToForget(): void {
    const { privacy: words } = this.words;
    const close = () => this.#dialog.close();
    const yes = () => {
      close();
      this.#attempt(async () => {
        ShownItems.forget(this.shared?.catalog ?? '');
        await this.#profile!.reset();
        await this.#showProfile();
        this.#notice.textContent = words.allForgotten;
      });
    };
    this.#dialog.replaceChildren(
      html('p', { id: 'question' }, words.forgetAllQuestion),
      html(
        'p',
        { class: 'actions' },
        html('button', { class: 'button keep', part: 'button', type: 'button', click: close }, words.forgetAllNo),
        html(
          'button',
          { class: 'button primary forget-yes', part: 'button', type: 'button', click: yes },
          words.forgetAllYes,
        ),
      ),
    );
    this.#dialog.showModal();
  }

  /** The place of the keyboard in the list, for the entry under it may be the one that goes. */
  #focus(): () => void {
    const { activeElement } = this.root;
    const index = [...this.#stored.children].findIndex((item) => item.contains(activeElement));
    if (index < 0) return () => {};
    return () => {
      const buttons = this.#stored.querySelectorAll('button');
      (buttons.item(Math.min(index, buttons.length - 1)) ?? this.#actions.querySelector('button'))?.focus();
    };
  }

  #attempt(work: () => Promise<unknown>): void {
    this.#error.hidden = true;
    work().catch((thrown: unknown) => this.fail(thrown));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'inglenook-privacy': InglenookPrivacyElement;
  }
}
