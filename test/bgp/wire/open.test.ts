import t from 'tap';
import { ByteWriter } from '../../../src/base/index.ts';
import {
  CAPABILITY_CODES,
  type Capability,
  decodeCapability,
  decodeOpen,
  encodeCapability,
  encodeOpen,
  frame,
  MESSAGE,
} from '../../../src/bgp/wire/index.ts';
import { hex, toHex } from './wire.ts';

const CAPABILITIES: readonly (readonly [bytes: string, value: Capability])[] = [
  ['01 04 0001 00 01', { kind: 'multiprotocol', afi: 1, safi: 1 }],
  ['01 04 0019 00 46', { kind: 'multiprotocol', afi: 25, safi: 70 }],
  ['02 00', { kind: 'routeRefresh' }],
  ['05 06 0001 0001 0002', { kind: 'extendedNextHop', families: [{ afi: 1, safi: 1, nextHopAfi: 2 }] }],
  ['06 00', { kind: 'extendedMessage' }],
  ['09 01 04', { kind: 'role', role: 4 }],
  ['40 02 0078', { kind: 'gracefulRestart', restarting: false, notification: false, time: 120, families: [] }],
  [
    '40 0a c0b4 0001 01 80 0002 01 00',
    {
      kind: 'gracefulRestart',
      restarting: true,
      notification: true,
      time: 180,
      families: [
        { afi: 1, safi: 1, forwarding: true },
        { afi: 2, safi: 1, forwarding: false },
      ],
    },
  ],
  ['41 04 fffffffe', { kind: 'fourOctetAs', asn: 4294967294 }],
  [
    '45 0c 0001 01 01 0002 01 02 0001 80 03',
    {
      kind: 'addPath',
      families: [
        { afi: 1, safi: 1, mode: 'receive' },
        { afi: 2, safi: 1, mode: 'send' },
        { afi: 1, safi: 128, mode: 'both' },
      ],
    },
  ],
  ['46 00', { kind: 'enhancedRouteRefresh' }],
  [
    '47 07 0001 01 80 015180',
    { kind: 'longLived', families: [{ afi: 1, safi: 1, forwarding: true, staleTime: 86400 }] },
  ],
  ['49 08 03 6e6f64 03 6c6162', { kind: 'fqdn', host: 'nod', domain: 'lab' }],
  ['49 02 00 00', { kind: 'fqdn', host: '', domain: '' }],
  ['80 00', { kind: 'unknown', code: 128, value: new Uint8Array(0) }],
  ['99 03 010203', { kind: 'unknown', code: 0x99, value: hex('010203') }],
];

t.test('capabilities read and write as their RFCs draw them', async (t) => {
  for (const [bytes, value] of CAPABILITIES) {
    const [code, , ...rest] = hex(bytes);
    t.same(decodeCapability(code, Uint8Array.from(rest)), value, bytes);
    const out = new ByteWriter();
    encodeCapability(value, out);
    t.equal(toHex(out.finish()), toHex(hex(bytes)), `${value.kind} ${bytes}`);
  }
});

t.test('every capability has a vector', async (t) => {
  const covered = new Set(CAPABILITIES.map(([, value]) => value.kind));
  for (const kind of Object.keys(CAPABILITY_CODES)) t.ok(covered.has(kind as Capability['kind']), kind);
});

t.test('a capability cut short or too long is kept as unknown, and never an exception', async (t) => {
  for (const [bytes, value] of CAPABILITIES) {
    if (value.kind === 'unknown') continue;
    const [code, , ...rest] = hex(bytes);
    for (const wrong of [...rest.map((_, length) => rest.slice(0, length)), [...rest, 0]]) {
      const got = decodeCapability(code, Uint8Array.from(wrong));
      if (got.kind !== 'unknown') t.equal(got.kind, value.kind, 'a list may end at an entry');
      else t.same(got, { kind: 'unknown', code, value: Uint8Array.from(wrong) });
    }
  }
});

t.test('entries of ADD-PATH with other modes do not count', async (t) => {
  t.same(decodeCapability(69, hex('0001 01 00 0002 01 03')), {
    kind: 'addPath',
    families: [{ afi: 2, safi: 1, mode: 'both' }],
  });
});

const OPEN = {
  asn: 400000,
  holdTime: 90,
  routerId: 0x0a000001,
  capabilities: [
    { kind: 'multiprotocol', afi: 1, safi: 1 },
    { kind: 'fourOctetAs', asn: 400000 },
  ],
} as const;
const OPEN_BYTES = `${'ff'.repeat(16)} 002b 01 04 5ba0 005a 0a000001 0e 02 0c 01 04 00010001 41 04 00061a80`;

t.test('an OPEN of a large AS number says AS_TRANS and the number in its capability', async (t) => {
  t.equal(toHex(encodeOpen(OPEN)), toHex(hex(OPEN_BYTES)));
  const bytes = hex(OPEN_BYTES);
  t.same(decodeOpen(bytes, 0, bytes.length), { kind: 'open', ...OPEN });
});

t.test('an OPEN without parameters', async (t) => {
  const open = { asn: 65000, holdTime: 0, routerId: 1, capabilities: [] };
  const bytes = encodeOpen(open);
  t.equal(bytes.length, 29);
  t.same(decodeOpen(bytes, 0, bytes.length), { kind: 'open', ...open });
});

t.test('many capabilities take the long form of RFC 9072, and both forms are read', async (t) => {
  const capabilities = Array.from({ length: 60 }, (_, afi): Capability => ({ kind: 'multiprotocol', afi, safi: 1 }));
  for (const count of [1, 41, 42, 43, 60]) {
    const open = { asn: 1, holdTime: 9, routerId: 7, capabilities: capabilities.slice(0, count) };
    const bytes = encodeOpen(open);
    t.equal(bytes[28] === 255 && bytes[29] === 255, count * 6 + 2 >= 255, `${count} capabilities`);
    t.same(decodeOpen(bytes, 0, bytes.length), { kind: 'open', ...open });
  }
});

t.test('the long form is read from short lists, and one parameter for each capability too', async (t) => {
  const head = '04 fde8 005a 0a000001';
  const expected = [{ kind: 'routeRefresh' }, { kind: 'extendedMessage' }];
  for (const parameters of [
    '08 02 02 0200 02 02 0600',
    'ff ff 000a 02 0002 0200 02 0002 0600',
    '20 ff 0007 02 0004 0200 0600',
  ]) {
    const bytes = frame(MESSAGE.OPEN, hex(`${head} ${parameters}`));
    const open = decodeOpen(bytes, 0, bytes.length);
    t.same(open.kind === 'open' && open.capabilities, expected, parameters);
  }
});

t.test('a bad OPEN is answered as RFC 4271 §6.2 says', async (t) => {
  const cases: readonly (readonly [name: string, body: string, subcode: number, data: string])[] = [
    ['version 3', '03 fde8 005a 0a000001 00', 1, '0004'],
    ['AS 0', '04 0000 005a 0a000001 00', 2, ''],
    ['AS 0 in the capability', '04 5ba0 005a 0a000001 08 02 06 41 04 00000000', 2, ''],
    ['identifier 0', '04 fde8 005a 00000000 00', 3, ''],
    ['hold time 1', '04 fde8 0001 0a000001 00', 6, ''],
    ['hold time 2', '04 fde8 0002 0a000001 00', 6, ''],
    ['parameter 1', '04 fde8 005a 0a000001 03 01 01 00', 4, ''],
    ['parameters longer than the message', '04 fde8 005a 0a000001 05 02 02 02 00', 0, ''],
    ['parameters shorter than the message', '04 fde8 005a 0a000001 00 02 02 02 00', 0, ''],
    ['a parameter that overruns', '04 fde8 005a 0a000001 04 02 03 02 00', 0, ''],
    ['a capability that overruns', '04 fde8 005a 0a000001 04 02 02 02 01', 0, ''],
  ];
  for (const [name, body, subcode, data] of cases) {
    const bytes = frame(MESSAGE.OPEN, hex(body));
    const result = decodeOpen(bytes, 0, bytes.length);
    if (result.kind !== 'malformed') t.fail(name);
    else t.same([result.error.code, result.error.subcode, toHex(result.error.data)], [2, subcode, data], name);
  }
});

t.test('an OPEN cut at any octet is malformed', async (t) => {
  const bytes = hex(OPEN_BYTES);
  for (let end = 19; end < bytes.length; end++) t.equal(decodeOpen(bytes, 0, end).kind, 'malformed', `cut at ${end}`);
});
