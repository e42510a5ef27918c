// Work that can wait, done in slices that leave the page free in between.

const SLICE_MS = 8;
const queue: (() => void)[] = [];
let isScheduled = false;

/** Does `work` soon, after what the visitor waits for. */
export function unhurried(work: () => void): void {
  queue.push(work);
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(slice);
}

function slice(): void {
  const end = performance.now() + SLICE_MS;
  do queue.shift()?.();
  while (queue.length > 0 && performance.now() < end);
  isScheduled = queue.length > 0;
  if (isScheduled) setTimeout(slice);
}

/** Ends the present task, so that the page can answer the visitor before what follows. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
