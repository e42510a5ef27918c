// A catalog that the visitor brings: read, embedded and kept on the device.
import 'inglenook/define';
import { createRecommender, InglenookError, type Recommender } from 'inglenook';
import { byId, html } from '../dom.js';
import { listenToSearch } from '../search-form.js';
import { readList } from './table.js';
import { zip } from './zip.js';

/** Keeps this list apart from the other profiles of the site. */
const NAME = 'own';
const MAX_PROBLEMS = 8;
const MAX_BYTES = 20e6;

const drop = byId('drop');
const file = byId<HTMLInputElement>('file');
const list = byId<HTMLElementTagNameMap['inglenook-shelf']>('list');
const similar = byId<HTMLElementTagNameMap['inglenook-shelf']>('similar');
const bar = byId<HTMLProgressElement>('progress');

let stop = new AbortController();
const recommender = createRecommender({
  model: 'model/',
  storage: { name: NAME },
  onProgress: ({ stage, loadedBytes, totalBytes }) => {
    if (stage === 'download' && totalBytes > 0) progress('Bringing in the reader', loadedBytes / totalBytes);
  },
});
recommender.then(
  (engine) => {
    hideProgress();
    if (engine.status().items > 0) openLibrary(engine);
  },
  (error: unknown) => fail(error),
);

file.addEventListener('change', () => {
  const [chosen] = file.files ?? [];
  file.value = '';
  if (chosen) void take(chosen);
});
for (const type of ['dragover', 'dragleave', 'drop']) {
  drop.addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.toggle('over', type === 'dragover');
  });
}
drop.addEventListener('drop', ({ dataTransfer }) => {
  const [dropped] = dataTransfer?.files ?? [];
  if (dropped) void take(dropped);
});
byId('sample').addEventListener('click', () => void sample.then(take, fail));
byId('stop').addEventListener('click', () => stop.abort());
listenToSearch((query) => {
  list.query = query;
  list.heading = query === '' ? 'From your list' : `For “${query}”`;
});
list.addEventListener('inglenook-select', (event) => {
  const { id, title, url } = event.recommendation;
  if (url) return;
  similar.hidden = false;
  similar.similarTo = id;
  similar.heading = `More like ${title}`;
});
byId('download').addEventListener('click', () => void attempt(download));
byId('clear').addEventListener('click', () => void attempt(clear));

/** Fetched with the page: a request at the press of a button would tell of it. */
const sample = fetch(new URL('own/garden.csv', document.baseURI)).then(async (response) => {
  if (!response.ok) throw new InglenookError('network', `${response.url} answered ${response.status}`);
  return new File([await response.blob()], 'garden.csv');
});
// Told where it is awaited.
sample.catch(() => {});

async function take(given: File): Promise<void> {
  await attempt(async () => {
    stop = new AbortController();
    byId('problems').hidden = true;
    if (given.size > MAX_BYTES) {
      const found = (given.size / 1e6).toFixed(0);
      throw new InglenookError(
        'invalid_input',
        `${given.name} has ${found} MB, this page takes at most ${MAX_BYTES / 1e6}`,
      );
    }
    progress(`Reading ${given.name}`, null);
    const { items, problems } = await readList(given.name, await given.text());
    showProblems(problems);
    if (items.length === 0) {
      throw new InglenookError(
        'invalid_input',
        `${given.name} holds no item; expected a line for each, with a title or a text`,
      );
    }
    const engine = await recommender;
    const started = performance.now();
    const onProgress = ({ doneItems, totalItems }: { doneItems: number; totalItems: number }) =>
      progress(
        `Reading ${doneItems.toLocaleString('en')} of ${totalItems.toLocaleString('en')}`,
        doneItems / totalItems,
      );
    await engine.addItems(items, { signal: stop.signal, onProgress });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    byId('facts').textContent =
      `${items.length.toLocaleString('en')} items of ${given.name}, read on this device in ${seconds} s.`;
    openLibrary(engine);
  });
}

function openLibrary(engine: Recommender): void {
  if (list.recommender === engine) void list.refresh();
  else for (const id of ['list', 'similar', 'privacy']) byId<typeof list>(id).recommender = engine;
  byId('facts').textContent ||= `${engine.status().items.toLocaleString('en')} items, kept from your last visit.`;
  byId('library').hidden = false;
}

async function download(): Promise<void> {
  const files = await (await recommender).exportCatalog();
  const href = URL.createObjectURL(zip(files));
  html('a', { href, download: 'catalog.zip' }).click();
  // The browser has to have taken it by then.
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

async function clear(): Promise<void> {
  const engine = await recommender;
  const { interactions } = await engine.profile.export();
  await engine.profile.reset();
  await engine.removeItems(await allIds(engine, interactions.length));
  byId('library').hidden = true;
  byId('facts').textContent = '';
  drop.scrollIntoView();
}

/** Ids of all items: the longest list that the engine gives, as often as it takes. */
async function allIds(engine: Recommender, seen: number): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const more = await engine.recommend({ k: 1000, exclude: ids, includeSeen: seen > 0 });
    if (more.length === 0) return ids;
    ids.push(...more.map(({ id }) => id));
  }
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    fail(error);
  } finally {
    hideProgress();
  }
}

function fail(thrown: unknown): void {
  const error = InglenookError.from(thrown);
  hideProgress();
  if (error.code === 'cancelled') return;
  showProblems([error.message]);
}

/** `done` from 0 to 1; null where it cannot be told. */
function progress(text: string, done: number | null): void {
  byId('progress-panel').hidden = false;
  byId('progress-text').textContent = text;
  if (done === null) bar.removeAttribute('value');
  else bar.value = done;
}

function hideProgress(): void {
  byId('progress-panel').hidden = true;
}

function showProblems(problems: string[]): void {
  const rest = problems.length - MAX_PROBLEMS;
  byId('problems').hidden = problems.length === 0;
  byId('problems').replaceChildren(
    html(
      'ul',
      {},
      ...problems.slice(0, MAX_PROBLEMS).map((problem) => html('li', {}, problem)),
      ...(rest > 0 ? [html('li', {}, `and ${rest} more lines that cannot be used`)] : []),
    ),
  );
}
