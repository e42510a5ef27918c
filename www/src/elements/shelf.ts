import {
  cacheInfo,
  InglenookError,
  type ListRequest,
  popular,
  type ProgressEvent,
  type Recommendation,
  type Recommender,
} from 'inglenook';
import { Card, type CardActions, type Opinion } from './card.js';
import { fillTemplate } from './card-template.js';
import { arrange, html } from './dom.js';
import { InglenookReadyEvent, InglenookSelectEvent } from './events.js';
import { showExplanation } from './explanation.js';
import { noteFocus } from './list-focus.js';
import type { SharedRecommender } from './shared-recommender.js';
import { ShelfAttributes } from './shelf-attributes.js';
import { shelfStyle } from './shelf-style.js';
import { SeenCards } from './seen-cards.js';
import { faded, ShownItems } from './shown-items.js';

/** How much longer a list is asked for, so that faded items can make room. */
const FADE_FACTOR = 3;
/** What the engine returns at most. */
const MAX_K = 1000;
const MAX_SKELETONS = 6;

/**
 * A shelf of recommendations, computed in the reader's browser.
 *
 * ```html
 * <inglenook-shelf catalog="/catalog/" model="/model/" heading="For you" k="8">
 *   <a href="/popular">Popular items</a>  <!-- shown before, and without, JavaScript -->
 * </inglenook-shelf>
 * ```
 *
 * @tag inglenook-shelf
 * @attr query - what the reader is looking for, in words
 * @attr similar-to - the id of an item: the shelf shows more like it
 * @attr k - how many items, 1 to 1000 (12)
 * @attr diversity - 0 (relevance alone) to 1 (difference alone)
 * @attr filter - conditions on tags: `Family, !Horror, Comedy|Drama`
 * @attr heading - the shelf's heading
 * @attr heading-level - its level, 1 to 6 (2); titles of cards have the next one
 * @attr repeats - what was shown in earlier visits moves down the list (`fade`, default), stays away (`never`) or does not matter (`always`)
 * @attr record-clicks - records a click for every item that is chosen
 * @attr images - fetches the images of what it recommends: this tells their server what it recommends
 * @slot - what is shown before the shelf is ready, and where it fails
 * @slot heading - in place of the heading
 * @slot loading - in place of the progress bar
 * @slot empty - in place of the message that nothing fits
 * @csspart heading - the heading
 * @csspart progress - the progress of loading
 * @csspart list - the list of cards
 * @csspart card - one item
 * @csspart cover - the cover that is drawn for it
 * @csspart image - its image
 * @csspart title - its title
 * @csspart link - the link or button of the title
 * @csspart tags - its tags
 * @csspart because - why it is here, in a line
 * @csspart actions - the row of buttons
 * @csspart button - every button
 * @csspart like - the button to like
 * @csspart dislike - the button for what is not wanted
 * @csspart pressed - a button that is pressed
 * @csspart why - the button that opens the explanation
 * @csspart notice - what was done last, with a way back
 * @csspart empty - the message that nothing fits
 * @csspart error - what went wrong
 * @csspart dialog - the explanation
 * @cssprop --inglenook-card-size - least width of a card (11rem)
 * @cssprop --inglenook-gap - space between cards (1.2rem)
 * @cssprop --inglenook-accent - color of what stands out
 * @cssprop --inglenook-on-accent - text on that color
 * @cssprop --inglenook-line - borders
 * @cssprop --inglenook-soft - text that steps back
 * @cssprop --inglenook-surface - ground of buttons
 * @cssprop --inglenook-radius - roundness of corners (0.7rem)
 * @fires {InglenookReadyEvent} inglenook-ready - the first list of the engine is shown
 * @fires {InglenookSelectEvent} inglenook-select - an item was chosen
 * @fires {InglenookErrorEvent} inglenook-error - loading or a request failed
 */
export class InglenookShelfElement extends ShelfAttributes {
  readonly #headingText = html('span');
  readonly #heading = html('div', { class: 'heading', part: 'heading', id: 'heading', role: 'heading' });
  readonly #bar = html('progress', { max: 1, 'aria-hidden': 'true' });
  readonly #progressText = html('span');
  readonly #progress = html('div', { class: 'progress soft', part: 'progress' }, this.#bar, this.#progressText);
  readonly #skeletons = html('div', { class: 'list skeletons', 'aria-hidden': 'true' });
  readonly #loading = html(
    'div',
    { class: 'loading' },
    html('slot', { name: 'loading' }, this.#progress),
    this.#skeletons,
  );
  readonly #fallback = html('slot');
  readonly #list = html('ol', { class: 'list', part: 'list', tabindex: -1 });
  readonly #emptyText = html('span');
  readonly #empty = html('p', { class: 'empty soft', part: 'empty' }, html('slot', { name: 'empty' }, this.#emptyText));
  readonly #error = html('div', { class: 'error', part: 'error', role: 'alert' });
  /** Told to those who hear the page. */
  readonly #live = html('p', { class: 'visually-hidden', role: 'status' });
  readonly #notice = html('div', { class: 'notice soft', part: 'notice' });
  readonly #dialog = html('dialog', { part: 'dialog' });

  #renderCard: ((recommendation: Recommendation) => Element) | null = null;
  #recommender: Recommender | null = null;
  #shown: ShownItems | null = null;
  /** Where the cards are from. */
  #catalogShown: string | null = null;
  #cards = new Map<string, Card>();
  /** Cards that were liked or opened since the last request of the page: they stay where they are, though the engine would not list them again. */
  #kept = new Map<string, number>();
  /** Items whose like or dislike is on its way to the profile. */
  readonly #deciding = new Set<string>();
  #work = new AbortController();
  #isRefreshDue = false;
  readonly #seen = new SeenCards((card) => this.#shown?.add((card as HTMLElement).dataset['itemId']!));
  readonly #actions: CardActions = {
    decide: (card, opinion) => this.#attempt(() => this.#decide(card, opinion)),
    explain: (card) => showExplanation(this.#dialog, card.recommendation, this.words),
    select: (card, event) => this.#select(card, event),
  };

  constructor() {
    super(shelfStyle());
    this.#heading.append(html('slot', { name: 'heading' }, this.#headingText));
    this.root.append(
      html(
        'section',
        { part: 'shelf', 'aria-labelledby': 'heading' },
        this.#heading,
        this.#error,
        this.#fallback,
        this.#loading,
        this.#list,
        this.#empty,
        this.#notice,
        this.#live,
      ),
      this.#dialog,
    );
    this.#list.ariaBusy = 'true';
    this.#show('loading');
  }

  /** Makes what a card shows, in the place of a `<template>`. It goes into the page's own tree. */
  get renderCard(): ((recommendation: Recommendation) => Element) | null {
    return this.#renderCard;
  }
  set renderCard(value: ((recommendation: Recommendation) => Element) | null) {
    this.#renderCard = value;
    this.#drop();
    this.ask();
  }

  /** What the shelf shows, best first. */
  get recommendations(): Recommendation[] {
    return [...this.#list.children].flatMap((item) => {
      const card = this.#cards.get((item as HTMLElement).dataset['itemId']!);
      return card ? [card.recommendation] : [];
    });
  }

  /** Ranks again; resolves when the shelf shows the new list. */
  async refresh(): Promise<void> {
    this.#kept.clear();
    await this.#refresh();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#work.abort();
    this.#seen.disconnect();
    this.#recommender = null;
  }

  protected override properties(): string[] {
    return [...super.properties(), 'renderCard'];
  }

  protected override waiting(shared: SharedRecommender, signal: AbortSignal): void {
    this.#showOpening(shared, signal).catch(() => {
      // It is a first glance: what is wrong, the engine will say.
    });
  }

  /** The list for everybody, which is there long before the engine; not for a visitor whose engine is about to start. */
  async #showOpening({ catalog, model }: SharedRecommender, signal: AbortSignal): Promise<void> {
    if (this.query.trim() !== '' || this.similarTo !== null || catalog === '') return;
    const { artifacts } = await cacheInfo();
    if (artifacts.some(({ url, isComplete }) => isComplete && asFolder(url) === asFolder(model))) return;
    const list = await popular(catalog, { k: this.k, filter: this.filter }, { signal });
    if (signal.aborted || this.#recommender || list.length === 0) return;
    if (this.#catalogShown !== catalog) this.#drop();
    this.#catalogShown = catalog;
    this.#place(list);
  }

  protected override opened(recommender: Recommender, signal: AbortSignal): void {
    const { storage } = recommender.status();
    this.#recommender = recommender;
    if (this.#catalogShown !== this.shared!.catalog) this.#drop();
    this.#catalogShown = this.shared!.catalog;
    this.#shown = new ShownItems(this.shared!.catalog, storage.profile === 'persistent' && !storage.isEncrypted);
    // What is in view since before the engine was there counts from now on.
    for (const { element } of this.#cards.values()) {
      this.#seen.unobserve(element);
      this.#seen.observe(element);
    }
    const unsubscribe = recommender.profile.subscribe(() => this.ask());
    signal.addEventListener('abort', unsubscribe);
    this.#attempt(async () => {
      await this.#refresh();
      if (!signal.aborted) this.dispatchEvent(new InglenookReadyEvent(recommender));
    });
  }

  protected override progressed(event: ProgressEvent | null): void {
    this.#show('loading');
    const isDownloading = event?.stage === 'download' && event.totalBytes > 0;
    // Without a value the bar shows that work goes on, but not how far it has come.
    if (isDownloading) this.#bar.value = event.loadedBytes / event.totalBytes;
    else this.#bar.removeAttribute('value');
    this.#progressText.textContent = isDownloading
      ? this.words.loading(event.loadedBytes, event.totalBytes)
      : this.words.preparing;
  }

  protected override showError(error: InglenookError): void {
    const { words } = this;
    this.#error.replaceChildren(
      html('span', {}, words.error(error.code), html('br'), html('code', { class: 'soft' }, error.message)),
      html('button', { class: 'button', part: 'button', type: 'button', click: () => this.retry() }, words.retry),
    );
    this.#show('error');
  }

  protected override changed(attribute: string): void {
    super.changed(attribute);
    if (attribute === 'heading' || attribute === 'heading-level') {
      this.#showHeading();
      return;
    }
    if (attribute === 'images') this.#drop();
    this.#kept.clear();
    this.ask();
  }

  protected override worded(): void {
    this.#showHeading();
    this.#emptyText.textContent = this.words.empty;
    this.#skeletons.replaceChildren(
      ...Array.from({ length: Math.min(this.k, MAX_SKELETONS) }, () => html('div', { class: 'skeleton' })),
    );
    this.#drop();
    this.ask();
  }

  #showHeading(): void {
    const before = this.#titleLevel;
    this.#headingText.textContent = this.heading;
    this.#heading.hidden = this.heading === '' && this.querySelector(':scope > [slot="heading"]') === null;
    this.#heading.ariaLevel = String(this.headingLevel);
    if (this.#titleLevel === before) return;
    this.#drop();
    this.ask();
  }

  /** The level of the cards' titles. */
  get #titleLevel(): number {
    return Math.min(this.headingLevel + (this.#heading.hidden ? 0 : 1), 6);
  }

  /** Ranks again once the present task is done: attributes that change together mean one request. */
  protected override ask(): void {
    if (!this.#recommender || this.#isRefreshDue) return;
    this.#isRefreshDue = true;
    queueMicrotask(() => {
      this.#isRefreshDue = false;
      this.#attempt(() => this.#refresh());
    });
  }

  /** A ranking that is overtaken by the next one is dropped. */
  async #refresh(): Promise<void> {
    const recommender = this.#recommender;
    if (!recommender) return;
    this.#work.abort();
    const { signal } = (this.#work = new AbortController());
    this.#list.ariaBusy = 'true';
    try {
      await this.#letGoOfForgotten(recommender);
      const list = await this.#rank(recommender, signal);
      if (!signal.aborted) this.#place(list);
    } catch (thrown) {
      if (InglenookError.from(thrown).code !== 'cancelled') throw thrown;
    }
  }

  /** What was forgotten elsewhere, in another tab or in the privacy panel, is not kept here. */
  async #letGoOfForgotten(recommender: Recommender): Promise<void> {
    if (this.#kept.size === 0) return;
    const known = new Set((await recommender.profile.get()).map(({ itemId }) => itemId));
    for (const id of [...this.#kept.keys()]) {
      if (!known.has(id) && !this.#deciding.has(id)) this.#kept.delete(id);
    }
  }

  async #rank(recommender: Recommender, signal: AbortSignal): Promise<Recommendation[]> {
    const { k, query, similarTo, diversity, filter, repeats } = this;
    // Words and items that were asked for have one right answer, whatever was shown before.
    const isForYou = query.trim() === '' && similarTo === null && this.#shown !== null;
    const wanted = Math.max(k - this.#kept.size, 1);
    const request: ListRequest = {
      k: isForYou && repeats === 'fade' ? Math.min(k * FADE_FACTOR, MAX_K) : wanted,
      filter,
      exclude: [...this.#kept.keys(), ...(isForYou && repeats === 'never' ? this.#shown!.ids() : [])],
      ...(diversity !== null && { diversity }),
    };
    const list =
      similarTo === null
        ? await recommender.recommend({ ...request, query }, { signal })
        : await recommender.similar(similarTo, request, { signal });
    if (this.#kept.size >= k) return [];
    return isForYou && repeats === 'fade' ? faded(list, wanted, this.#shown!) : list;
  }

  #place(list: Recommendation[]): void {
    const restoreFocus = noteFocus(this.root, this.#list);
    const cards = new Map<string, Card>();
    const place = (recommendation: Recommendation): Card => {
      const card = this.#cards.get(recommendation.id) ?? this.#newCard(recommendation);
      card.update(recommendation);
      cards.set(recommendation.id, card);
      return card;
    };
    const inOrder = list.map(place);
    for (const [id, index] of [...this.#kept].sort(([, a], [, b]) => a - b)) {
      const card = this.#cards.get(id);
      if (!card) continue;
      cards.set(id, card);
      inOrder.splice(index, 0, card);
    }
    for (const [id, card] of this.#cards) {
      if (cards.has(id)) continue;
      this.#seen.unobserve(card.element);
      card.remove();
    }
    for (const card of inOrder) if (!this.#kept.has(card.recommendation.id)) card.setOpinion(null);
    const news = inOrder.filter((card) => !this.#cards.has(card.recommendation.id));
    this.#cards = cards;
    this.append(...news.flatMap(({ content }) => content ?? []));
    arrange(
      this.#list,
      inOrder.map(({ element }) => element),
    );
    for (const { element } of news) this.#seen.observe(element);
    restoreFocus();
    this.#list.ariaBusy = 'false';
    this.#say(this.words.count(inOrder.length));
    const state = inOrder.length > 0 ? 'ready' : 'empty';
    if (this.#recommender) this.setState(state);
    // A list for everybody says nothing of the engine, which may have failed by now.
    this.#show(this.#recommender ? state : this.state === 'error' ? 'error' : 'loading');
  }

  #newCard(recommendation: Recommendation): Card {
    const { words, images } = this;
    const template = this.querySelector<HTMLTemplateElement>(':scope > template');
    const content =
      this.#renderCard?.(recommendation) ??
      (template ? fillTemplate(template, recommendation, words.because(recommendation)) : null);
    return new Card(recommendation, this.#actions, { words, images, content, headingLevel: this.#titleLevel });
  }

  /** Cards are there before the engine: what is pressed meanwhile reaches it as soon as it is ready. */
  get #engine(): Recommender | Promise<Recommender> | undefined {
    return this.#recommender ?? this.shared?.recommender;
  }

  async #decide(card: Card, opinion: Opinion): Promise<void> {
    const { id, title } = card.recommendation;
    if (card.opinion === opinion) {
      await this.#takeBack(id, title);
      return;
    }
    this.#tell(opinion === 'like' ? this.words.liked(title) : this.words.disliked(title), () =>
      this.#takeBack(id, title),
    );
    card.setOpinion(opinion);
    if (opinion === 'like') this.#kept.set(id, [...this.#list.children].indexOf(card.element));
    else this.#kept.delete(id);
    await this.#noting(id, async () => (await this.#engine)?.profile.edit({ itemId: id, kind: opinion }));
  }

  async #noting(id: string, note: () => Promise<unknown>): Promise<void> {
    this.#deciding.add(id);
    try {
      await note();
    } finally {
      this.#deciding.delete(id);
    }
  }

  async #takeBack(id: string, title: string): Promise<void> {
    this.#kept.delete(id);
    this.#cards.get(id)?.setOpinion(null);
    this.#tell(this.words.takenBack(title));
    await (await this.#engine)?.profile.remove(id);
  }

  #select(card: Card, event: MouseEvent): void {
    const { recommendation, element } = card;
    const index = [...this.#list.children].indexOf(element);
    if (!this.dispatchEvent(new InglenookSelectEvent(recommendation, index))) event.preventDefault();
    if (!this.recordClicks) return;
    this.#kept.set(recommendation.id, index);
    // Where the browser leaves the page, the worker has the message before it goes.
    const { id } = recommendation;
    this.#attempt(() => this.#noting(id, async () => (await this.#engine)?.record({ itemId: id, kind: 'click' })));
  }

  /** A message that stays until the next one, with a way back where there is one. */
  #tell(text: string, undo?: () => Promise<void>): void {
    const click = () => this.#attempt(undo!);
    this.#notice.replaceChildren(
      html('span', {}, text),
      ...(undo
        ? [html('button', { class: 'button undo', part: 'button', type: 'button', click }, this.words.undo)]
        : []),
    );
    this.#say(text);
  }

  #say(text: string): void {
    this.#live.textContent = text;
  }

  /** Drops all cards: what they are made of has changed. */
  #drop(): void {
    for (const card of this.#cards.values()) {
      this.#seen.unobserve(card.element);
      card.remove();
    }
    this.#cards.clear();
    this.#kept.clear();
  }

  #show(state: 'loading' | 'ready' | 'empty' | 'error'): void {
    const hasFallback = this.#fallback.assignedNodes().some((node) => node.textContent?.trim());
    const isOpen = state === 'ready' || state === 'empty';
    const hasCards = this.#cards.size > 0;
    this.#loading.hidden = state !== 'loading';
    this.#skeletons.hidden = hasFallback || hasCards;
    this.#fallback.hidden = isOpen || hasCards;
    this.#list.hidden = state === 'empty' || !hasCards;
    this.#empty.hidden = state !== 'empty';
    this.#error.hidden = state !== 'error';
  }

  #attempt(work: () => Promise<unknown>): void {
    work().catch((thrown: unknown) => this.fail(thrown));
  }
}

const asFolder = (address: string): string => (address.endsWith('/') ? address : `${address}/`);

declare global {
  interface HTMLElementTagNameMap {
    'inglenook-shelf': InglenookShelfElement;
  }
}
