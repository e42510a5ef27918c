import { InglenookError, type Recommendation, type Recommender, type RecommendRequest } from 'inglenook';
import { becauseOf, Card, type CardActions } from './card.js';
import { byId } from './dom.js';
import { showExplanation } from './explanation.js';
import { showFailure } from './failure.js';
import { filmOf, type Film } from './film.js';
import { Genres } from './genres.js';
import { Opinions, type Opinion } from './opinions.js';
import { listenToSearch } from './search-form.js';
import { Shelf } from './shelf.js';
import { showStatus } from './status-line.js';
import { TitleIndex } from './titles.js';
import { toast } from './toast.js';

const FILMS_PER_PAGE = 24;
/** What the engine returns at most. */
const MAX_FILMS = 1000;

/** The page once it is loaded: what the reader asks for, what they think of films, and the list that follows from both. */
export class Library {
  readonly #recommender: Recommender;
  readonly #films: Map<string, Film>;
  readonly #titles: TitleIndex;
  readonly #opinions: Opinions;
  readonly #genres: Genres;
  readonly #shelf: Shelf;
  readonly #results = byId('results');
  readonly #actions: CardActions = {
    decide: (film, opinion) => this.#attempt(() => this.#decide(film, opinion)),
    explain: (film) => this.#attempt(() => this.#explain(film)),
  };
  /** Of the films on the page. */
  #cards = new Map<string, Card>();
  #listed = new Map<string, Recommendation>();
  #query = '';
  #count = FILMS_PER_PAGE;
  #revision = 0;
  #search = new AbortController();

  /** Opens the library with the history that this browser keeps. */
  static async open(recommender: Recommender, films: Film[]): Promise<Library> {
    const opinions = new Opinions(recommender.profile);
    await opinions.restore();
    const library = new Library(recommender, films, opinions);
    await library.#refresh();
    // Another tab, or the panel on privacy, may change what is kept.
    recommender.profile.subscribe(() =>
      library.#attempt(async () => {
        if (await opinions.restore()) await library.#refresh();
      }),
    );
    return library;
  }

  private constructor(recommender: Recommender, films: Film[], opinions: Opinions) {
    this.#recommender = recommender;
    this.#films = new Map(films.map((film) => [film.id, film]));
    this.#titles = new TitleIndex(films);
    this.#opinions = opinions;
    this.#genres = new Genres(films, () => this.#ask({}));
    this.#shelf = new Shelf(
      (film) => this.#attempt(() => this.#setOpinion(film, null, `${film.title} is off your shelf.`)),
      () => this.#attempt(() => this.#forget()),
    );
    listenToSearch((query) => this.#ask({ query }));
    byId('more').addEventListener('click', () =>
      this.#ask({ count: Math.min(this.#count + FILMS_PER_PAGE, MAX_FILMS) }),
    );
  }

  #ask({ query = this.#query, count = FILMS_PER_PAGE }: { query?: string; count?: number }): void {
    this.#query = query;
    this.#count = count;
    this.#attempt(() => this.#refresh());
  }

  async #decide(film: Film, opinion: Opinion): Promise<void> {
    const isTakenBack = this.#opinions.of(film.id) === opinion;
    const done = opinion === 'like' ? `You liked ${film.title}.` : `${film.title} is not for you.`;
    await this.#setOpinion(film, isTakenBack ? null : opinion, isTakenBack ? `${film.title} is off your shelf.` : done);
  }

  async #setOpinion(film: Film, opinion: Opinion | null, message: string): Promise<void> {
    const before = this.#opinions.snapshot();
    const set = this.#opinions.set(film.id, opinion);
    this.#offerUndo(message, before);
    this.#showOpinions();
    await set;
    await this.#refresh();
  }

  async #forget(): Promise<void> {
    const before = this.#opinions.snapshot();
    await this.#opinions.forget();
    this.#offerUndo('Everything is forgotten.', before);
    await this.#refresh();
  }

  #offerUndo(message: string, before: ReturnType<Opinions['snapshot']>): void {
    toast(message, () =>
      this.#attempt(async () => {
        await this.#opinions.replace(before);
        await this.#refresh();
      }),
    );
  }

  async #explain({ id }: Film): Promise<void> {
    const recommendation =
      this.#listed.get(id) ?? (await this.#recommender.explain(id, { query: this.#query, includeSeen: true }));
    showExplanation(byId<HTMLDialogElement>('explanation'), recommendation);
  }

  /** Ranks again. A ranking that is overtaken by the next one is dropped. */
  async #refresh(): Promise<void> {
    this.#search.abort();
    this.#search = new AbortController();
    this.#results.ariaBusy = 'true';
    const genres = this.#genres.chosen;
    const named = this.#titles.find(this.#query).filter((film) => genres.every((genre) => film.genres.includes(genre)));
    const request: RecommendRequest = {
      query: this.#query,
      k: this.#count,
      exclude: named.map(({ id }) => id),
      ...(genres.length > 0 && { filter: { allOf: genres } }),
    };
    try {
      const list = await this.#recommender.recommend(request, { signal: this.#search.signal });
      this.#show(named, list, genres);
    } catch (error) {
      if (InglenookError.from(error).code !== 'cancelled') throw error;
    }
  }

  #show(named: Film[], list: Recommendation[], genres: string[]): void {
    const focus = this.#focus();
    const cards = new Map<string, Card>();
    const place = (film: Film): Card => {
      const card = this.#cards.get(film.id) ?? new Card(film, this.#actions);
      cards.set(film.id, card);
      return card;
    };
    const namedCards = named.map(place);
    const listedCards = list.map((recommendation) =>
      place(this.#films.get(recommendation.id) ?? filmOf(recommendation)),
    );
    this.#cards = cards;
    this.#listed = new Map(list.map((recommendation) => [recommendation.id, recommendation]));
    byId('title-match-list').replaceChildren(...namedCards.map(({ element }) => element));
    byId('title-matches').hidden = named.length === 0;
    this.#results.replaceChildren(...listedCards.map(({ element }) => element));
    this.#showOpinions();
    focus.restore();

    byId('results-title').textContent = this.#heading(genres);
    byId('empty').hidden = list.length > 0;
    byId('empty').textContent = emptyText(genres);
    byId('more').hidden = list.length < this.#count || this.#count === MAX_FILMS;
    showStatus(this.#recommender.status());
    this.#results.ariaBusy = 'false';
    this.#results.dataset['revision'] = String(++this.#revision);
  }

  #showOpinions(): void {
    for (const [id, card] of this.#cards) {
      const recommendation = this.#listed.get(id);
      card.update(recommendation ? becauseOf(recommendation) : '', this.#opinions.of(id));
    }
    const films = (opinion: Opinion) => this.#opinions.all(opinion).flatMap((id) => this.#films.get(id) ?? []);
    this.#shelf.show({ like: films('like'), dislike: films('dislike') });
  }

  #heading(genres: string[]): string {
    const kind = genres.length > 0 ? ` (${genres.join(', ')})` : '';
    if (this.#query) return `For “${this.#query}”${kind}`;
    if (this.#opinions.all('like').length > 0) return `Chosen for you${kind}`;
    if (this.#opinions.all('dislike').length > 0) return `Something else, then${kind}`;
    return `Well loved, and of every kind${kind}`;
  }

  /** Where the keyboard is in the list, so that it stays there when its card moves on or goes away. */
  #focus(): { restore(): void } {
    const focused = document.activeElement;
    const list = focused?.closest('.grid');
    if (!(focused instanceof HTMLElement) || !list) return { restore: () => {} };
    const index = [...list.children].findIndex((item) => item.contains(focused));
    return {
      restore: () => {
        const neighbor = list.children.item(Math.min(index, list.children.length - 1));
        const sameButton = `[data-testid="${focused.dataset['testid']}"]`;
        const target = focused.isConnected ? focused : neighbor?.querySelector<HTMLElement>(sameButton);
        (target ?? this.#results).focus({ preventScroll: true });
      },
    };
  }

  #attempt(work: () => Promise<void>): void {
    work().catch(showFailure);
  }
}

function emptyText(genres: string[]): string {
  return genres.length > 1
    ? `No film here is ${genres.join(' and ')} at once. Take off a genre to see more.`
    : 'No film is left to show. Take something off your shelf, or look for something else.';
}
