import type { Recommendation } from 'inglenook';
import { html } from './dom.js';
import type { Film } from './film.js';
import type { Opinion } from './opinions.js';
import { poster } from './poster.js';

export interface CardActions {
  /** Sets an opinion, or takes it back if it is held already. */
  decide(film: Film, opinion: Opinion): void;
  explain(film: Film): void;
}

/** One film of a list. It is kept while the list changes around it, so that the keyboard's focus stays where it was. */
export class Card {
  readonly film: Film;
  readonly element: HTMLLIElement;
  readonly #because: HTMLParagraphElement;
  readonly #buttons: Record<Opinion, HTMLButtonElement>;

  constructor(film: Film, actions: CardActions) {
    this.film = film;
    const name = film.year === null ? film.title : `${film.title} (${film.year})`;
    this.#because = html('p', { class: 'because', 'data-testid': 'because' });
    this.#buttons = {
      like: opinionButton('like', 'Like', `Like ${name}`, () => actions.decide(film, 'like')),
      dislike: opinionButton('skip', 'Not for me', `Not for me: ${name}`, () => actions.decide(film, 'dislike')),
    };
    this.element = html(
      'li',
      { class: 'card', 'data-testid': 'card', 'data-item-id': film.id },
      html(
        'article',
        {},
        poster(film),
        html('h3', { class: 'card-title', 'data-testid': 'card-title' }, film.title),
        html(
          'p',
          { class: 'card-facts' },
          html('span', { 'data-testid': 'card-year' }, film.year === null ? '' : String(film.year)),
          html('span', { 'data-testid': 'card-genres' }, film.genres.join(', ')),
        ),
        this.#because,
        html('div', { class: 'card-actions' }, this.#buttons.like, this.#buttons.dislike),
        html(
          'button',
          {
            class: 'why',
            type: 'button',
            'data-testid': 'why',
            'aria-haspopup': 'dialog',
            'aria-label': `Why this? ${name}`,
            click: () => actions.explain(film),
          },
          'Why this?',
        ),
      ),
    );
  }

  update(because: string, opinion: Opinion | null): void {
    this.#because.textContent = because;
    this.#buttons.like.ariaPressed = String(opinion === 'like');
    this.#buttons.dislike.ariaPressed = String(opinion === 'dislike');
  }
}

function opinionButton(testId: string, text: string, label: string, click: () => void): HTMLButtonElement {
  const attributes = { class: `opinion ${testId}`, type: 'button', 'data-testid': testId, 'aria-label': label, click };
  return html('button', attributes, text);
}

/** One line on why a film is in the list, from the same numbers as its score. */
export function becauseOf({ because, parts }: Recommendation): string {
  const names = because
    .filter(({ kind, contribution }) => kind === 'like' && contribution > 0)
    .slice(0, 2)
    .map(({ title }) => title);
  if (names.length > 0) return `Because you liked ${names.join(' and ')}`;
  if (parts.query > 0) return 'Close to your words';
  return 'Loved by many viewers';
}
