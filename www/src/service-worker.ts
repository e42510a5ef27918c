// A service worker that a site may serve from its root, so that its pages open without a network. It asks the network first, and answers
// from what it keeps only where there is none. Models and catalogs are not its business: the engine keeps those itself.
export {};

const CACHE = 'inglenook-pages';

const scope = self as unknown as WorkerGlobalScopeOfServices;

/** The part of `ServiceWorkerGlobalScope` that is used; its library of types cannot be loaded beside that of pages. */
interface WorkerGlobalScopeOfServices {
  location: Location;
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(
    type: 'install' | 'activate' | 'fetch' | 'message',
    listener: (event: {
      request: Request;
      data: unknown;
      ports: readonly MessagePort[];
      waitUntil(work: Promise<unknown>): void;
      respondWith(response: Promise<Response>): void;
    }) => void,
  ): void;
}

scope.addEventListener('install', (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()));

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const isOurs = request.method === 'GET' && new URL(request.url).origin === scope.location.origin;
  // What a script fetches around the browser's cache it keeps itself, or wants fresh.
  const isKeptElsewhere = request.destination === '' && request.cache !== 'default';
  if (isOurs && !isKeptElsewhere && !request.headers.has('range')) event.respondWith(answer(request));
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    // A visit replaces what is kept of a file, and adds nothing: pages say themselves what is to be kept.
    if (response.ok && (await cache.match(request.url))) await cache.put(request.url, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request.url, { ignoreSearch: request.mode === 'navigate' });
    if (kept) return kept;
    throw error;
  }
}

scope.addEventListener('message', (event) => {
  const { keep } = (event.data ?? {}) as { keep?: string[] };
  if (!Array.isArray(keep)) return;
  const kept = Promise.all(keep.map(keepFile)).then(
    () => event.ports[0]?.postMessage(null),
    (error: unknown) => event.ports[0]?.postMessage(String(error)),
  );
  event.waitUntil(kept);
});

/** What the server does not have, the page did without. */
async function keepFile(url: string): Promise<void> {
  const response = await fetch(url);
  if (response.ok) await (await caches.open(CACHE)).put(url, response);
}
