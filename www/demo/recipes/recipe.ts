import { InglenookError } from 'inglenook';

export interface Recipe {
  id: string;
  title: string;
  servings?: string;
  time?: string;
  ingredients: string[];
  steps: string[];
}

/** Digest of recipes.jsonl, set when the page is built. */
declare const RECIPES_INTEGRITY: string;

/**
 * The whole book, fetched once: to fetch a recipe when it is opened would tell the server which one. It stays text until a recipe is
 * opened, for reading all of it would keep the page busy.
 */
export class RecipeBook {
  readonly #lines: Map<string, string>;

  static async fetch(): Promise<RecipeBook> {
    const url = new URL('recipes/recipes.jsonl', document.baseURI);
    try {
      const response = await fetch(url, { integrity: RECIPES_INTEGRITY });
      if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`.trimEnd());
      return new RecipeBook(await response.text());
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const advice = 'build the site again as a whole';
      throw new InglenookError('network', `${url} could not be fetched (${reason}); ${advice}`, { cause });
    }
  }

  private constructor(text: string) {
    const idOf = (line: string) =>
      JSON.parse(line.slice(line.indexOf(':') + 1, line.indexOf('","title"') + 1)) as string;
    const lines = text.split('\n').filter((line) => line !== '');
    this.#lines = new Map(lines.map((line) => [idOf(line), line]));
  }

  recipe(id: string): Recipe | null {
    const line = this.#lines.get(id);
    return line === undefined ? null : (JSON.parse(line) as Recipe);
  }
}

export function sourceOf({ id }: Recipe): string {
  return `https://en.wikibooks.org/wiki/Cookbook:${encodeURIComponent(id)}`;
}
