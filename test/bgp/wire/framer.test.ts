import t from 'tap';
import { encodeEndOfRib, Framer, KEEPALIVE, MAX_EXTENDED_MESSAGE } from '../../../src/bgp/wire/index.ts';
import { hex, toHex, update } from './wire.ts';

const MARKER = 'ff'.repeat(16);

/** Feeds the chunks and collects messages in hex, then how it ended. */
function read(framer: Framer, chunks: readonly Uint8Array[]): { messages: string[]; end: string } {
  const messages: string[] = [];
  let end = 'incomplete';
  for (const chunk of chunks) {
    framer.push(chunk);
    while ((end = framer.next()) === 'message') {
      messages.push(toHex(framer.bytes.subarray(framer.start, framer.end)));
    }
  }
  return { messages, end };
}

t.test('a stream cut anywhere, even into single octets, gives the same messages', async (t) => {
  const sent = [KEEPALIVE, update('', '', '18 0a0000'), encodeEndOfRib('ipv6-unicast'), KEEPALIVE];
  const stream = Buffer.concat(sent);
  const expected = { messages: sent.map(toHex), end: 'incomplete' };
  for (let cut = 0; cut <= stream.length; cut++) {
    t.same(read(new Framer(), [stream.subarray(0, cut), stream.subarray(cut)]), expected, `cut at ${cut}`);
  }
  for (const size of [1, 2, 7, 18, 19, 20, 33]) {
    const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, at) =>
      stream.subarray(at * size, (at + 1) * size),
    );
    t.same(read(new Framer(), chunks), expected, `pieces of ${size}`);
  }
});

t.test('a message whole in its chunk is read where it lies', async (t) => {
  const framer = new Framer();
  const chunk = Buffer.concat([KEEPALIVE, KEEPALIVE]);
  framer.push(chunk);
  t.equal(framer.next(), 'message');
  t.equal(framer.bytes, chunk);
  t.equal(framer.start, 0);
  t.equal(framer.next(), 'message');
  t.equal(framer.start, 19);
});

t.test('a chunk that comes before the last was read through is put behind it', async (t) => {
  const framer = new Framer();
  framer.push(Buffer.concat([KEEPALIVE, KEEPALIVE]));
  t.equal(framer.next(), 'message');
  framer.push(KEEPALIVE.slice(0, 5));
  t.equal(framer.buffered, 24);
  t.equal(framer.next(), 'message');
  t.equal(framer.next(), 'incomplete');
  framer.push(KEEPALIVE.slice(5));
  t.equal(framer.next(), 'message');
  t.equal(framer.buffered, 0);
});

t.test('a bad header is answered as RFC 4271 §6.1 says', async (t) => {
  const cases: readonly (readonly [name: string, header: string, subcode: number, data: string])[] = [
    ['marker not all ones', `${'ff'.repeat(15)}fe 0013 04`, 1, ''],
    ['type 0', `${MARKER} 0013 00`, 3, '00'],
    ['type 6', `${MARKER} 0013 06`, 3, '06'],
    ['length under a header', `${MARKER} 0012 04`, 2, '0012'],
    ['KEEPALIVE with a body', `${MARKER} 0014 04`, 2, '0014'],
    ['OPEN too short', `${MARKER} 001c 01`, 2, '001c'],
    ['UPDATE too short', `${MARKER} 0016 02`, 2, '0016'],
    ['NOTIFICATION too short', `${MARKER} 0014 03`, 2, '0014'],
    ['UPDATE over 4096', `${MARKER} 1001 02`, 2, '1001'],
  ];
  for (const [name, header, subcode, data] of cases) {
    const framer = new Framer();
    framer.push(hex(header));
    t.equal(framer.next(), 'malformed', name);
    t.same({ ...framer.error, data: toHex(framer.error!.data) }, { code: 1, subcode, data }, name);
    framer.push(KEEPALIVE);
    t.equal(framer.next(), 'malformed', `${name}: nothing is read after it`);
  }
});

t.test('extended messages count only once negotiated, and never for OPEN and KEEPALIVE (RFC 8654)', async (t) => {
  const long = hex(`${MARKER} 1001 02`);
  const framer = new Framer();
  framer.maxLength = MAX_EXTENDED_MESSAGE;
  framer.push(long);
  t.equal(framer.next(), 'incomplete');
  framer.push(new Uint8Array(0x1001 - 19));
  t.equal(framer.next(), 'message');
  t.equal(framer.end - framer.start, 0x1001);
  framer.push(hex(`${MARKER} 1001 01`));
  t.equal(framer.next(), 'malformed');
});

t.test('the body is not gathered before the header was judged', async (t) => {
  const framer = new Framer();
  framer.push(hex(MARKER.slice(0, 20)));
  t.equal(framer.next(), 'incomplete');
  framer.push(hex(`${MARKER.slice(20)} ffff 02`));
  t.equal(framer.next(), 'malformed');
});
