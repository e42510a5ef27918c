// What a reader has been shown, kept in this browser, so that a shelf does not say the same thing at every visit.

const PREFIX = 'inglenook.shown:';
/** The version of what is stored; anything else is dropped. */
const VERSION = 1;
const KEPT_DAYS = 30;
const MAX_ITEMS = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** In how many earlier visits an item was shown, and the day of the last one. */
type Shown = [visits: number, day: number];

export class ShownItems {
  readonly #key: string;
  readonly #isStored: boolean;
  /** Of earlier visits only: a list does not change while it is looked at. */
  readonly #before: ReadonlyMap<string, Shown>;
  readonly #now = new Set<string>();

  /** `isStored` is false where the profile is not to be stored in the clear either. */
  constructor(catalog: string, isStored: boolean) {
    this.#key = PREFIX + catalog;
    this.#isStored = isStored;
    this.#before = isStored ? read(this.#key) : new Map();
  }

  visits(id: string): number {
    return this.#before.get(id)?.[0] ?? 0;
  }

  ids(): string[] {
    return [...this.#before.keys()];
  }

  /** Notes that an item was seen in this visit; once is enough. */
  add(id: string): void {
    if (this.#now.has(id)) return;
    this.#now.add(id);
    if (!this.#isStored) return;
    // Read again: other tabs write too.
    const all = read(this.#key);
    // One visit counts once, whichever shelf of the page comes first; what was forgotten meanwhile begins anew.
    const visits = Math.min(all.get(id)?.[0] ?? 0, this.visits(id)) + 1;
    all.set(id, [visits, today()]);
    write(this.#key, all);
  }

  /** How many items this browser remembers as shown. */
  static count(catalog: string): number {
    return read(PREFIX + catalog).size;
  }

  /** Forgets what was shown of this catalog. */
  static forget(catalog: string): void {
    try {
      localStorage.removeItem(PREFIX + catalog);
    } catch {
      // Nothing is stored where there is no storage.
    }
  }
}

/**
 * Moves what was shown before down the list: each visit costs an item as many places as half a list has. A list that has nothing else still
 * shows it.
 */
export function faded<T extends { id: string }>(list: readonly T[], k: number, shown: ShownItems): T[] {
  const step = Math.ceil(k / 2);
  return list
    .map((item, index) => ({ item, place: index + step * shown.visits(item.id) }))
    .sort((a, b) => a.place - b.place)
    .slice(0, k)
    .map(({ item }) => item);
}

function today(): number {
  return Math.floor(Date.now() / DAY_MS);
}

function read(key: string): Map<string, Shown> {
  try {
    const stored = JSON.parse(localStorage.getItem(key) ?? 'null') as {
      version: number;
      items: Record<string, Shown>;
    } | null;
    if (stored?.version !== VERSION) return new Map();
    const isRecent = ([, [, day]]: [string, Shown]) => today() - day <= KEPT_DAYS;
    return new Map(Object.entries(stored.items).filter(isRecent));
  } catch {
    return new Map();
  }
}

function write(key: string, items: Map<string, Shown>): void {
  const latest = [...items].sort(([, [, a]], [, [, b]]) => b - a).slice(0, MAX_ITEMS);
  try {
    localStorage.setItem(key, JSON.stringify({ version: VERSION, items: Object.fromEntries(latest) }));
  } catch {
    // Storage is off or full: it is remembered as long as the page.
  }
}
