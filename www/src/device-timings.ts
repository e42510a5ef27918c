// What was measured of this browser's devices, kept for the next visit: hardware, not people. Without storage (a private window, a full disk)
// the devices are measured on every visit.
import type { DeviceTimings } from './types.js';

const CACHE = 'inglenook';

/** Timings of another release of the engine say nothing about this one. */
const RELEASE = 1;

function address(model: string): string {
  // Never requested: a name in the cache, which wants addresses.
  return `/inglenook/device-timings?release=${RELEASE}&model=${encodeURIComponent(model)}`;
}

export async function recallTimings(model: string): Promise<DeviceTimings | null> {
  try {
    const kept = await (await caches.open(CACHE)).match(address(model));
    return kept ? ((await kept.json()) as DeviceTimings) : null;
  } catch {
    return null;
  }
}

export async function rememberTimings(model: string, timings: DeviceTimings): Promise<void> {
  try {
    await (await caches.open(CACHE)).put(address(model), Response.json(timings));
  } catch {
    // See above.
  }
}
