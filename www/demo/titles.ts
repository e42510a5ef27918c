import type { Film } from './film.js';

const MAX_MATCHES = 4;
const LEADING_ARTICLE = /^(the|a|an) /;

/** Finds films by name, for a reader who looks for one they know. Films come in the order of popularity. */
export class TitleIndex {
  readonly #entries: { film: Film; key: string }[];

  constructor(films: Film[]) {
    this.#entries = films.map((film) => ({ film, key: titleKey(film.title) }));
  }

  /** Films whose name is `text`, then those whose name begins with it, then those that contain it. */
  find(text: string): Film[] {
    const key = titleKey(text);
    if (key.length < 2) return [];
    const ranked = this.#entries.flatMap(({ film, key: title }) => {
      const rank = title === key ? 0 : title.startsWith(key) ? 1 : ` ${title}`.includes(` ${key}`) ? 2 : 3;
      return rank < 3 ? [{ film, rank }] : [];
    });
    // A stable sort: films of one rank stay in the order of popularity.
    return ranked
      .sort((a, b) => a.rank - b.rank)
      .slice(0, MAX_MATCHES)
      .map(({ film }) => film);
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
