import t from 'tap';
import {
  BMP_TYPE,
  encodeInitiation,
  encodePeerDown,
  encodePeerUp,
  encodeRouteMonitoring,
  encodeStatistics,
  encodeTermination,
} from '../../../src/bgp/bmp/index.ts';
import { ENDS as ends } from '../session-ends.ts';

const AT = 1_700_000_000_250;
const PEER = '0000 0000000000000000 0000000000000000000000000a000002 0000fdea 0a000002 6553f100 0003d090';
const OPEN = Uint8Array.of(1, 2, 3);
const NOTIFICATION = Uint8Array.of(6, 2);

const vectors: readonly { type: keyof typeof BMP_TYPE; bytes: Uint8Array; hex: string }[] = [
  {
    type: 'INITIATION',
    bytes: encodeInitiation('node', 'vr'),
    hex: '03 00000014 04 0001 0002 7672 0002 0004 6e6f6465',
  },
  { type: 'TERMINATION', bytes: encodeTermination(0), hex: '03 0000000c 05 0001 0002 0000' },
  { type: 'TERMINATION', bytes: encodeTermination(2, 'x'), hex: '03 00000011 05 0001 0002 0002 0000 0001 78' },
  {
    type: 'PEER_UP',
    bytes: encodePeerUp(ends, AT, OPEN, Uint8Array.of(4)),
    hex: `03 00000048 03 ${PEER} 0000000000000000000000000a000001 00b3 9c40 010203 04`,
  },
  {
    type: 'PEER_DOWN',
    bytes: encodePeerDown(ends, AT, { kind: 'sent', notification: NOTIFICATION }),
    hex: `03 00000033 02 ${PEER} 01 0602`,
  },
  {
    type: 'PEER_DOWN',
    bytes: encodePeerDown(ends, AT, { kind: 'closed', event: 8 }),
    hex: `03 00000033 02 ${PEER} 02 0008`,
  },
  {
    type: 'PEER_DOWN',
    bytes: encodePeerDown(ends, AT, { kind: 'received', notification: NOTIFICATION }),
    hex: `03 00000033 02 ${PEER} 03 0602`,
  },
  { type: 'PEER_DOWN', bytes: encodePeerDown(ends, AT, { kind: 'lost' }), hex: `03 00000031 02 ${PEER} 04` },
  {
    type: 'ROUTE_MONITORING',
    bytes: encodeRouteMonitoring(ends, AT, Uint8Array.of(0xff)),
    hex: `03 00000031 00 ${PEER} ff`,
  },
  {
    type: 'STATISTICS',
    bytes: encodeStatistics(ends, AT, { received: 3, accepted: 2 }),
    hex: `03 0000004c 01 ${PEER} 00000002 0007 0008 0000000000000003 0008 0008 0000000000000002`,
  },
];

t.test('every message is written as RFC 7854 draws it', (t) => {
  for (const { type, bytes, hex } of vectors) {
    t.equal(Buffer.from(bytes).toString('hex'), hex.replaceAll(' ', ''), type);
    t.equal(bytes[5], BMP_TYPE[type]);
    t.equal(new DataView(bytes.buffer, bytes.byteOffset).getUint32(1), bytes.length, 'its length is true');
  }
  t.same(
    [...new Set(vectors.map(({ type }) => type))].sort(),
    Object.keys(BMP_TYPE).sort(),
    'and there is one of each',
  );
  t.end();
});

t.test('flags tell of IPv6 peers and two-octet AS numbers', (t) => {
  const remote = { address: 'fe80::2%eth0', port: 179 };
  const bytes = encodeRouteMonitoring({ ...ends, remote, fourOctetAs: false }, AT, new Uint8Array(0));
  t.equal(bytes[7], 0xa0);
  t.equal(Buffer.from(bytes.subarray(16, 32)).toString('hex'), 'fe800000000000000000000000000002');
  t.end();
});
