// The messages between the client and its worker. Each operation is named once, with what it takes and what it gives.
import type { PlainError } from './errors.js';
import type {
  Device,
  EncodeEvent,
  EngineRequest,
  Interaction,
  Item,
  NewItem,
  ProfileDocument,
  ProfileEntry,
  ProgressEvent,
  Recommendation,
  Status,
  StorageOptions,
} from './types.js';

/** What an engine is made from. Two pages that state the same share one, where the browser lets them. */
export interface Load {
  model: string;
  catalog: string | null;
  device: Device;
  storage: Required<Pick<StorageOptions, 'kind' | 'name'>>;
  key: CryptoKey | null;
  /** A lock that this page holds while it lives; null where the worker dies with the page. */
  pageLock: string | null;
}

export interface Operations {
  load: { input: Load; output: Status };
  recommend: { input: { request: EngineRequest; query: string | null }; output: Recommendation[] };
  similar: { input: { itemId: string; request: EngineRequest }; output: Recommendation[] };
  search: { input: { text: string; request: EngineRequest }; output: Recommendation[] };
  explain: { input: { itemId: string; request: EngineRequest; query: string | null }; output: Recommendation };
  encode: { input: string[]; output: Float32Array[] };
  record: { input: Interaction; output: void };
  getProfile: { input: null; output: ProfileEntry[] };
  editProfile: { input: Interaction; output: void };
  removeFromProfile: { input: string; output: boolean };
  exportProfile: { input: null; output: ProfileDocument };
  importProfile: { input: { document: unknown; mode: 'replace' | 'merge' }; output: void };
  resetProfile: { input: null; output: void };
  addItems: { input: NewItem[]; output: void };
  removeItems: { input: string[]; output: number };
  items: { input: string[]; output: (Item | null)[] };
  exportCatalog: { input: null; output: Map<string, Uint8Array<ArrayBuffer>> };
  update: { input: null; output: boolean };
  /** The addresses of the worker's own code. */
  codeFiles: { input: null; output: string[] };
}

export type Operation = keyof Operations;
export type Input<O extends Operation> = Operations[O]['input'];
export type Output<O extends Operation> = Operations[O]['output'];

export type Call<O extends Operation = Operation> = {
  [P in O]: { type: 'call'; id: number; operation: P; input: Input<P> };
}[O];

/** Takes a call back. */
export interface Skip {
  type: 'skip';
  id: number;
}

/** The page is done with its engine. */
export interface Bye {
  type: 'bye';
}

export type ToWorker = Call | Skip | Bye;

/** What an answer brings along. */
export type Measured = Pick<Status, 'lastEncodeMs' | 'lastRankMs' | 'memoryBytes'>;

export type FromWorker =
  /** The first message: which lock the worker holds while it lives, where it can outlive and be outlived. */
  | { type: 'hello'; workerLock: string | null }
  | { type: 'progress'; id: number; event: ProgressEvent | EncodeEvent }
  | { type: 'status'; status: Status }
  /** The profile has changed. */
  | { type: 'profile' }
  | { type: 'value'; id: number; value: Output<Operation>; measured: Measured | null }
  | { type: 'error'; id: number; error: PlainError }
  /** The worker cannot go on: no call will be answered any more. */
  | { type: 'end'; error: PlainError };
