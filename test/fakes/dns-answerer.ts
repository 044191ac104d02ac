/**
 * A resolver, as a program: `dns-answerer.ts HOST NAME=ADDRESS …` answers at port 53 of HOST, by UDP and TCP. Of a name with
 * address `fail` it can't find out; another one that it is not told of does not exist. It says when it listens, and stands alone:
 * containers of the tests run it too.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [host, ...entries] = process.argv.slice(2);
const known = new Map(entries.map((entry) => entry.split('=') as [string, string]));

const HEADER = 12;
const [A, IN] = [1, 1];
/** QR, RD, RA (RFC 1035, 4.1.1). */
const RESPONSE = 0x8180;
const [OK, SERVFAIL, NXDOMAIN] = [0, 2, 3];

function answer(query: Buffer): Buffer {
  const labels: string[] = [];
  let at = HEADER;
  for (; query[at] !== 0; at += query[at] + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
  const type = query.readUInt16BE(at + 1);
  const address = known.get(labels.join('.').toLowerCase());
  const code = address === undefined ? NXDOMAIN : address === 'fail' ? SERVFAIL : OK;
  const records = code === OK && type === A ? [record(address!)] : [];
  const header = Buffer.alloc(HEADER);
  [query.readUInt16BE(0), RESPONSE | code, 1, records.length].forEach((value, field) => {
    header.writeUInt16BE(value, field * 2);
  });
  return Buffer.concat([header, query.subarray(HEADER, at + 5), ...records]);
}

/** Of the name that was asked for, which stands behind the header. */
function record(address: string): Buffer {
  return Buffer.from([0xc0, HEADER, 0, A, 0, IN, 0, 0, 0, 5, 0, 4, ...address.split('.').map(Number)]);
}

const udp = createSocket('udp4');
udp.on('message', (query, { port, address }) => udp.send(answer(query), port, address));
const tcp = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (data) => {
    const said = answer(data.subarray(2));
    socket.end(Buffer.concat([Buffer.from([said.length >> 8, said.length & 0xff]), said]));
  });
});
udp.bind(53, host, () => tcp.listen(53, host, () => console.log('listening')));
