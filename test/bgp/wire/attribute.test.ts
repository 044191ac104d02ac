import t from 'tap';
import {
  ATTRIBUTE,
  ATTRIBUTES,
  type AttributeValues,
  attributeRow,
  createUpdateView,
  prepended,
} from '../../../src/bgp/wire/index.ts';
import { asPathLength, decodeAttributes, encodeAttributes, firstAs } from './attributes.ts';
import { decode, hex, toHex, update } from './wire.ts';

/** Canonical bytes of one attribute, and the field it makes. */
const VECTORS: readonly (readonly [bytes: string, values: AttributeValues])[] = [
  ['40 01 01 00', { origin: 0 }],
  ['40 01 01 02', { origin: 2 }],
  ['40 02 00', { asPath: [] }],
  ['40 02 0a 02 02 0000fde9 00061a80', { asPath: [{ kind: 'sequence', asns: [65001, 400000] }] }],
  [
    '40 02 0c 02 01 00000001 01 01 00000002',
    {
      asPath: [
        { kind: 'sequence', asns: [1] },
        { kind: 'set', asns: [2] },
      ],
    },
  ],
  ['80 04 04 0000000a', { med: 10 }],
  ['40 05 04 ffffffff', { localPref: 0xffffffff }],
  ['40 06 00', { atomicAggregate: true }],
  ['c0 07 08 00061a80 0a000001', { aggregator: { asn: 400000, address: 0x0a000001 } }],
  ['c0 08 08 fde80001 ffffff01', { communities: [0xfde80001, 0xffffff01] }],
  ['80 09 04 0a000007', { originatorId: 0x0a000007 }],
  ['80 0a 08 0a000001 0a000002', { clusterList: [0x0a000001, 0x0a000002] }],
  ['c0 10 08 0002fde800000064', { extendedCommunities: [0x0002fde800000064n] }],
  ['c0 20 0c 0000fde8 00000001 ffffffff', { largeCommunities: [{ global: 65000, local1: 1, local2: 0xffffffff }] }],
  ['c0 23 04 0000fde8', { otc: 65000 }],
  ['e0 63 03 010203', { unknown: [{ type: 0x63, flags: 0xe0, value: hex('010203') }] }],
  [`f0 63 0100 ${'07'.repeat(256)}`, { unknown: [{ type: 0x63, flags: 0xe0, value: new Uint8Array(256).fill(7) }] }],
];

const DERIVED = { asPath: [], asPathLength: 0, firstAs: undefined, unknown: [] };

t.test('each attribute reads and writes as drawn', async (t) => {
  for (const [bytes, values] of VECTORS) {
    const { asPathLength: _, firstAs: __, ...got } = decodeAttributes(hex(bytes));
    t.same(got, { asPath: [], unknown: [], ...values }, bytes);
    t.equal(toHex(encodeAttributes(values)), toHex(hex(bytes)), bytes);
  }
});

t.test('each attribute comes through an UPDATE unchanged', async (t) => {
  const view = createUpdateView();
  for (const [bytes] of VECTORS) {
    t.same(decode(update(bytes), view), [], bytes);
    t.equal(toHex(view.attributes.subarray(0, view.attributesLength)), toHex(hex(bytes)));
  }
});

t.test('an UPDATE cut at any octet of an attribute is an error, never an exception', async (t) => {
  const view = createUpdateView();
  for (const [bytes] of VECTORS) {
    const whole = hex(bytes);
    for (let length = 1; length < Math.min(whole.length, 40); length++) {
      const errors = decode(update(toHex(whole.slice(0, length)), '18 0a0000'), view);
      t.ok(errors.length > 0 && view.treatAsWithdraw, `${bytes} cut at ${length}`);
    }
  }
});

t.test('all values together make one sorted block', async (t) => {
  const all: AttributeValues = Object.assign({}, ...VECTORS.map(([, values]) => values));
  const bytes = encodeAttributes(all);
  const view = createUpdateView();
  t.same(decode(update(toHex(bytes)), view), []);
  t.equal(toHex(view.attributes.subarray(0, view.attributesLength)), toHex(bytes));
  t.match(decodeAttributes(bytes), all);
  t.equal(toHex(encodeAttributes(decodeAttributes(bytes))), toHex(bytes));
});

t.test('absent and empty values write nothing', async (t) => {
  t.equal(encodeAttributes({}).length, 0);
  const empty = {
    communities: [],
    clusterList: [],
    extendedCommunities: [],
    largeCommunities: [],
    atomicAggregate: false,
  };
  t.equal(encodeAttributes(empty).length, 0);
  t.same(decodeAttributes(new Uint8Array(0)), DERIVED);
});

t.test('every attribute that has a value has a vector', async (t) => {
  const covered = new Set(VECTORS.map(([bytes]) => hex(bytes)[1]));
  for (const row of ATTRIBUTES) if (row.read !== undefined) t.ok(covered.has(row.type), row.name);
});

t.test('the table is complete and consistent', async (t) => {
  const types = ATTRIBUTES.map((row) => row.type);
  t.same(
    types,
    [...new Set(types)].sort((a, b) => a - b),
    'sorted by type, each once',
  );
  for (const [name, type] of Object.entries(ATTRIBUTE)) t.ok(attributeRow(type), name);
  for (const row of ATTRIBUTES) {
    t.match(row.clause, /^RFC \d+/, `${row.name} names its clause`);
    t.equal(row.read === undefined, row.write === undefined, `${row.name} goes both ways`);
    t.equal(
      row.canonical === 'copied' || row.canonical === 'rewritten',
      row.read !== undefined,
      `${row.name} in canonical bytes`,
    );
    t.ok([0x40, 0x80, 0xc0].includes(row.flags), `${row.name} has flags of a class`);
  }
  // Every attribute of RFC 7606 §7 and of the RFCs that the library claims.
  const claimed = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 22, 23, 24, 25, 26, 29, 32, 35, 40, 128];
  t.same(types, claimed);
});

t.test('what the decision asks of a path', async (t) => {
  const path = decodeAttributes(hex('40 02 10 02 02 00000001 00000002 01 01 00000003')).asPath;
  t.equal(asPathLength(path), 3);
  t.equal(firstAs(path), 1);
  t.equal(firstAs([{ kind: 'set', asns: [1] }]), undefined);
  t.equal(firstAs([]), undefined);
  t.same(prepended(path, [9, 9])[0], { kind: 'sequence', asns: [9, 9, 1, 2] });
  const full = [{ kind: 'sequence' as const, asns: new Array<number>(255).fill(5) }];
  t.same(prepended(full, [9]), [{ kind: 'sequence', asns: [9] }, ...full]);
  t.same(prepended([], [9]), [{ kind: 'sequence', asns: [9] }]);
});

t.test('a path of more than 255 numbers takes several segments', async (t) => {
  const long = encodeAttributes({ asPath: prepended([], new Array<number>(300).fill(7)) });
  t.same(
    decodeAttributes(long).asPath.map(({ asns }) => asns.length),
    [255, 45],
  );
  t.equal(decodeAttributes(long).asPathLength, 300);
});
