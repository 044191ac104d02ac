import { createConnection, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { announcements, KEEPALIVE, MessageReader, openMessage, withdrawals } from './raw-bgp.ts';

/**
 * A BGP speaker for measurements that knows nothing of vRouter's own code: it opens a session, says `up`, and writes
 * UPDATEs that were encoded beforehand when it is told to on stdin (`announce`, `withdraw`). Each command is answered
 * by the wall-clock time, in milliseconds, just before the first byte was written.
 *
 *     node bench/sender.ts PEER LOCAL ASN PREFIXES [listen]
 */
const [peer, local, asn, prefixes, listen] = process.argv.slice(2);

const ready = {
  announce: announcements(0, Number(prefixes), { nextHop: local, asPath: [] }),
  withdraw: withdrawals(0, Number(prefixes)),
};

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  let isUp = false;
  socket.write(openMessage(Number(asn), local, 240));
  const reader = new MessageReader({
    open: () => socket.write(KEEPALIVE),
    keepalive() {
      if (isUp) return;
      isUp = true;
      process.stdout.write('up\n');
      setInterval(() => socket.write(KEEPALIVE), 20_000).unref();
    },
    notification: (code, subcode) => process.stderr.write(`NOTIFICATION ${code}/${subcode}\n`),
    update() {},
  });
  socket.on('data', (chunk) => reader.read(chunk));
  createInterface({ input: process.stdin }).on('line', (command) => {
    if (command !== 'announce' && command !== 'withdraw') return;
    const now = performance.timeOrigin + performance.now();
    socket.write(ready[command]);
    process.stdout.write(`${now}\n`);
  });
  socket.on('close', () => process.exit(0));
}

function dial(): void {
  const socket = createConnection({ host: peer, port: 179, localAddress: local });
  socket.on('connect', () => serve(socket));
  socket.on('error', () => setTimeout(dial, 200));
}

if (listen === 'listen') createServer(serve).listen(179, local);
else dial();
