import { byId, html } from './dom.js';
import type { Film } from './film.js';
import type { Opinion } from './opinions.js';
import { poster } from './poster.js';

/** The reader's history: what they liked and what they turned down, each to be taken back. */
export class Shelf {
  readonly #onRemove: (film: Film) => void;

  constructor(onRemove: (film: Film) => void, onForget: () => void) {
    this.#onRemove = onRemove;
    byId('forget').addEventListener('click', onForget);
  }

  show(films: Record<Opinion, Film[]>): void {
    const { like: liked, dislike: skipped } = films;
    this.#fill(byId('liked'), liked);
    this.#fill(byId('skipped'), skipped);
    byId('skipped-count').textContent = `Not for you (${skipped.length})`;
    byId('skipped-group').hidden = skipped.length === 0;
    byId('shelf-empty').hidden = liked.length > 0;
    byId('forget').hidden = liked.length + skipped.length === 0;
  }

  #fill(list: HTMLElement, films: Film[]): void {
    const focused = [...list.children].findIndex((item) => item.contains(document.activeElement));
    list.replaceChildren(
      ...films.map((film) =>
        html(
          'li',
          { 'data-testid': 'history-item', 'data-item-id': film.id },
          poster(film),
          html(
            'span',
            { class: 'shelf-title' },
            film.title,
            html('small', {}, film.year === null ? '' : String(film.year)),
          ),
          html(
            'button',
            {
              class: 'remove',
              type: 'button',
              'data-testid': 'history-remove',
              'aria-label': `Take ${film.title} off the shelf`,
              click: () => this.#onRemove(film),
            },
            '×',
          ),
        ),
      ),
    );
    if (focused >= 0)
      list
        .querySelectorAll('button')
        .item(Math.min(focused, films.length - 1))
        ?.focus();
  }
}
