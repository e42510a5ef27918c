// The messages between the client and its worker. Each operation is named once, with what it takes and what it gives.
import type { PlainError } from './errors.js';
import type {
  Device,
  EngineRequest,
  EngineStatus,
  Interaction,
  ProgressEvent,
  Recommendation,
  Status,
} from './types.js';

export interface Operations {
  load: {
    input: { model: string; catalog: string | null; device: Device };
    output: EngineStatus;
  };
  recommend: {
    input: { request: EngineRequest; query: string | null };
    output: Recommendation[];
  };
  explain: {
    input: { itemId: string; request: EngineRequest; query: string | null };
    output: Recommendation;
  };
  encode: { input: string[]; output: Float32Array[] };
  record: { input: Interaction; output: void };
  history: { input: null; output: Interaction[] };
  clearHistory: { input: null; output: void };
}

export type Operation = keyof Operations;
export type Input<O extends Operation> = Operations[O]['input'];
export type Output<O extends Operation> = Operations[O]['output'];

export type Call<O extends Operation = Operation> = {
  [P in O]: { type: 'call'; id: number; operation: P; input: Input<P> };
}[O];

/** Takes a call back, if it has not begun. */
export interface Skip {
  type: 'skip';
  id: number;
}

export type ToWorker = Call | Skip;

export type Timings = Pick<Status, 'lastEncodeMs' | 'lastRankMs'>;

export type FromWorker =
  | { type: 'progress'; event: ProgressEvent }
  | { type: 'status'; status: EngineStatus }
  | { type: 'value'; id: number; value: Output<Operation>; timings: Timings }
  | { type: 'error'; id: number; error: PlainError };
