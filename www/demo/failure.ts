import { InglenookError, type ErrorCode } from 'inglenook';
import { byId } from './dom.js';

const ADVICE: Record<ErrorCode, [title: string, advice: string]> = {
  artifact_corrupt: [
    'A file arrived damaged',
    'The library checks every file before it trusts it, and one of them is not what it should be. Trying again may bring a sound copy.',
  ],
  artifact_incompatible: [
    'The library and this page do not fit together',
    'They come from different releases. Whoever runs this site has to build them again.',
  ],
  backend_unavailable: [
    'The engine cannot run here',
    'The graphics device that it was to use is missing or gave up. It also runs without one, only slower.',
  ],
  cancelled: ['Stopped', 'Loading was cancelled.'],
  invalid_input: ['That did not work', 'The page asked for something that the library cannot do.'],
  network: ['The library is out of reach', 'A file could not be fetched. Check the connection, then try again.'],
  profile_locked: ['The shelf is locked', 'What is kept here is encrypted, and this page has another key.'],
  storage_full: ['No room left', 'This browser has no room left for the library. Make some, then try again.'],
  storage_unavailable: ['Nothing can be kept', 'This browser gives the page no storage.'],
  unknown_item: ['A film is missing', 'The page asked for a film that the library does not have.'],
};

/** Replaces the page by what went wrong, in plain words and in the engine's own. */
export function showFailure(thrown: unknown): void {
  const error = InglenookError.from(thrown);
  const [title, advice] = ADVICE[error.code];
  byId('error-title').textContent = title;
  byId('error-advice').textContent = advice;
  byId('error-code').textContent = error.code;
  byId('error-message').textContent = error.message;
  byId<HTMLAnchorElement>('error-retry').href = location.href;
  byId('error-cpu').hidden = error.code !== 'backend_unavailable';
  byId('status').textContent = 'Not running';
  document.body.dataset['state'] = 'error';
}
