import type { Interaction } from 'inglenook';

const KEY = 'inglenook.films.history.v1';

/** The history that this browser keeps; empty where it keeps none or storage is off. */
export function recall(): Interaction[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isOpinion) : [];
  } catch {
    return [];
  }
}

export function remember(history: Interaction[]): void {
  try {
    if (history.length > 0) localStorage.setItem(KEY, JSON.stringify(history));
    else localStorage.removeItem(KEY);
  } catch {
    // Storage is off or full: the history lasts as long as the page.
  }
}

function isOpinion(value: unknown): value is Interaction {
  const { itemId, kind, timestampMs } = (value ?? {}) as Partial<Interaction>;
  return typeof itemId === 'string' && (kind === 'like' || kind === 'dislike') && Number.isFinite(timestampMs);
}
