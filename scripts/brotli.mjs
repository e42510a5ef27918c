// Compressed sizes, by the brotli command line tool at its best quality: what a static host serves.
import { execFileSync } from 'node:child_process';

/** Size of `file` in bytes after `brotli -q 11`. Takes about 3 seconds a megabyte. */
export function brotliBytes(file) {
  try {
    return execFileSync('brotli', ['--quality=11', '--stdout', file], { maxBuffer: 1 << 30 }).length;
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error('brotli is not installed; run scripts/setup/browser.sh');
    throw error;
  }
}
