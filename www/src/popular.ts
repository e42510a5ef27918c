// The catalog's opening: a list for somebody of whom nothing is known, as it was built with the catalog, for a page to show before the engine is there.
import { ArtifactCache } from './artifact-cache.js';
import { fetchManifest, fetchOk } from './fetching.js';
import { InglenookError } from './errors.js';
import { CAN_HASH, chunksOfFile, type Manifest, sha256 } from './manifest.js';
import type { CallOptions, ListRequest, Recommendation, TagFilter } from './types.js';

const OPENING = /^opening-.*\.json$/;

export async function openingOf(
  folder: URL,
  { k = 10, filter = {}, exclude = [] }: Omit<ListRequest, 'diversity'>,
  { signal }: CallOptions,
): Promise<Recommendation[]> {
  const store = await ArtifactCache.open();
  const kept = await store?.completeManifest(folder);
  const manifest = kept ?? (await fetchManifest(folder, { signal }));
  const items = await read(manifest, store, signal);
  const hidden = new Set(exclude);
  return items.filter(({ id, tags }) => !hidden.has(id) && accepts(filter, tags)).slice(0, k);
}

async function read(
  { folder, files }: Manifest,
  store: ArtifactCache | null,
  signal: AbortSignal | undefined,
): Promise<Recommendation[]> {
  const file = files.find(({ name }) => OPENING.test(name));
  if (!file) return [];
  const [{ hash } = { hash: '' }] = chunksOfFile(file);
  const kept = store?.has(hash) ? await store.chunk(hash) : null;
  if (kept) return parse(kept);
  const url = new URL(file.name, folder);
  const response = await fetchOk(url, signal ? { signal } : {});
  const content = new Uint8Array(await response.arrayBuffer());
  const found = CAN_HASH ? await sha256(content) : hash;
  if (found === hash) return parse(content);
  throw new InglenookError(
    'artifact_corrupt',
    `${url} is corrupt: found SHA-256 ${found}, expected ${hash}; deploy the folder again as a whole`,
  );
}

function parse(content: Uint8Array): Recommendation[] {
  return JSON.parse(new TextDecoder().decode(content)) as Recommendation[];
}

function accepts({ anyOf = [], allOf = [], noneOf = [] }: TagFilter, tags: string[]): boolean {
  const has = (tag: string) => tags.includes(tag);
  return (anyOf.length === 0 || anyOf.some(has)) && allOf.every(has) && !noneOf.some(has);
}
