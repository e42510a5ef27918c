import type { Film } from './film.js';
import { unhurried } from './unhurried.js';

const MAX_MATCHES = 4;
const LEADING_ARTICLE = /^(the|a|an) /;
/** So many keys are made without a pause. */
const SLICE = 500;

/** Finds films by name, for a reader who looks for one they know. Films come in the order of popularity. */
export class TitleIndex {
  readonly #films: Film[];
  readonly #keys: string[] = [];

  constructor(films: Film[]) {
    this.#films = films;
    for (let count = SLICE; count < films.length + SLICE; count += SLICE) unhurried(() => this.#index(count));
  }

  /** Films whose name is `text`, then those whose name begins with it, then those that contain it. */
  find(text: string): Film[] {
    const key = titleKey(text);
    if (key.length < 2) return [];
    this.#index(this.#films.length);
    const ranked = this.#films.flatMap((film, index) => {
      const title = this.#keys[index]!;
      const rank = title === key ? 0 : title.startsWith(key) ? 1 : ` ${title}`.includes(` ${key}`) ? 2 : 3;
      return rank < 3 ? [{ film, rank }] : [];
    });
    // A stable sort: films of one rank stay in the order of popularity.
    return ranked
      .sort((a, b) => a.rank - b.rank)
      .slice(0, MAX_MATCHES)
      .map(({ film }) => film);
  }

  /** Makes the keys of the first `count` films, where they are not made yet. */
  #index(count: number): void {
    for (const { title } of this.#films.slice(this.#keys.length, count)) this.#keys.push(titleKey(title));
  }
}

/** What is left of a title without case, accents, punctuation and a leading article. */
function titleKey(title: string): string {
  const plain = title
    .normalize('NFKD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase();
  const words = plain.replace(/[^\p{Letter}\p{Number}]+/gu, ' ').trim();
  return words.replace(LEADING_ARTICLE, '');
}
