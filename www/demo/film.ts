import { InglenookError, type Recommendation } from 'inglenook';

/** What the page shows of a film. */
export interface Film {
  id: string;
  title: string;
  year: number | null;
  genres: string[];
}

/** Digest of films.json, set when the page is built. */
declare const FILM_LIST_INTEGRITY: string;

/** The page's own list of all films, most popular first: what a title search and the genres need before any ranking. */
export async function fetchFilms(): Promise<Film[]> {
  const url = new URL('films/films.json', document.baseURI);
  try {
    const response = await fetch(url, { integrity: FILM_LIST_INTEGRITY });
    if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`.trimEnd());
    return (await response.json()) as Film[];
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InglenookError('network', `${url} could not be fetched (${reason}); build the site again as a whole`, {
      cause,
    });
  }
}

/** A film of the catalog that the page's own list does not have. */
export function filmOf({ id, title, tags }: Recommendation): Film {
  return { id, title, year: null, genres: tags };
}
