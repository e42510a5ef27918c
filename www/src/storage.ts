// What is stored about the reader: one document of the profile and one of the added items for each name, in IndexedDB, encrypted where the page
// brings a key. Where nothing can be stored, documents live in memory, and it is told why.
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { InglenookError } from './errors.js';
import { alone } from './locks.js';
import { type Sealed, seal, unseal } from './sealing.js';
import type { Interaction, NewItem, StorageStatus } from './types.js';

const DATABASE = 'inglenook';
/** 1: profiles. 2: editions beside them. */
const VERSION = 2;

/** What the reader did. */
export interface ProfileRecord {
  interactions: Interaction[];
}

/** What this browser adds to a catalog and takes out of it. */
export interface EditionRecord {
  /** The id of the model that made the vectors. */
  model: string;
  items: NewItem[];
  /** One vector for each item, one after another. */
  vectors: Float32Array<ArrayBuffer>;
  removed: string[];
}

export interface Documents {
  profiles: ProfileRecord;
  editions: EditionRecord;
}

type Stored<T> = { plain: T } | { sealed: Sealed };

interface Schema extends DBSchema {
  profiles: { key: string; value: Stored<ProfileRecord> };
  editions: { key: string; value: Stored<EditionRecord> };
}

export interface StorageChoice {
  kind: 'persistent' | 'memory';
  name: string;
  key: CryptoKey | null;
}

export class Storage {
  readonly name: string;
  /** Called when another tab or engine has changed a document. */
  onOutsideChange: () => void = () => {};
  problem: InglenookError | null = null;
  readonly #key: CryptoKey | null;
  readonly #channel: BroadcastChannel | null;
  readonly #inMemory: Partial<Documents> = {};
  #database: IDBPDatabase<Schema> | null = null;

  /**
   * Opens what is kept under a name. Where the browser keeps nothing, `problem` says why.
   *
   * @throws {InglenookError} `profile_locked`
   */
  static async open({ kind, name, key }: StorageChoice): Promise<Storage> {
    const storage = new Storage(name, key, kind === 'persistent');
    if (kind === 'persistent') await storage.#open();
    // What was written before there was a key is encrypted from now on; what another key encrypted is refused here, at once.
    for (const store of ['profiles', 'editions'] as const) {
      const found = await storage.#database?.get(store, name);
      if (found && 'sealed' in found) await storage.#reveal(found);
      else if (found && key) await storage.#write(store, found.plain as never);
    }
    return storage;
  }

  private constructor(name: string, key: CryptoKey | null, isPersistent: boolean) {
    this.name = name;
    this.#key = key;
    this.#channel = isPersistent ? new BroadcastChannel(`inglenook-storage-${name}`) : null;
    this.#channel?.addEventListener('message', () => this.onOutsideChange());
  }

  get status(): Pick<StorageStatus, 'profile' | 'isEncrypted'> {
    const isPersistent = this.#database !== null;
    return { profile: isPersistent ? 'persistent' : 'memory', isEncrypted: isPersistent && this.#key !== null };
  }

  async read<K extends keyof Documents>(store: K): Promise<Documents[K] | null> {
    if (!this.#database) return this.#inMemory[store] ?? null;
    try {
      const found = await this.#database.get(store, this.name);
      const content = found ? ((await this.#reveal(found as Stored<Documents[K]>)) as Documents[K]) : null;
      if (content) this.#inMemory[store] = content;
      else delete this.#inMemory[store];
      return content;
    } catch (cause) {
      this.#giveUp(cause);
      return this.#inMemory[store] ?? null;
    }
  }

  /** Replaces a document by what `change` makes of it, with nothing in between, in other tabs neither. Null deletes it. */
  async change<K extends keyof Documents>(
    store: K,
    change: (present: Documents[K] | null) => Documents[K] | null | Promise<Documents[K] | null>,
  ): Promise<void> {
    await alone(`inglenook-storage-${this.name}`, async () => {
      const next = await change(await this.read(store));
      await this.#write(store, next);
    });
    this.#channel?.postMessage(null);
  }

  /** Whether a page that brings this key may see what is kept here. */
  async opensWith(key: CryptoKey | null): Promise<boolean> {
    if (!this.#key || !key) return this.#key === key;
    const probe = await seal(this.#key, new Uint8Array(1));
    return unseal(key, probe).then(
      () => true,
      () => false,
    );
  }

  close(): void {
    this.#channel?.close();
    this.#database?.close();
  }

  async #open(): Promise<void> {
    try {
      this.#database = await openDB<Schema>(DATABASE, VERSION, {
        upgrade(database, from) {
          if (from < 1) database.createObjectStore('profiles');
          if (from < 2) database.createObjectStore('editions');
        },
        // A later release of the page wants to change the database: do not stand in its way.
        blocking: (_from, _to, event) => (event.target as IDBDatabase).close(),
      });
    } catch (cause) {
      this.#giveUp(cause);
    }
  }

  async #write<K extends keyof Documents>(store: K, content: Documents[K] | null): Promise<void> {
    if (content) this.#inMemory[store] = content;
    else delete this.#inMemory[store];
    if (!this.#database) return;
    try {
      if (!content) await this.#database.delete(store, this.name);
      else {
        const stored = this.#key ? { sealed: await seal(this.#key, pack(content)) } : { plain: content };
        await this.#database.put(store, stored as never, this.name);
      }
    } catch (cause) {
      this.#giveUp(cause);
    }
  }

  async #reveal<T extends Documents[keyof Documents]>(stored: Stored<T>): Promise<T> {
    return 'plain' in stored ? stored.plain : (unpack(await unseal(this.#key, stored.sealed)) as T);
  }

  /** From here on, everything is in memory. */
  #giveUp(cause: unknown): void {
    if (cause instanceof InglenookError) throw cause;
    const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
    const isFull = cause instanceof DOMException && cause.name === 'QuotaExceededError';
    this.problem = new InglenookError(
      isFull ? 'storage_full' : 'storage_unavailable',
      `the profile is not kept for the next visit: ${reason}`,
      { cause },
    );
    this.#database?.close();
    this.#database = null;
  }
}

// A document as bytes: the length of its JSON, the JSON, and the numbers of its vectors.
function pack(content: Documents[keyof Documents]): Uint8Array<ArrayBuffer> {
  const { vectors = new Float32Array(), ...rest } = content as Partial<EditionRecord>;
  const json = new TextEncoder().encode(JSON.stringify(rest));
  const bytes = new Uint8Array(4 + json.length + vectors.byteLength);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  bytes.set(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength), 4 + json.length);
  return bytes;
}

function unpack(bytes: Uint8Array<ArrayBuffer>): unknown {
  const end = 4 + new DataView(bytes.buffer).getUint32(0, true);
  const rest = JSON.parse(new TextDecoder().decode(bytes.subarray(4, end))) as object;
  return { ...rest, vectors: new Float32Array(bytes.slice(end).buffer) };
}
