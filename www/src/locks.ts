// Locks by which a page and a shared worker notice that the other one is gone: a message port does not tell.

/** Holds a lock of a new name until `release` is called or this page or worker ends. */
export async function holdLock(purpose: string): Promise<{ name: string; release: () => void }> {
  const name = `inglenook-${purpose}-${crypto.randomUUID()}`;
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await new Promise<void>((granted) => {
    void navigator.locks.request(name, () => {
      granted();
      return held;
    });
  });
  return { name, release };
}

/** Waits until whoever holds the lock is gone; gives up when `signal` says so. */
export async function lockIsFree(name: string, signal: AbortSignal): Promise<boolean> {
  try {
    return await navigator.locks.request(name, { signal }, () => true);
  } catch {
    return false;
  }
}

/** Does `work` while no other page or worker does work under this name, where the browser has locks. */
export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return work();
  return (await locks.request(name, work)) as T;
}
