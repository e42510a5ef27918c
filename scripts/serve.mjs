// A static file server for localhost: right MIME types, a strict content security policy, no caching, a log of every request.
// usage: node scripts/serve.mjs DIR [PORT]
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import zlib from 'node:zlib';

const MIME_TYPES = {
  '.bin': 'application/octet-stream',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.jsonl': 'application/jsonl',
  '.map': 'application/json',
  '.md': 'text/plain; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.onnx': 'application/octet-stream',
  '.png': 'image/png',
  '.safetensors': 'application/octet-stream',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
};

export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Pages carry the policy, and scripts too: a worker obeys the policy of its own response, not that of its page. */
const UNDER_POLICY = new Set(['.html', '.js', '.mjs']);

/** What a static host compresses on the way. */
const COMPRESSED = new Set(['.css', '.html', '.js', '.json', '.mjs', '.svg', '.txt', '.wasm']);

/** A line that carries so many bytes a second, whoever they are for. */
class Line {
  static #SLICE = 16 * 1024;
  #freeAtMs = 0;

  constructor(bytesPerSecond) {
    this.bytesPerMs = bytesPerSecond / 1000;
  }

  async send(response, body) {
    for (let at = 0; at < body.length && !response.destroyed; at += Line.#SLICE) {
      const slice = body.subarray(at, at + Line.#SLICE);
      const now = performance.now();
      this.#freeAtMs = Math.max(now, this.#freeAtMs) + slice.length / this.bytesPerMs;
      await new Promise((resolve) => setTimeout(resolve, this.#freeAtMs - now));
      response.write(slice);
    }
    response.end();
  }
}

/** The file under `root` that a request path names, or null where it names none or one outside `root`. */
function fileFor(root, pathname) {
  let decoded;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  if (decoded.includes('\0')) return null;
  const file = path.join(root, decoded.endsWith('/') ? `${decoded}index.html` : decoded);
  if (!file.startsWith(root + path.sep)) return null;
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ? file : null;
}

/**
 * Serves the folder `root` on localhost.
 *
 * @param {string} root
 * @param {object} [options]
 * @param {number} [options.port] 0, the default, takes a free port.
 * @param {Record<string, string | null>} [options.headers] Sent with every answer, over the defaults; null removes one.
 * @param {(pathname: string, reply: Reply, request: http.IncomingMessage) => Reply | null} [options.alter]
 *   May replace any answer, so that tests can serve damaged files and redirects. `{ status, body, headers?, breakAfter?, breakWhen? }`: `headers` go over all others; with `breakAfter` the connection ends after
 *   that many bytes, but not before the promise `breakWhen`; null ends it at once.
 * @param {number} [options.bytesPerSecond] Of all answers together, as on a line that is slower than this machine; text and wasm travel in gzip then.
 * @returns {Promise<{ url: string, requests: { method: string, url: string, range: string | undefined, atMs: number }[], close(): Promise<void> }>}
 */
export async function serve(root, { port = 0, headers = {}, alter, bytesPerSecond } = {}) {
  root = path.resolve(root);
  const line = bytesPerSecond && new Line(bytesPerSecond);
  const requests = [];
  const server = http.createServer((request, response) => {
    requests.push({ method: request.method, url: request.url, range: request.headers.range, atMs: Date.now() });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    // The path as sent, not as a URL parser would tidy it: `..` must be refused, not resolved.
    const pathname = request.url.split(/[?#]/, 1)[0];
    const file = fileFor(root, pathname);
    const extension = path.extname(file ?? '');
    const all = {
      'cache-control': 'no-store',
      'content-type': file ? (MIME_TYPES[extension] ?? 'application/octet-stream') : 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      ...(UNDER_POLICY.has(extension) && { 'content-security-policy': CONTENT_SECURITY_POLICY }),
      ...headers,
    };
    const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
    const isHead = request.method === 'HEAD';
    let reply = file
      ? { status: 200, body: fs.readFileSync(file) }
      : { status: 404, body: Buffer.from(`not found: ${pathname}\n`) };
    if (alter) reply = alter(pathname, reply, request);
    if (reply === null) {
      response.destroy();
      return;
    }
    if (line && reply.status === 200 && !request.headers.range && COMPRESSED.has(extension)) {
      sent['content-encoding'] = 'gzip';
      reply = { ...reply, body: zlib.gzipSync(reply.body) };
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (reply.status === 200 && range) {
      const { length } = reply.body;
      const [from, to] = [Number(range[1]), Math.min(Number(range[2]), length - 1)];
      sent['content-range'] = `bytes ${from}-${to}/${length}`;
      reply = { ...reply, status: 206, body: reply.body.subarray(from, to + 1) };
    }
    response.writeHead(reply.status, { ...sent, ...reply.headers, 'content-length': reply.body.length });
    if (isHead) return response.end();
    if (line) return void line.send(response, reply.body);
    // A connection that breaks in the middle, for tests.
    if (reply.breakAfter !== undefined) {
      return response.write(reply.body.subarray(0, reply.breakAfter), async () => {
        await (reply.breakWhen ?? delay(50));
        response.destroy();
      });
    }
    response.end(reply.body);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, 'localhost', resolve);
  });
  return {
    url: `http://localhost:${server.address().port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const [dir, port = '0'] = process.argv.slice(2);
  if (!dir || !fs.existsSync(dir)) {
    console.error(`usage: node scripts/serve.mjs DIR [PORT]${dir ? `; there is no folder ${dir}` : ''}`);
    process.exit(2);
  }
  console.log((await serve(dir, { port: Number(port) })).url);
}
