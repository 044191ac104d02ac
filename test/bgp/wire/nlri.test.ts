import fc from 'fast-check';
import t from 'tap';
import { createUpdateView, encodeWithdrawals, Slab } from '../../../src/bgp/wire/index.ts';
import { decodeNlri } from '../../../src/bgp/wire/nlri.ts';
import { NlriScratch } from '../../../src/bgp/wire/update-view.ts';
import { decode, hex, prefixes, toHex, update } from './wire.ts';

interface Vector {
  readonly family: 4 | 6;
  readonly addPath: boolean;
  readonly bytes: string;
  readonly text: readonly string[];
}

const VECTORS: readonly Vector[] = [
  { family: 4, addPath: false, bytes: '00', text: ['0.0.0.0/0'] },
  { family: 4, addPath: false, bytes: '01 80 08 0a 09 0a80', text: ['128.0.0.0/1', '10.0.0.0/8', '10.128.0.0/9'] },
  { family: 4, addPath: false, bytes: '18 0a0001 20 0a000101', text: ['10.0.1.0/24', '10.0.1.1/32'] },
  { family: 4, addPath: false, bytes: '1a 0affffc0 1f fffffffe', text: ['10.255.255.192/26', '255.255.255.254/31'] },
  {
    family: 4,
    addPath: true,
    bytes: '00000007 18 0a0001 80000000 00',
    text: ['10.0.1.0/24#7', '0.0.0.0/0#2147483648'],
  },
  { family: 6, addPath: false, bytes: '00', text: ['00000000:00000000:00000000:00000000/0'] },
  {
    family: 6,
    addPath: false,
    bytes: '40 20010db800000001 7a fd00000000000000000000000000ffc0',
    text: ['20010db8:00000001:00000000:00000000/64', 'fd000000:00000000:00000000:0000ffc0/122'],
  },
  { family: 6, addPath: false, bytes: '21 20010db880', text: ['20010db8:80000000:00000000:00000000/33'] },
  {
    family: 6,
    addPath: true,
    bytes: '00000001 80 20010db8000000000000000000000001',
    text: ['20010db8:00000000:00000000:00000001/128#1'],
  },
];

t.test('prefixes read as drawn, wherever they lie in the buffer', async (t) => {
  for (const { family, addPath, bytes, text } of VECTORS) {
    const raw = hex(bytes);
    for (const room of [0, 1, 3, 16]) {
      const buffer = new Uint8Array(5 + raw.length + room).fill(0xff);
      buffer.set(raw, 5);
      const columns = new NlriScratch(family, 1);
      t.ok(decodeNlri(buffer, 5, 5 + raw.length, addPath, columns), bytes);
      t.same(prefixes(columns), text, `${bytes} with ${room} octets behind`);
    }
  }
});

t.test('the same prefixes write the same bytes', async (t) => {
  for (const { family, addPath, bytes, text } of VECTORS) {
    const raw = hex(bytes);
    const columns = new NlriScratch(family, 1);
    decodeNlri(raw, 0, raw.length, addPath, columns);
    const words = family === 4 ? 1 : 4;
    const out = new Slab(16);
    const encoding = {
      family: family === 4 ? ('ipv4-unicast' as const) : ('ipv6-unicast' as const),
      fourOctetAs: true,
      addPath,
      maxMessage: 4096,
      multiprotocol: family === 6,
    };
    const source = {
      address: (index: number, word = 0) => columns.addresses[index * words + word],
      length: (index: number) => columns.lengths[index],
    };
    const indices = text.map((_, at) => at);
    t.equal(
      encodeWithdrawals(out, encoding, { source, indices, from: 0, to: text.length, pathIds: columns.pathIds }),
      1,
    );
    const body = out.view().subarray(family === 4 ? 21 : 30, family === 4 ? -2 : undefined);
    t.equal(toHex(body), toHex(raw), bytes);
  }
});

t.test('cut inside a prefix, nothing counts; cut between prefixes, the first ones do', async (t) => {
  for (const { family, addPath, bytes, text } of VECTORS) {
    const raw = hex(bytes);
    const borders = new Map<number, number>();
    for (let at = 0, count = 0; at <= raw.length; count++) {
      borders.set(at, count);
      if (at === raw.length) break;
      at += addPath ? 4 : 0;
      at += 1 + ((raw[at] + 7) >> 3);
    }
    const columns = new NlriScratch(family, 1);
    for (let end = 0; end <= raw.length; end++) {
      const whole = borders.get(end);
      t.equal(decodeNlri(raw, 0, end, addPath, columns), whole !== undefined, `${bytes} cut at ${end}`);
      t.same(prefixes(columns), text.slice(0, whole ?? 0));
    }
  }
});

t.test('bits beyond the length do not matter', async (t) => {
  const columns = new NlriScratch(4, 4);
  t.ok(decodeNlri(hex('0c 0aff 00 '), 0, 4, false, columns));
  t.same(prefixes(columns), ['10.240.0.0/12', '0.0.0.0/0']);
});

t.test('lengths over 32 and 128 are refused', async (t) => {
  const raw = new Uint8Array(64);
  for (let length = 0; length < 256; length++) {
    raw[0] = length;
    const octets = 1 + ((length + 7) >> 3);
    t.equal(decodeNlri(raw, 0, octets, false, new NlriScratch(4, 4)), length <= 32, `IPv4 /${length}`);
    t.equal(decodeNlri(raw, 0, octets, false, new NlriScratch(6, 4)), length <= 128, `IPv6 /${length}`);
  }
});

t.test('path identifiers of one message are not seen in the next', async (t) => {
  const view = createUpdateView();
  decode(update('', '', '00000007 18 0a0001'), view, { addPathReceive: ['ipv4-unicast'] });
  t.same(prefixes(view.withdrawn4), ['10.0.1.0/24#7']);
  decode(update('', '', '18 0a0001'), view);
  t.same(prefixes(view.withdrawn4), ['10.0.1.0/24']);
});

t.test('any octets either read to their end or are refused', async () => {
  const columns = { 4: new NlriScratch(4, 1), 6: new NlriScratch(6, 1) };
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.constantFrom(4 as const, 6 as const),
      fc.boolean(),
      (raw, family, addPath) => {
        const good = decodeNlri(raw, 0, raw.length, addPath, columns[family]);
        let octets = 0;
        for (let at = 0; at < columns[family].count; at++)
          octets += (addPath ? 5 : 1) + ((columns[family].lengths[at] + 7) >> 3);
        return good ? octets === raw.length : columns[family].count === 0;
      },
    ),
    { seed: 4271, numRuns: 2000 },
  );
});
