import type { ErrorCode, InteractionKind, Recommendation, ScoreParts, StorageStatus } from 'inglenook';

/** What the elements say. Replace any of it through the `words` of an element, for another language or another voice. */
export interface Words {
  like: string;
  dislike: string;
  why: string;
  /** Labels for those who hear the buttons and not see the card around them. */
  likeItem: (title: string) => string;
  dislikeItem: (title: string) => string;
  whyItem: (title: string) => string;
  whyTitle: (title: string) => string;
  because: (recommendation: Recommendation) => string;
  liked: (title: string) => string;
  disliked: (title: string) => string;
  takenBack: (title: string) => string;
  undo: string;
  close: string;
  retry: string;
  loading: (loadedBytes: number, totalBytes: number) => string;
  preparing: string;
  count: (items: number) => string;
  empty: string;
  error: (code: ErrorCode) => string;
  total: string;
  /** The parts of a score, each with what it means. */
  parts: Record<keyof ScoreParts, [label: string, meaning: string]>;
  pulledUp: string;
  nothingSpeaks: string;
  kinds: Record<InteractionKind, string>;
  percent: (share: number) => string;
  privacy: PrivacyWords;
}

/** What `<inglenook-privacy>` says. */
export interface PrivacyWords {
  promise: string;
  requests: (count: number) => string;
  requestsNote: string;
  stored: string;
  nothingStored: string;
  /** What was done with an item, and when, for instance "liked on 3 May 2026". */
  done: (kind: InteractionKind, timestampMs: number) => string;
  /** An item that the catalog no longer has. */
  gone: (itemId: string) => string;
  forget: string;
  forgetItem: (title: string) => string;
  forgotten: (title: string) => string;
  more: (items: number) => string;
  shown: (items: number) => string;
  place: (storage: StorageStatus) => string;
  /** Files of the site, the same for everybody. */
  downloads: (bytes: number) => string;
  reasons: string;
  noReasons: string;
  export: string;
  import: string;
  imported: string;
  forgetAll: string;
  forgetAllQuestion: string;
  forgetAllYes: string;
  forgetAllNo: string;
  allForgotten: string;
  fileName: string;
}

const MEGABYTE = 1e6;

export const ENGLISH: Words = {
  like: 'Like',
  dislike: 'Not for me',
  why: 'Why this?',
  likeItem: (title) => `Like ${title}`,
  dislikeItem: (title) => `Not for me: ${title}`,
  whyItem: (title) => `Why this? ${title}`,
  whyTitle: (title) => `Why ${title}?`,
  because: ({ because, parts }) => {
    const names = because
      .filter(({ kind, contribution }) => kind !== 'dislike' && contribution > 0)
      .slice(0, 2)
      .map(({ title, kind }) => ({ title, kind }));
    if (names.length > 0) {
      const verb = names.every(({ kind }) => kind === 'like') ? 'liked' : 'chose';
      return `Because you ${verb} ${names.map(({ title }) => title).join(' and ')}`;
    }
    if (parts.query > 0) return 'Close to your words';
    return parts.popularity > 0 ? 'Liked by many' : '';
  },
  liked: (title) => `You liked ${title}.`,
  disliked: (title) => `${title} is not for you.`,
  takenBack: (title) => `Taken back: ${title}.`,
  undo: 'Undo',
  close: 'Close',
  retry: 'Try again',
  loading: (loaded, total) =>
    `Preparing your recommendations: ${(loaded / MEGABYTE).toFixed(1)} of ${(total / MEGABYTE).toFixed(1)} MB`,
  preparing: 'Preparing your recommendations',
  count: (items) => (items === 1 ? 'One recommendation.' : `${items} recommendations.`),
  empty: 'Nothing here fits. Ask for something else, or take a filter away.',
  error: (code) => ERRORS[code] ?? 'The recommendations are not available.',
  total: 'Score',
  parts: {
    query: ['Your words', 'how close it is to what you asked for'],
    content: ['Your taste', 'how like it is to what you chose'],
    collaborative: ['Others like you', 'what those who chose the same chose'],
    sequence: ['What comes next', 'what is often chosen after your latest'],
    popularity: ['Popularity', 'how many people know and like it'],
    feedback: ['Not for you', 'how like it is to what you turned down'],
    diversity: ['Variety', 'what it gave up for being like its neighbors'],
  },
  pulledUp: 'What pulled it up',
  nothingSpeaks: 'Nothing that is kept about you speaks for it.',
  kinds: { like: 'liked', dislike: 'turned down', view: 'looked at', click: 'opened', purchase: 'bought' },
  percent: (share) => `${Math.round(share * 100)} %`,
  privacy: {
    promise: 'Your recommendations are computed on this device. What you like stays in this browser.',
    requests: (count) =>
      count === 0
        ? 'This page has sent no request since the recommendations were ready.'
        : `This page has sent ${count === 1 ? 'one request' : `${count} requests`} since the recommendations were ready:`,
    requestsNote: 'Counted by your browser, live.',
    stored: 'What is kept about you',
    nothingStored: 'Nothing. Like something, and it is listed here.',
    done: (kind, timestampMs) => {
      const day = new Date(timestampMs).toLocaleDateString('en', { dateStyle: 'medium' });
      return `${ENGLISH.kinds[kind]} on ${day}`;
    },
    gone: (itemId) => `${itemId}, which is no longer here`,
    forget: 'Forget',
    forgetItem: (title) => `Forget ${title}`,
    forgotten: (title) => `${title} is forgotten.`,
    more: (items) => `and ${items} more; the export has them all`,
    shown: (items) =>
      items === 0
        ? ''
        : `Also kept: which ${items === 1 ? 'item was' : `${items} items were`} shown to you, so that they can make room for others.`,
    place: ({ profile, isEncrypted }) =>
      profile === 'memory'
        ? 'All of it lasts as long as this page is open.'
        : `All of it lies in this browser's storage${isEncrypted ? ', encrypted' : ''}.`,
    downloads: (bytes) =>
      bytes === 0 ? '' : `Beside it, ${(bytes / MEGABYTE).toFixed(1)} MB of this site's files, the same for everybody.`,
    reasons: 'Why you are shown what you are shown',
    noReasons: 'Nothing here follows from what is kept about you yet.',
    export: 'Export',
    import: 'Import',
    imported: 'Imported.',
    forgetAll: 'Forget everything',
    forgetAllQuestion: 'Forget everything that is kept about you? This cannot be undone.',
    forgetAllYes: 'Yes, forget everything',
    forgetAllNo: 'Keep it',
    allForgotten: 'Everything is forgotten.',
    fileName: 'my-profile.json',
  },
};

const ERRORS: Partial<Record<ErrorCode, string>> = {
  network: 'The recommendations are out of reach. Check the connection, then try again.',
  artifact_corrupt: 'A file arrived damaged, and was not used. Trying again may bring a sound copy.',
  artifact_incompatible: 'The files of this site do not fit together. Whoever runs it has to build them again.',
  backend_unavailable: 'The engine cannot run here.',
  invalid_input: 'This shelf asks for something that cannot be done.',
  profile_locked: 'What is kept here is locked, and this page has another key.',
};
