// The history of a reader as a document, and the changes to it.
import { InglenookError } from './errors.js';
import type { Interaction, Item, ProfileDocument, ProfileEntry } from './types.js';

export function without(history: Interaction[], itemId: string): Interaction[] {
  return history.filter((interaction) => interaction.itemId !== itemId);
}

/** Both histories, oldest first; of two equal interactions one is kept. */
export function merged(history: Interaction[], other: Interaction[]): Interaction[] {
  const seen = new Map<string, Interaction>();
  for (const interaction of [...history, ...other]) {
    const { itemId, kind, timestampMs } = interaction;
    seen.set(JSON.stringify([itemId, kind, timestampMs]), interaction);
  }
  return inOrder([...seen.values()]);
}

export function documentOf(name: string, history: Interaction[]): ProfileDocument {
  return { format: 'inglenook-profile', version: 1, name, interactions: inOrder(history) };
}

/** The history of a document that `documentOf` made, perhaps long ago and elsewhere. Kinds are for the engine to check. */
export function historyOf(document: unknown): Interaction[] {
  const { format, version, interactions } = (document ?? {}) as Partial<Record<keyof ProfileDocument, unknown>>;
  if (format !== 'inglenook-profile' || version !== 1 || !Array.isArray(interactions)) {
    throw new InglenookError(
      'invalid_input',
      `profile: found format ${JSON.stringify(format)}, version ${JSON.stringify(version)}; ` +
        'expected what profile.export gave: format "inglenook-profile", version 1, and a list of interactions',
    );
  }
  return interactions.map((interaction: unknown, index) => {
    const { itemId, kind, timestampMs } = (interaction ?? {}) as Partial<Interaction>;
    if (typeof itemId !== 'string' || typeof kind !== 'string' || !Number.isSafeInteger(timestampMs)) {
      throw new InglenookError(
        'invalid_input',
        `profile: interaction ${index} is ${JSON.stringify(interaction)}; expected itemId, kind and timestampMs`,
      );
    }
    return { itemId, kind, timestampMs: timestampMs! };
  });
}

/** Everything about one item together, the item with the latest interaction first. */
export function entriesOf(history: Interaction[], itemsOf: (ids: string[]) => (Item | null)[]): ProfileEntry[] {
  const entries = new Map<string, ProfileEntry>();
  for (const { itemId, kind, timestampMs } of inOrder(history)) {
    const entry = entries.get(itemId) ?? { itemId, item: null, interactions: [] };
    entry.interactions.push({ kind, timestampMs });
    // In the order of the latest interaction.
    entries.delete(itemId);
    entries.set(itemId, entry);
  }
  const items = itemsOf([...entries.keys()]);
  return [...entries.values()].map((entry, index) => ({ ...entry, item: items[index]! })).reverse();
}

function inOrder(history: Interaction[]): Interaction[] {
  return history.toSorted((a, b) => a.timestampMs - b.timestampMs);
}
