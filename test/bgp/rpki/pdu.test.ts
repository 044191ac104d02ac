import t from 'tap';
import { parsePrefix } from '../../../src/base/index.ts';
import { decodeRtr, RtrError } from '../../../src/bgp/rpki/decode.ts';
import { encodeRtr } from '../../../src/bgp/rpki/encode.ts';
import { RtrFramer } from '../../../src/bgp/rpki/framer.ts';
import { RTR_ERROR, type RtrPdu } from '../../../src/bgp/rpki/pdu.ts';

type Written = Parameters<typeof encodeRtr>[0];

const v4 = { prefix: parsePrefix('10.1.0.0/16'), maxLength: 24, asn: 65001 };
const v6 = { prefix: parsePrefix('2001:db8::/32'), maxLength: 48, asn: 4_200_000_000 };
const intervals = { refresh: 3600, retry: 600, expire: 7200 };

const vectors: readonly (readonly [Written, string])[] = [
  [{ version: 1, kind: 'serial-notify', sessionId: 7, serial: 9 }, '01 00 0007 0000000c 00000009'],
  [{ version: 0, kind: 'serial-query', sessionId: 7, serial: 9 }, '00 01 0007 0000000c 00000009'],
  [{ version: 1, kind: 'reset-query' }, '01 02 0000 00000008'],
  [{ version: 1, kind: 'cache-response', sessionId: 7 }, '01 03 0007 00000008'],
  [{ version: 1, kind: 'prefix', announce: true, payload: v4 }, '01 04 0000 00000014 01 10 18 00 0a010000 0000fde9'],
  [
    { version: 0, kind: 'prefix', announce: false, payload: v6 },
    '00 06 0000 00000020 00 20 30 00 20010db8000000000000000000000000 fa56ea00',
  ],
  [{ version: 0, kind: 'end-of-data', sessionId: 7, serial: 9 }, '00 07 0007 0000000c 00000009'],
  [
    { version: 1, kind: 'end-of-data', sessionId: 7, serial: 9, intervals },
    '01 07 0007 00000018 00000009 00000e10 00000258 00001c20',
  ],
  [{ version: 1, kind: 'cache-reset' }, '01 08 0000 00000008'],
  [
    { version: 1, kind: 'error-report', code: 2, quoted: Uint8Array.of(1, 2), text: 'no' },
    '01 0a 0002 00000014 00000002 0102 00000002 6e6f',
  ],
];

t.test('every message is written as RFC 8210 draws it, and read again', (t) => {
  for (const [pdu, hex] of vectors) {
    const bytes = encodeRtr(pdu);
    t.equal(Buffer.from(bytes).toString('hex'), hex.replaceAll(' ', ''), pdu.kind);
    t.same(decodeRtr(bytes), pdu);
  }
  const kinds = new Set<RtrPdu['kind']>(vectors.map(([{ kind }]) => kind));
  t.equal(kinds.size, 8, 'each kind that we write is there');
  t.end();
});

const bad: readonly (readonly [string, string, number])[] = [
  ['a version from the future', '02 03 0007 00000008', RTR_ERROR.UNSUPPORTED_VERSION],
  ['a type that nobody knows', '01 05 0000 00000008', RTR_ERROR.UNSUPPORTED_TYPE],
  ['a Router Key in version 0', '00 09 0000 00000008', RTR_ERROR.UNSUPPORTED_TYPE],
  ['a length that is not its own', '01 03 0007 00000009', RTR_ERROR.CORRUPT_DATA],
  ['a Cache Response that is too long', '01 03 0007 00000009 00', RTR_ERROR.CORRUPT_DATA],
  ['an End of Data without intervals', '01 07 0007 0000000c 00000009', RTR_ERROR.CORRUPT_DATA],
  ['a prefix longer than it may be', '01 04 0000 00000014 01 19 18 00 0a010000 0000fde9', RTR_ERROR.CORRUPT_DATA],
  [
    'a prefix of more bits than an address',
    '01 04 0000 00000014 01 10 21 00 0a010000 0000fde9',
    RTR_ERROR.CORRUPT_DATA,
  ],
  ['an Error Report that quotes more than it has', '01 0a 0002 00000010 00000020 00000000', RTR_ERROR.CORRUPT_DATA],
];

t.test('what can not be is refused with the code of RFC 8210 §12', (t) => {
  for (const [what, hex, code] of bad) {
    const bytes = Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    t.throws(() => decodeRtr(bytes), { code: 'RTR', rtrCode: code }, what);
  }
  t.same(decodeRtr(Uint8Array.from(Buffer.from('010900000000000c00000000', 'hex'))), {
    version: 1,
    kind: 'router-key',
  });
  t.end();
});

t.test('messages are found however the stream is cut', (t) => {
  const stream = Buffer.concat(vectors.map(([pdu]) => encodeRtr(pdu)));
  for (let size = 1; size <= 40; size++) {
    const framer = new RtrFramer();
    const read: RtrPdu[] = [];
    for (let at = 0; at < stream.length; at += size) {
      for (const message of framer.push(Uint8Array.from(stream.subarray(at, at + size)))) read.push(decodeRtr(message));
    }
    t.same(
      read,
      vectors.map(([pdu]) => pdu),
      `in pieces of ${size}`,
    );
  }
  t.throws(
    () => [...new RtrFramer().push(Uint8Array.of(1, 2, 0, 0, 0x7f, 0, 0, 0))],
    { code: 'RTR', rtrCode: 0 },
    'too long',
  );
  t.throws(
    () => [...new RtrFramer().push(Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 7))],
    { code: 'RTR', rtrCode: 0 },
    'too short',
  );
  t.end();
});

t.test('whatever octets come, they are read or refused', (t) => {
  let seed = 8210;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return Math.floor((seed / 2_147_483_647) * below);
  };
  let read = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from(encodeRtr(vectors[random(vectors.length)][0]));
    for (let changes = random(4); changes >= 0; changes--) bytes[random(bytes.length)] = random(256);
    try {
      for (const message of new RtrFramer().push(
        bytes.subarray(0, random(4) === 0 ? random(bytes.length) : undefined),
      )) {
        decodeRtr(message);
        read++;
      }
    } catch (error) {
      if (!(error instanceof RtrError)) throw error;
    }
  }
  t.ok(read > 1000, `${read} could be read`);
  t.end();
});
