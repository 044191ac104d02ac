import fc from 'fast-check';
import t from 'tap';
import { type AsPathSegment, createUpdateView } from '../../../src/bgp/wire/index.ts';
import { narrowAttributes } from '../../../src/bgp/wire/old-speaker.ts';
import { decodeAttributes, encodeAttributes } from './attributes.ts';
import { decode, toHex, update } from './wire.ts';

const view = createUpdateView();

/** What an old speaker's attributes become. */
function read(attributes: string) {
  const errors = decode(update(`40 01 01 00 40 03 04 0a000002 ${attributes}`, '18 0a0000'), view, {
    fourOctetAs: false,
  });
  return { errors, ...decodeAttributes(view.attributes, view.attributesLength) };
}

function sequence(...asns: number[]): AsPathSegment {
  return { kind: 'sequence', asns };
}

t.test('AS_PATH and AS4_PATH merge as RFC 6793 §4.2.3 says', async (t) => {
  const cases: readonly (readonly [name: string, attributes: string, path: readonly AsPathSegment[]])[] = [
    ['no AS4_PATH', '40 02 06 02 02 fde9 fdea', [sequence(65001, 65002)]],
    ['as long as AS_PATH', '40 02 06 02 02 5ba0 fdea c0 11 0a 02 02 00061a80 0000fdea', [sequence(400000, 65002)]],
    [
      'shorter: the surplus leads',
      '40 02 08 02 03 fde9 5ba0 fdea c0 11 0a 02 02 00061a80 0000fdea',
      [sequence(65001, 400000, 65002)],
    ],
    ['longer: it does not count', '40 02 04 02 01 5ba0 c0 11 0a 02 02 00061a80 0000fdea', [sequence(23456)]],
    [
      'a set counts as one',
      '40 02 0c 02 01 fde9 01 03 fdea fdeb 5ba0 c0 11 0e 01 03 0000fdea 0000fdeb 00061a80',
      [sequence(65001), { kind: 'set', asns: [65002, 65003, 400000] }],
    ],
    [
      'a set at the border is taken whole',
      '40 02 0a 01 02 fde9 fdea 02 01 5ba0 c0 11 06 02 01 00061a80',
      [{ kind: 'set', asns: [65001, 65002] }, sequence(400000)],
    ],
    [
      'segments of a confederation in AS4_PATH are passed over (RFC 6793 §6)',
      '40 02 06 02 02 5ba0 fdea c0 11 16 03 01 0000fde8 02 02 00061a80 0000fdea 04 01 0000fde7',
      [sequence(400000, 65002)],
    ],
    [
      'an AS4_PATH of nothing else says nothing',
      '40 02 06 02 02 5ba0 fdea c0 11 06 03 01 0000fde8',
      [sequence(23456, 65002)],
    ],
    [
      'a newer AGGREGATOR of an old speaker makes both out of date',
      '40 02 06 02 02 5ba0 fdea c0 07 06 fdeb 0a000001 c0 11 0a 02 02 00061a80 0000fdea',
      [sequence(23456, 65002)],
    ],
  ];
  for (const [name, attributes, path] of cases) {
    const got = read(attributes);
    t.same(got.errors, [], name);
    t.same(got.asPath, path, name);
  }
});

t.test('AGGREGATOR takes its number from AS4_AGGREGATOR when it is AS_TRANS', async (t) => {
  const path = '40 02 04 02 01 fde9';
  t.same(read(`${path} c0 07 06 5ba0 0a000001 c0 12 08 00061a80 0a000002`).aggregator, {
    asn: 400000,
    address: 0x0a000002,
  });
  t.same(read(`${path} c0 07 06 fdeb 0a000001 c0 12 08 00061a80 0a000002`).aggregator, {
    asn: 65003,
    address: 0x0a000001,
  });
  t.same(read(`${path} c0 07 06 5ba0 0a000001`).aggregator, { asn: 23456, address: 0x0a000001 });
  t.same(read(`${path} c0 12 08 00061a80 0a000002`).aggregator, undefined);
});

t.test('a broken AS4_PATH is dropped, and AS_PATH stands', async (t) => {
  const got = read('40 02 06 02 02 5ba0 fdea c0 11 0a 02 03 00061a80 0000fdea');
  t.match(got.errors, [{ action: 'discard', attribute: 17 }]);
  t.same(got.asPath, [sequence(23456, 65002)]);
});

t.test('what no two octets can hold goes out as AS_TRANS, with the truth beside it', async (t) => {
  const narrow = narrowAttributes(
    encodeAttributes({ origin: 0, asPath: [sequence(400000, 65002)], aggregator: { asn: 400000, address: 1 }, otc: 5 }),
  );
  t.equal(
    toHex(narrow),
    '40010100' +
      '40020602025ba0fdea' +
      'c007065ba000000001' +
      'c0110a020200061a800000fdea' +
      'c0120800061a8000000001' +
      'c0230400000005',
  );
  t.equal(toHex(narrowAttributes(encodeAttributes({ asPath: [sequence(1, 2)] }))), '400206020200010002');
});

t.test('a path that four octets make too long for an attribute is withdrawn', async (t) => {
  const segments = `02ff${'fde9'.repeat(255)}`.repeat(127);
  const message = update(`40 01 01 00 40 03 04 0a000002 50 02 fe00 ${segments}`, '18 0a0000');
  const errors = decode(message, view, { fourOctetAs: false, extendedMessages: true });
  t.match(errors, [{ action: 'withdraw', attribute: 2, notification: { code: 3, subcode: 11 } }]);
  t.ok(view.treatAsWithdraw);
  t.equal(view.attributesLength, 0);
});

const segment = fc.record({
  kind: fc.constantFrom('sequence' as const, 'set' as const),
  asns: fc.array(fc.oneof(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: 0xffffffff })), {
    minLength: 1,
    maxLength: 8,
  }),
});

t.test('any path survives the way to an old speaker and back', async () => {
  fc.assert(
    fc.property(
      fc.array(segment, { maxLength: 5 }),
      fc.integer({ min: 1, max: 0xffffffff }),
      fc.boolean(),
      (asPath, asn, withAggregator) => {
        const values = { origin: 0 as const, asPath, ...(withAggregator && { aggregator: { asn, address: 7 } }) };
        // An aggregator of a real two-octet number says that an old speaker made it: then AS4_PATH rightly does not count.
        if (withAggregator && asn <= 0xffff && asPath.some(({ asns }) => asns.some((each) => each > 0xffff)))
          return true;
        const canonical = encodeAttributes(values);
        const message = update(`${toHex(narrowAttributes(canonical))} 40 03 04 0a000002`, '18 0a0000');
        const errors = decode(message, view, { fourOctetAs: false });
        return errors.length === 0 && toHex(view.attributes.subarray(0, view.attributesLength)) === toHex(canonical);
      },
    ),
    { seed: 6793, numRuns: 1000 },
  );
});
