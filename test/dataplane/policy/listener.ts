import { createServer } from 'node:net';

/** Takes TCP connections at the ports that its arguments name, over IPv4 and IPv6, until its input ends. */
const servers = await Promise.all(
  process.argv.slice(2).map(async (port) => {
    const server = createServer((socket) => socket.on('error', () => {}).end());
    await new Promise<void>((resolve) => server.listen(Number(port), '::', resolve));
    return server;
  }),
);
console.log('ready');
process.stdin.resume().on('end', () => {
  for (const server of servers) server.close();
});
