// How many requests the page has made since a moment, as the browser itself counts them: what this document asks for, beacons and images
// included, once the answer has been read. Workers have lists of their own, and WebRTC has none: `inglenook-verify` sees those too.

export interface CountedRequest {
  url: string;
  /** What asked for it: `fetch`, `img`, `beacon`, `link` and so on. */
  initiator: string;
}

/** Calls `onRequest` for every request that begins after `sinceMs` (as `performance.now()` counts), those already made first. */
export function countRequests(
  sinceMs: number,
  onRequest: (request: CountedRequest) => void,
  signal: AbortSignal,
): void {
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as PerformanceResourceTiming[]) {
      // What a page makes itself, blob: and data:, goes nowhere.
      if (entry.startTime <= sinceMs || !/^(https?|wss?):/.test(entry.name)) continue;
      onRequest({ url: entry.name, initiator: entry.initiatorType });
    }
  });
  observer.observe({ type: 'resource', buffered: true });
  signal.addEventListener('abort', () => observer.disconnect());
}
