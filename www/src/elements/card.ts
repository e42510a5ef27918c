import type { Recommendation } from 'inglenook';
import { html } from './dom.js';
import type { Words } from './words.js';

export type Opinion = 'like' | 'dislike';

export interface CardActions {
  decide(card: Card, opinion: Opinion): void;
  explain(card: Card): void;
  select(card: Card, event: MouseEvent): void;
}

export interface CardOptions {
  words: Words;
  headingLevel: number;
  /** Whether images are fetched: an address of an image tells its server what is recommended. */
  images: boolean;
  /** Content of the page's own, which goes into the page's tree and obeys its style sheets; null for the card's own. */
  content: Element | null;
}

/** One recommendation. It is kept while the list changes around it, so that the keyboard's focus stays where it was. */
export class Card {
  recommendation: Recommendation;
  readonly element: HTMLLIElement;
  /** In the page's tree; shown through a slot of the card. */
  readonly content: Element | null;
  opinion: Opinion | null = null;
  readonly #because: HTMLElement;
  readonly #buttons: Record<Opinion, HTMLButtonElement>;
  readonly #words: Words;

  constructor(
    recommendation: Recommendation,
    actions: CardActions,
    { words, headingLevel, images, content }: CardOptions,
  ) {
    this.recommendation = recommendation;
    this.content = content;
    this.#words = words;
    const { id, title } = recommendation;
    const opinionButton = (opinion: Opinion, text: string, label: string) =>
      html(
        'button',
        {
          class: `button ${opinion}`,
          part: `button ${opinion}`,
          type: 'button',
          'aria-label': label,
          'aria-pressed': 'false',
          click: () => actions.decide(this, opinion),
        },
        text,
      );
    this.#because = html('p', { class: 'because', part: 'because' });
    this.#buttons = {
      like: opinionButton('like', words.like, words.likeItem(title)),
      dislike: opinionButton('dislike', words.dislike, words.dislikeItem(title)),
    };
    const select = (event: Event) => actions.select(this, event as MouseEvent);
    const slotName = `item-${id}`;
    if (content) {
      content.slot = slotName;
      content.addEventListener('click', (event) => {
        const clicked = event.target as Element;
        if (clicked.closest('a, button, [data-select]')) select(event);
      });
    }
    this.element = html(
      'li',
      { class: 'card', part: 'card', 'data-item-id': id },
      html(
        'article',
        { 'aria-label': title },
        html(
          'slot',
          { name: slotName },
          ...(content ? [] : defaultContent(recommendation, select, headingLevel, images)),
        ),
        this.#because,
        html(
          'div',
          { class: 'actions', part: 'actions' },
          this.#buttons.like,
          this.#buttons.dislike,
          html(
            'button',
            {
              class: 'button why',
              part: 'button why',
              type: 'button',
              'aria-haspopup': 'dialog',
              'aria-label': words.whyItem(title),
              click: () => actions.explain(this),
            },
            words.why,
          ),
        ),
      ),
    );
    this.update(recommendation);
  }

  update(recommendation: Recommendation): void {
    this.recommendation = recommendation;
    this.#because.textContent = this.#words.because(recommendation);
  }

  setOpinion(opinion: Opinion | null): void {
    this.opinion = opinion;
    for (const [name, button] of Object.entries(this.#buttons)) {
      const isPressed = opinion === name;
      button.ariaPressed = String(isPressed);
      button.part.toggle('pressed', isPressed);
    }
  }

  remove(): void {
    this.element.remove();
    this.content?.remove();
  }
}

function defaultContent(
  { title, url, image, tags }: Recommendation,
  select: (event: Event) => void,
  headingLevel: number,
  images: boolean,
): Element[] {
  const target = url
    ? html('a', { part: 'link', href: url, click: select }, title)
    : html('button', { class: 'title-button', part: 'link', type: 'button', click: select }, title);
  return [
    images && image ? html('img', { class: 'cover', part: 'image', src: image, alt: '' }) : cover(title, tags),
    html('div', { class: 'title', part: 'title', role: 'heading', 'aria-level': headingLevel }, target),
    ...(tags.length > 0 ? [html('p', { class: 'soft', part: 'tags' }, tags.join(', '))] : []),
  ];
}

/** A cover drawn on the device: a color of the item's kind and the first letter of its name. Nothing is fetched for it. */
function cover(title: string, tags: string[]): Element {
  const element = html('div', { class: 'cover drawn', part: 'cover', 'aria-hidden': 'true' }, [...title][0] ?? '');
  element.style.setProperty('--hue', String(hash(tags.join() || title) % 360));
  element.style.setProperty('--turn', `${hash(title) % 360}deg`);
  return element;
}

function hash(text: string): number {
  let value = 0;
  for (const character of text) value = (value * 31 + character.codePointAt(0)!) >>> 0;
  return value;
}
