import type { ProgressEvent } from 'inglenook';
import { byId } from './dom.js';

const MEGABYTE = 1e6;

/** Moves the progress bar on, and says in words what is going on. */
export function showProgress({ stage, loadedBytes, totalBytes }: ProgressEvent): void {
  const bar = byId<HTMLProgressElement>('progress');
  const isDownloading = stage === 'download' && totalBytes > 0;
  // Without a value the bar shows that work goes on, but not how far it has come.
  if (isDownloading) bar.value = loadedBytes / totalBytes;
  else bar.removeAttribute('value');
  byId('progress-text').textContent = {
    download: isDownloading
      ? `Bringing in the films and their reader: ${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB`
      : 'Asking for the library',
    compile: 'Preparing the engine',
    verify: 'Checking that every byte is right',
    ready: 'Taking a seat',
  }[stage];
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1);
}
