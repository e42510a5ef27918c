// Requests, and what is said where they fail.
import { InglenookError } from './errors.js';
import { parseManifest, type Manifest } from './manifest.js';

export async function fetchOk(url: URL, options?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, options);
  } catch (cause) {
    throw new InglenookError(
      'network',
      `${url} could not be reached (${messageOf(cause)}); check the connection, and that the server allows this page to fetch it`,
      { cause },
    );
  }
  if (!response.ok) {
    throw new InglenookError(
      'network',
      `${url} answered ${response.status} ${response.statusText}`.trimEnd() + '; check that the file is deployed there',
    );
  }
  return response;
}

export async function fetchManifest(
  folder: URL,
  { cache, signal }: Pick<RequestInit, 'cache'> & { signal?: AbortSignal | undefined },
): Promise<Manifest> {
  const url = new URL('manifest.json', folder);
  // The manifest decides which files are right, so it alone must never come from a cache unasked.
  const response = await fetchOk(url, { ...(signal && { signal }), cache: cache === 'reload' ? cache : 'no-cache' });
  const content = new Uint8Array(await response.arrayBuffer().catch((cause: unknown) => fail(interrupted(url, cause))));
  return parseManifest(folder, content);
}

export function interrupted(url: URL, cause: unknown): InglenookError {
  return new InglenookError('network', `the download of ${url} broke off (${messageOf(cause)}); try again`, { cause });
}

function fail(error: Error): never {
  throw error;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
