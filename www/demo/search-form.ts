import { byId } from './dom.js';

const TYPING_PAUSE_MS = 250;

/** Calls `search` with the words of the search form whenever they have changed: on Enter, on an example, after a pause in typing. */
export function listenToSearch(search: (query: string) => void): void {
  const field = byId<HTMLInputElement>('search');
  let typing: ReturnType<typeof setTimeout> | undefined;
  let last = '';
  const follow = () => {
    clearTimeout(typing);
    const query = field.value.trim();
    if (query === last) return;
    last = query;
    search(query);
  };
  field.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(follow, TYPING_PAUSE_MS);
  });
  byId('search-form').addEventListener('submit', (event) => {
    event.preventDefault();
    follow();
  });
  for (const example of document.querySelectorAll<HTMLButtonElement>('.example')) {
    example.addEventListener('click', () => {
      field.value = example.textContent;
      follow();
    });
  }
}
