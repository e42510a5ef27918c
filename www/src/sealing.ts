// Encryption of what is stored about the reader, with a key that the page brings and nobody stores.
import { InglenookError } from './errors.js';

/** AES-GCM with a fresh 96-bit nonce each time. */
export interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}

export async function seal(key: CryptoKey, content: Uint8Array<ArrayBuffer>): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, data: await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, content) };
}

export async function unseal(key: CryptoKey | null, { iv, data }: Sealed): Promise<Uint8Array<ArrayBuffer>> {
  if (!key) {
    throw new InglenookError('profile_locked', 'the stored profile is encrypted; state its key as storage.key');
  }
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, data));
  } catch (cause) {
    throw new InglenookError('profile_locked', 'the stored profile was encrypted with another key than storage.key', {
      cause,
    });
  }
}
