// Panics of the wasm module. After one its memory cannot be trusted: everything that uses it must fail from then on.
import { InglenookError, isTrap } from './errors.js';

let error: InglenookError | null = null;
let refuse: (error: InglenookError) => void;
const trapping = new Promise<never>((_, reject) => (refuse = reject));
trapping.catch(() => {});

/** What became of a panic; null as long as there was none. */
export function trapped(): InglenookError | null {
  return error;
}

/** Takes note of an error that is a panic. */
export function heedTrap(thrown: unknown): void {
  if (error || !isTrap(thrown)) return;
  error = InglenookError.from(thrown);
  refuse(error);
}

/** `work`, unless there is a panic first: inside of an async wasm function it settles no promise. */
export function untilTrapped<T>(work: () => Promise<T>): Promise<T> {
  return Promise.race([work(), trapping]);
}

/** Calls `listener` once there was a panic, after whatever waits for `untilTrapped`. */
export function onTrap(listener: (error: InglenookError) => void): void {
  trapping.catch((thrown: InglenookError) => setTimeout(() => listener(thrown)));
}

// A panic inside of an async wasm function surfaces here and nowhere else.
self.addEventListener('error', (event) => heedTrap(event.error));
self.addEventListener('unhandledrejection', (event) => heedTrap(event.reason));
