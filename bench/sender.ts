import { createConnection, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * A BGP speaker for measurements that knows nothing of vRouter's own code: it opens a session, says `up`, and writes
 * UPDATEs that were encoded beforehand when it is told to on stdin (`announce`, `withdraw`). Each command is answered
 * by the wall-clock time, in milliseconds, just before the first byte was written.
 *
 *     node bench/sender.ts PEER LOCAL ASN PREFIXES [listen]
 */
const [peer, local, asn, prefixes, listen] = process.argv.slice(2);
const MARKER = Buffer.alloc(16, 0xff);

function message(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(3);
  header.writeUInt16BE(19 + body.length);
  header[2] = type;
  return Buffer.concat([MARKER, header, body]);
}

function quad(address: string): number[] {
  return address.split('.').map(Number);
}

function open(): Buffer {
  const as = Number(asn);
  const capabilities = [2, 14, 1, 4, 0, 1, 0, 1, 2, 0, 65, 4, as >>> 24, (as >>> 16) & 255, (as >>> 8) & 255, as & 255];
  capabilities[1] = capabilities.length - 2;
  return message(1, Buffer.from([4, as >> 8, as & 255, 0, 240, ...quad(local), capabilities.length, ...capabilities]));
}

/** 10.0.0.0/26, 10.0.0.64/26 …, as many as fit into each message. */
function updates(kind: 'announce' | 'withdraw'): Buffer {
  const attributes = Buffer.from([0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, ...quad(local), 0x40, 5, 4, 0, 0, 0, 100]);
  const room = Math.floor((4096 - 23 - (kind === 'announce' ? attributes.length : 0)) / 5);
  const messages: Buffer[] = [];
  for (let first = 0; first < Number(prefixes); first += room) {
    const nlri: number[] = [];
    for (let at = first; at < Math.min(first + room, Number(prefixes)); at++) {
      const address = 0x0a000000 + at * 64;
      nlri.push(26, address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);
    }
    const length = Buffer.alloc(2);
    length.writeUInt16BE(kind === 'announce' ? attributes.length : nlri.length);
    const none = Buffer.from([0, 0]);
    const parts =
      kind === 'announce' ? [none, length, attributes, Buffer.from(nlri)] : [length, Buffer.from(nlri), none];
    messages.push(message(2, Buffer.concat(parts)));
  }
  return Buffer.concat(messages);
}

const ready = { announce: updates('announce'), withdraw: updates('withdraw') };
const KEEPALIVE = message(4, Buffer.alloc(0));

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  let seen = Buffer.alloc(0);
  let isUp = false;
  socket.write(open());
  socket.on('data', (chunk) => {
    seen = Buffer.concat([seen, chunk]);
    while (seen.length >= 19 && seen.length >= seen.readUInt16BE(16)) {
      const [length, type] = [seen.readUInt16BE(16), seen[18]];
      if (type === 1) socket.write(KEEPALIVE);
      if (type === 3) process.stderr.write(`NOTIFICATION ${seen.subarray(19, length).toString('hex')}\n`);
      if (type === 4 && !isUp) {
        isUp = true;
        process.stdout.write('up\n');
        setInterval(() => socket.write(KEEPALIVE), 20_000).unref();
      }
      seen = seen.subarray(length);
    }
  });
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
