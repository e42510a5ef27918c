import type { Status } from 'inglenook';
import { byId } from './dom.js';

const BACKENDS = { webgpu: 'WebGPU', cpu: 'CPU' };

/** Says where the engine runs and why, what it holds, and how long it took last. */
export function showStatus({ backend, adapter, reason, model, dtype, items, lastEncodeMs, lastRankMs }: Status): void {
  const line = byId('status');
  line.textContent = [
    `${BACKENDS[backend]} (${adapter ?? 'no GPU adapter'}): ${reason}`,
    `${model}, ${dtype}`,
    `${items.toLocaleString('en')} films`,
    ...(lastEncodeMs === null ? [] : [`read your words in ${milliseconds(lastEncodeMs)}`]),
    ...(lastRankMs === null ? [] : [`ranked in ${milliseconds(lastRankMs)}`]),
  ].join(' · ');
  Object.assign(line.dataset, { backend, adapter: adapter ?? '', reason });
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
