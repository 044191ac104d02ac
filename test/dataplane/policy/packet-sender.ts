import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';
import * as z from 'zod';

/**
 * Sends UDP datagrams from inside of a network namespace: its arguments are the addresses to send from, all from port 40000.
 * Each line of its input is a list of `[from, to, port]`; the answer `done` comes when all are with the kernel.
 */
const probes = z.array(z.tuple([z.string(), z.string(), z.number()]));

const sockets = new Map<string, Socket>();
for (const address of process.argv.slice(2)) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve) => socket.bind(40_000, address, resolve));
  sockets.set(address, socket);
}
console.log('ready');

for await (const line of createInterface({ input: process.stdin })) {
  for (const [from, to, port] of probes.parse(JSON.parse(line))) {
    await new Promise<void>((resolve) => sockets.get(from)?.send('?', port, to, () => resolve()));
  }
  console.log('done');
}
for (const socket of sockets.values()) socket.close();
