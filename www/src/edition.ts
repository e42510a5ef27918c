// What this browser adds to a catalog and takes out of it, as it is stored.
import type { EditionRecord } from './storage.js';
import type { NewItem } from './types.js';

export function emptyEdition(model: string): EditionRecord {
  return { model, items: [], vectors: new Float32Array(), removed: [] };
}

/** An item whose id was added before takes its place. */
export function withItems(edition: EditionRecord, items: NewItem[], vectors: Float32Array): EditionRecord {
  const entries = entriesOf(edition);
  const added = entriesOf({ ...edition, items, vectors: vectors as EditionRecord['vectors'] });
  for (const [id, entry] of added) entries.set(id, entry);
  return { ...recordOf(edition, entries), removed: edition.removed.filter((id) => !added.has(id)) };
}

export function withoutItems(edition: EditionRecord, ids: string[]): EditionRecord {
  const entries = entriesOf(edition);
  for (const id of ids) entries.delete(id);
  return { ...recordOf(edition, entries), removed: [...new Set([...edition.removed, ...ids])] };
}

interface Entry {
  item: NewItem;
  vector: Float32Array;
}

function entriesOf({ items, vectors }: EditionRecord): Map<string, Entry> {
  const dimensions = items.length > 0 ? vectors.length / items.length : 0;
  const vectorAt = (index: number) => vectors.subarray(index * dimensions, (index + 1) * dimensions);
  return new Map(items.map((item, index) => [String(item.id), { item, vector: vectorAt(index) }]));
}

function recordOf(edition: EditionRecord, entries: Map<string, Entry>): EditionRecord {
  const all = [...entries.values()];
  const vectors = new Float32Array(all.reduce((length, { vector }) => length + vector.length, 0));
  let end = 0;
  for (const { vector } of all) {
    vectors.set(vector, end);
    end += vector.length;
  }
  return { ...edition, items: all.map(({ item }) => item), vectors };
}
