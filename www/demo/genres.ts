import { byId, html } from './dom.js';
import type { Film } from './film.js';

/** The genres that the reader has narrowed the list to; a film must have them all. */
export class Genres {
  readonly #chosen = new Set<string>();

  constructor(films: Iterable<Film>, onChange: () => void) {
    const counts = new Map<string, number>();
    for (const { genres } of films) for (const genre of genres) counts.set(genre, (counts.get(genre) ?? 0) + 1);
    const common = [...counts].sort(([a, countA], [b, countB]) => countB - countA || a.localeCompare(b));
    byId('genres').replaceChildren(
      ...common.map(([genre]) => {
        const chip = html(
          'button',
          { class: 'chip', type: 'button', 'data-testid': 'genre', 'data-genre': genre, 'aria-pressed': 'false' },
          genre,
        );
        chip.addEventListener('click', () => {
          if (!this.#chosen.delete(genre)) this.#chosen.add(genre);
          chip.ariaPressed = String(this.#chosen.has(genre));
          onChange();
        });
        return chip;
      }),
    );
  }

  get chosen(): string[] {
    return [...this.#chosen];
  }
}
