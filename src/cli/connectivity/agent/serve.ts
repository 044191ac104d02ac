import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Connections at once, and datagrams that are echoed up to this size: the rest is answered with its length. */
const MOST_CONNECTIONS = 200;

/**
 * A test pod's server: says its name to whoever connects, and answers each datagram with its name and the datagram's length.
 * Resolves when it listens everywhere, to how it is ended.
 */
export async function serve(name: string, ports: readonly number[], host?: string): Promise<() => void> {
  const all = await Promise.all(ports.flatMap((port) => [serveTcp(name, port, host), serveUdp(name, port, host)]));
  return () => {
    for (const one of all) one.close();
  };
}

interface Closable {
  close(): unknown;
}

function serveTcp(name: string, port: number, host: string | undefined): Promise<Closable> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(`${name}\n`);
  });
  server.maxConnections = MOST_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host !== undefined && { host }) }, () => resolve(server));
  });
}

function serveUdp(name: string, port: number, host: string | undefined): Promise<Closable> {
  // Of a host with both families one socket of IPv6 serves both.
  const type = host === undefined || host.includes(':') ? 'udp6' : 'udp4';
  const listen = (kind: 'udp4' | 'udp6'): Promise<Closable> =>
    new Promise((resolve, reject) => {
      const socket = createSocket(kind);
      socket.on('message', (data, { port: from, address }) =>
        socket.send(`${name} ${data.length}`, from, address, () => {}),
      );
      socket.once('error', reject);
      socket.bind({ port, ...(host !== undefined && { address: host }) }, () => {
        socket.removeAllListeners('error').on('error', () => {});
        resolve(socket);
      });
    });
  return listen(type).catch((error) => {
    // A kernel without IPv6.
    if (type === 'udp6' && host === undefined) return listen('udp4');
    throw error;
  });
}
