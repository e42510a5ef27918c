// Hands the addresses of a page and its code to the site's service worker, so that the page opens without a network, too.
import { InglenookError } from './errors.js';

/** Registers the service worker at `url` and has it keep these files beside the page and everything that the page has loaded. */
export async function keepOffline(url: URL, codeFiles: string[]): Promise<void> {
  if (!navigator.serviceWorker) {
    throw new InglenookError(
      'storage_unavailable',
      'the browser gives this page no service worker; serve it over https, outside of a private window',
    );
  }
  try {
    await navigator.serviceWorker.register(url);
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
    const keep = [...new Set([location.href.split('#', 1)[0]!, ...loaded, ...codeFiles])];
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise<unknown>((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    active!.postMessage({ keep: keep.filter((file) => new URL(file).origin === location.origin) }, [port2]);
    const problem = await answer;
    if (problem !== null) throw new Error(String(problem));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new InglenookError('network', `${url} could not keep the page: ${message}`, { cause });
  }
}
