import fc from 'fast-check';
import t from 'tap';
import { PrefixTable } from '../../../src/base/index.ts';
import type { AddressFamily } from '../../../src/bgp/api.ts';
import {
  createUpdateView,
  decodeUpdate,
  encodeAnnouncements,
  encodeEndOfRib,
  encodeWithdrawals,
  Framer,
  ipFamily,
  MAX_EXTENDED_MESSAGE,
  Slab,
  type UpdateEncoding,
  updateEncoding,
} from '../../../src/bgp/wire/index.ts';
import { encodeAttributes } from './attributes.ts';
import { consecutive, hex, prefixes, session, toHex } from './wire.ts';

const V4: UpdateEncoding = {
  family: 'ipv4-unicast',
  fourOctetAs: true,
  addPath: false,
  maxMessage: 4096,
  multiprotocol: false,
};
const V6: UpdateEncoding = { ...V4, family: 'ipv6-unicast', multiprotocol: true };
const IBGP = encodeAttributes({ origin: 0, asPath: [], localPref: 100 });
const NEXT_HOP4 = hex('0a000001');
const NEXT_HOP6 = hex(`fd00${'00'.repeat(13)}01`);

/** Reads messages back: prefixes announced and withdrawn, and how long each message is. */
function readBack(bytes: Uint8Array, encoding: UpdateEncoding) {
  const settled = session({
    fourOctetAs: encoding.fourOctetAs,
    addPathReceive: encoding.addPath ? [encoding.family] : [],
    extendedNextHop: ['ipv4-unicast'],
  });
  const framer = new Framer(encoding.maxMessage);
  framer.push(bytes);
  const view = createUpdateView();
  const got = {
    announced: [] as string[],
    withdrawn: [] as string[],
    lengths: [] as number[],
    attributes: '',
    nextHop: '',
  };
  while (framer.next() === 'message') {
    const errors = decodeUpdate(framer.bytes, framer.start, framer.end, settled, view);
    if (errors.length > 0) throw new Error(errors[0].reason);
    for (const columns of [view.announced4, view.mpAnnounced])
      if (columns.count > 0) got.announced.push(...prefixes(columns));
    for (const columns of [view.withdrawn4, view.mpWithdrawn])
      if (columns.count > 0) got.withdrawn.push(...prefixes(columns));
    got.lengths.push(framer.end - framer.start);
    got.attributes = toHex(view.attributes.subarray(0, view.attributesLength));
    got.nextHop =
      toHex(view.mpNextHop.subarray(0, view.mpNextHopLength)) || view.nextHop4.toString(16).padStart(8, '0');
  }
  if (framer.error !== undefined || framer.buffered > 0) throw new Error('not whole messages');
  return got;
}

t.test('one route, octet for octet', async (t) => {
  const out = new Slab(0);
  t.equal(encodeAnnouncements(out, V4, IBGP, NEXT_HOP4, consecutive(4, 1, 26)), 1);
  t.equal(toHex(out.view()), `${'ff'.repeat(16)}00310200000015400101004002004003040a000001400504000000641a0a000000`);
  out.reset();
  t.equal(encodeAnnouncements(out, V6, IBGP, NEXT_HOP6, consecutive(6, 1, 122)), 1);
  const reach = `900e002600020110${toHex(NEXT_HOP6)}007a${'fd'.padEnd(32, '0')}`;
  t.equal(toHex(out.view()), `${'ff'.repeat(16)}004f0200000038${reach}${toHex(IBGP)}`);
});

t.test('messages are filled to the last octet that a prefix fits in', async (t) => {
  const cases: readonly (readonly [encoding: UpdateEncoding, family: 4 | 6, length: number, perMessage: number])[] = [
    [V4, 4, 24, 1013],
    [V4, 4, 26, 810],
    [{ ...V4, addPath: true }, 4, 26, 450],
    [{ ...V4, maxMessage: MAX_EXTENDED_MESSAGE }, 4, 26, 13098],
    [V6, 6, 64, 448],
    [V6, 6, 122, 237],
  ];
  for (const [encoding, family, length, perMessage] of cases) {
    const list = consecutive(family, perMessage + 1, length);
    const nextHop = family === 4 ? NEXT_HOP4 : NEXT_HOP6;
    const out = new Slab();
    t.equal(
      encodeAnnouncements(out, encoding, IBGP, nextHop, { ...list, to: perMessage }),
      1,
      `${perMessage} × /${length}`,
    );
    t.equal(encodeAnnouncements(new Slab(), encoding, IBGP, nextHop, list), 2, `${perMessage + 1} × /${length}`);
    t.equal(readBack(out.view(), encoding).announced.length, perMessage);
  }
  t.equal(encodeWithdrawals(new Slab(), V4, consecutive(4, 814, 26)), 1, '814 withdrawn');
  t.equal(encodeWithdrawals(new Slab(), V4, consecutive(4, 815, 26)), 2);
});

t.test('attributes too long for the peer are refused, and nothing is written', async (t) => {
  const communities = Array.from({ length: 1010 }, (_, at) => at + 1);
  const long = encodeAttributes({ origin: 0, asPath: [], communities });
  const out = new Slab();
  t.equal(encodeAnnouncements(out, V4, long, NEXT_HOP4, consecutive(4, 3, 26)), 0);
  t.equal(out.length, 0);
  t.equal(
    encodeAnnouncements(out, { ...V4, maxMessage: MAX_EXTENDED_MESSAGE }, long, NEXT_HOP4, consecutive(4, 3, 26)),
    1,
  );
});

t.test('IPv4 goes into MP_REACH with an IPv6 next hop, or when asked to', async (t) => {
  const out = new Slab();
  encodeAnnouncements(out, V4, IBGP, NEXT_HOP6, consecutive(4, 2, 26));
  t.match(readBack(out.view(), V4), { announced: ['10.0.0.0/26', '10.0.0.64/26'], nextHop: toHex(NEXT_HOP6) });
  t.equal(out.bytes[24], 14, 'MP_REACH is the first attribute');
  out.reset();
  const multiprotocol = { ...V4, multiprotocol: true };
  encodeAnnouncements(out, multiprotocol, IBGP, NEXT_HOP4, consecutive(4, 1, 26));
  t.match(readBack(out.view(), V4), { announced: ['10.0.0.0/26'], nextHop: '0a000001' });
  out.reset();
  encodeWithdrawals(out, multiprotocol, consecutive(4, 1, 26));
  t.same(readBack(out.view(), V4).withdrawn, ['10.0.0.0/26']);
});

t.test('an old speaker gets AS_TRANS and AS4_PATH', async (t) => {
  const attributes = encodeAttributes({ origin: 0, asPath: [{ kind: 'sequence', asns: [400000] }] });
  const old = { ...V4, fourOctetAs: false };
  const out = new Slab();
  encodeAnnouncements(out, old, attributes, NEXT_HOP4, consecutive(4, 1, 26));
  t.ok(toHex(out.view()).includes('02015ba0'));
  t.equal(readBack(out.view(), old).attributes, toHex(attributes), 'and reads them back as they were');
});

t.test('End-of-RIB of each family', async (t) => {
  const header = 'ff'.repeat(16);
  t.equal(toHex(encodeEndOfRib('ipv4-unicast')), `${header}00170200000000`);
  t.equal(toHex(encodeEndOfRib('ipv6-unicast')), `${header}001d0200000006800f03000201`);
});

t.test('the encoding says what was negotiated', async (t) => {
  const settled = session({ extendedMessages: true, addPathSend: ['ipv6-unicast'] });
  t.same(updateEncoding(settled, 'ipv4-unicast'), { ...V4, maxMessage: 65535 });
  t.same(updateEncoding(settled, 'ipv6-unicast'), { ...V6, maxMessage: 65535, addPath: true });
});

t.test('any routes, in any encoding, read back as they were put in', async () => {
  const prefix = fc.record({
    // None that a reader would ignore: loopback, multicast and the like.
    words: fc.tuple(fc.integer({ min: 0x01000000, max: 0x7effffff }), ...[0, 1, 2].map(() => fc.nat(0xffffffff))),
    length: fc.nat(128),
    pathId: fc.integer({ min: 1, max: 0xffffffff }),
  });
  fc.assert(
    fc.property(
      fc.array(prefix, { minLength: 1, maxLength: 300 }),
      fc.constantFrom<AddressFamily>('ipv4-unicast', 'ipv6-unicast'),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 100, max: 700 }),
      (list, family, fourOctetAs, addPath, longNextHop, maxMessage) => {
        const encoding = { family, fourOctetAs, addPath, maxMessage, multiprotocol: family === 'ipv6-unicast' };
        const bits = family === 'ipv4-unicast' ? 32 : 128;
        const text: string[] = [];
        const table = new PrefixTable(ipFamily(family));
        const numbers: number[] = [];
        for (const { words, length } of list) {
          const cut = length % (bits + 1);
          const net = words.map((word, at) => {
            const kept = Math.min(32, Math.max(0, cut - 32 * at));
            return (kept === 0 ? 0 : word & (-1 << (32 - kept))) >>> 0;
          });
          numbers.push(bits === 32 ? table.intern4(net[0], cut) : table.intern6(net[0], net[1], net[2], net[3], cut));
        }
        const pathIds = list.map((each) => each.pathId);
        const columns = {
          family: ipFamily(family),
          count: 1,
          addresses: new Uint32Array(4),
          lengths: new Uint8Array(1),
          pathIds: new Uint32Array(1),
        };
        for (const [at, number] of numbers.entries()) {
          for (let word = 0; word < table.words; word++) columns.addresses[word] = table.address(number, word);
          columns.lengths[0] = table.length(number);
          columns.pathIds[0] = addPath ? pathIds[at] : 0;
          text.push(...prefixes(columns));
        }
        const out = new Slab(64);
        const prefixList = { source: table, indices: numbers, from: 0, to: numbers.length, pathIds };
        const nextHop = family === 'ipv6-unicast' || longNextHop ? NEXT_HOP6 : NEXT_HOP4;
        const announced = encodeAnnouncements(out, encoding, IBGP, nextHop, prefixList);
        const withdrawn = encodeWithdrawals(out, encoding, prefixList);
        const got = readBack(out.view(), encoding);
        return (
          got.lengths.length === announced + withdrawn &&
          got.lengths.every((length) => length <= maxMessage) &&
          got.announced.join() === text.join() &&
          got.withdrawn.join() === text.join()
        );
      },
    ),
    { seed: 4760, numRuns: 150 },
  );
});
