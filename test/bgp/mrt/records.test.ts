import t from 'tap';
import type { SessionEnds } from '../../../src/bgp/api.ts';
import {
  encodeMessage,
  encodePeerIndex,
  encodeRib,
  encodeStateChange,
  MrtMessages,
} from '../../../src/bgp/mrt/index.ts';
import { ENDS as ends } from '../session-ends.ts';
import { Network } from '../speaker-network.ts';

const AT = 1_700_000_000_250;
const ends6: SessionEnds = {
  ...ends,
  fourOctetAs: false,
  peerAs: 70000,
  local: { address: '2001:db8::1', port: 179 },
  remote: { address: '2001:db8::2', port: 40000 },
};
const V6 = '20010db8 00000000 00000000 0000000';
const attributes = Uint8Array.of(0x40, 1, 1, 0);
const entry = { peer: 1, originated: AT, attributes, nextHop: Uint8Array.of(10, 0, 0, 2) };
const nextHop6 = Uint8Array.from({ length: 16 }, (_, at) => at);

const vectors: readonly [name: string, bytes: Uint8Array, hex: string][] = [
  [
    'a message that came',
    encodeMessage(ends, AT, 'received', Uint8Array.of(0xff)),
    '6553f100 0011 0004 00000019 0003d090 0000fdea 0000fde9 0000 0001 0a000002 0a000001 ff',
  ],
  [
    'a message that we sent',
    encodeMessage(ends, AT, 'sent', Uint8Array.of(0xff)),
    '6553f100 0011 0007 00000019 0003d090 0000fdea 0000fde9 0000 0001 0a000002 0a000001 ff',
  ],
  [
    'a message between two-octet speakers over IPv6',
    encodeMessage(ends6, AT, 'received', Uint8Array.of(0xff)),
    `6553f100 0011 0001 0000002d 0003d090 5ba0 fde9 0000 0002 ${V6}2 ${V6}1 ff`,
  ],
  [
    'a change of state',
    encodeStateChange(ends, AT, 'OpenConfirm', 'Established'),
    '6553f100 0011 0005 0000001c 0003d090 0000fdea 0000fde9 0000 0001 0a000002 0a000001 0005 0006',
  ],
  [
    'the peer index',
    encodePeerIndex(AT, 0x0a000001, 'v', [
      { routerId: 2, address: '10.0.0.2', asn: 65002 },
      { routerId: 3, address: '2001:db8::2', asn: 70000 },
    ]),
    `6553f100 000d 0001 0000002f 0a000001 0001 76 0002 02 00000002 0a000002 0000fdea 03 00000003 ${V6}2 00011170`,
  ],
  [
    'an IPv4 prefix',
    encodeRib(AT, 7, Uint8Array.of(192, 168, 1, 0), 24, [entry]),
    '6553f100 000d 0002 0000001d 00000007 18 c0a801 0001 0001 6553f100 000b 40010100 4003040a000002',
  ],
  [
    'an IPv6 prefix with path identifiers',
    encodeRib(AT, 8, Uint8Array.of(0x20, 1, ...new Uint8Array(14)), 16, [{ ...entry, pathId: 9, nextHop: nextHop6 }]),
    '6553f100 000d 000a 0000002d 00000008 10 2001 0001 0001 6553f100 00000009 0018 40010100 800e1110 000102030405060708090a0b0c0d0e0f',
  ],
];

t.test('records are written as RFC 6396 and 8050 draw them', (t) => {
  for (const [name, bytes, hex] of vectors) {
    t.equal(Buffer.from(bytes).toString('hex'), hex.replaceAll(' ', ''), name);
    t.equal(new DataView(bytes.buffer, bytes.byteOffset).getUint32(8), bytes.length - 12, 'its length is true');
  }
  t.end();
});

t.test('a speaker writes down what it hears, and its table', async (t) => {
  const network = new Network();
  const records: Uint8Array[] = [];
  const mrt = new MrtMessages(network.clock, (record) => records.push(record));
  const options = { onRecord: (record: Parameters<MrtMessages['record']>[0]) => mrt.record(record) };
  const a = await network.node('10.0.0.1', 65001, [{ address: '10.0.0.2', remoteAs: 65002 }], options);
  const b = await network.node('10.0.0.2', 65002, [{ address: '10.0.0.1', remoteAs: 65001 }]);
  b.speaker.originate([{ prefix: '192.168.0.0/24' }, { prefix: '192.168.1.0/24' }]);
  a.speaker.originate([{ prefix: '192.168.9.0/24' }]);
  network.run(3);
  const types = records.map((record) => record[36 + 18]);
  t.ok(
    [1, 2, 4].every((type) => types.includes(type)),
    'OPEN, UPDATE and KEEPALIVE',
  );
  t.equal(records.filter((record) => record[7] === 5).length, 1, 'the session came up once');
  const dump = [...a.speaker.dump()];
  t.same(
    dump.map((record) => record[7]),
    [1, 2, 2],
    'the peer index and the two prefixes that the peer announced',
  );
});
