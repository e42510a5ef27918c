// Download sizes, raw and compressed. Compressing a model takes a minute, so sizes are remembered by the file's content.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { brotliBytes } from '../../scripts/brotli.mjs';
import { root } from '../../scripts/paths.mjs';

const memory = path.join(root, 'target/bench/brotli.json');

/** @returns {Record<string, Record<string, { raw: number, brotli: number }>>} the same keys, with sizes for lists of files */
export function measureDownloads(downloads) {
  const known = fs.existsSync(memory) ? JSON.parse(fs.readFileSync(memory, 'utf8')) : {};
  const sizeOf = (file) => {
    const bytes = fs.readFileSync(file);
    const sha256 = crypto.createHash('sha256').update(bytes).digest('hex');
    known[sha256] ??= brotliBytes(file);
    fs.writeFileSync(memory, JSON.stringify(known));
    return { raw: bytes.length, brotli: known[sha256] };
  };
  const total = (files) =>
    files.map(sizeOf).reduce((a, b) => ({ raw: a.raw + b.raw, brotli: a.brotli + b.brotli }), { raw: 0, brotli: 0 });
  const measured = {};
  for (const [side, { code, model }] of Object.entries(downloads)) {
    measured[side] = { code: total(code), model: total(model) };
  }
  return measured;
}
