// A forward proxy on localhost that writes down everything the browser asks of the network: the answer to "did anything leave?" that no page
// can get around, for pages, workers, service workers and beacons all go through it.
import http from 'node:http';
import net from 'node:net';

/**
 * @typedef {{ method: string, url: string, atMs: number }} SeenRequest For https only the host is seen: `CONNECT host:443`.
 */

/**
 * @param {{ ignore: (host: string) => boolean }} options Hosts that are refused and not written down.
 * @returns {Promise<{ address: string, requests: SeenRequest[], dropConnections(): void, close(): Promise<void> }>}
 */
export async function startRecordingProxy({ ignore }) {
  /** @type {SeenRequest[]} */
  const requests = [];
  /** @type {Set<net.Socket>} */
  const tunnels = new Set();
  const see = (method, url) => requests.push({ method, url, atMs: Date.now() });

  const server = http.createServer((request, response) => {
    see(request.method, request.url);
    let target;
    try {
      target = new URL(request.url);
    } catch {
      response.writeHead(400).end();
      return;
    }
    const { 'proxy-connection': _, ...headers } = request.headers;
    const onward = http.request(target, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });

  server.on('connect', (request, socket, head) => {
    const { hostname, port } = new URL(`https://${request.url}`);
    if (ignore(hostname)) {
      socket.destroy();
      return;
    }
    see('CONNECT', request.url);
    const onward = net.connect(Number(port || 443), hostname.replace(/^\[|\]$/g, ''), () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [socket, onward]) {
      tunnels.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        tunnels.delete(end);
        socket.destroy();
        onward.destroy();
      });
    }
  });

  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const dropConnections = () => {
    for (const socket of tunnels) socket.destroy();
  };
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    requests,
    /** Ends the tunnels that are open: a request inside of one would not be seen, a new tunnel is. */
    dropConnections,
    close: () =>
      new Promise((resolve) => {
        dropConnections();
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
