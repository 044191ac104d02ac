import fc from 'fast-check';
import t from 'tap';
import {
  type AttributeValues,
  type Capability,
  createUpdateView,
  decodeNotification,
  decodeOpen,
  encodeNotification,
  encodeOpen,
  notification,
} from '../../../src/bgp/wire/index.ts';
import { decodeAttributes, encodeAttributes } from './attributes.ts';
import { decode, toHex, update } from './wire.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const asn = fc.integer({ min: 1, max: 0xffffffff });
const list = <T>(value: fc.Arbitrary<T>, maxLength = 12) => fc.array(value, { minLength: 1, maxLength });

/** Types that the table does not know. */
const unknownType = u8.filter(
  (type) => ![...Array(11).keys(), 14, 15, 16, 17, 18, 22, 23, 24, 25, 26, 29, 32, 35, 40, 128].includes(type),
);

const values: fc.Arbitrary<AttributeValues> = fc.record(
  {
    origin: fc.constantFrom(0 as const, 1 as const, 2 as const),
    asPath: fc.array(fc.record({ kind: fc.constantFrom('set' as const, 'sequence' as const), asns: list(asn, 80) }), {
      maxLength: 4,
    }),
    med: u32,
    localPref: u32,
    atomicAggregate: fc.constant(true),
    aggregator: fc.record({ asn, address: u32 }),
    communities: list(u32, 90),
    originatorId: u32,
    clusterList: list(u32),
    extendedCommunities: list(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), 40),
    largeCommunities: fc.uniqueArray(fc.record({ global: u32, local1: u32, local2: u32 }), {
      minLength: 1,
      maxLength: 30,
      selector: ({ global, local1, local2 }) => `${global}:${local1}:${local2}`,
    }),
    otc: asn,
    unknown: fc
      .uniqueArray(
        fc.record({ type: unknownType, flags: fc.constant(0xe0), value: fc.uint8Array({ maxLength: 300 }) }),
        {
          maxLength: 3,
          selector: ({ type }) => type,
        },
      )
      .map((all) => all.sort((a, b) => a.type - b.type)),
  },
  { requiredKeys: [] },
);

t.test('any attributes come back as they were written, alone and through an UPDATE', async () => {
  const view = createUpdateView();
  fc.assert(
    fc.property(values, (given) => {
      const bytes = encodeAttributes(given);
      const { asPathLength: _, firstAs: __, ...got } = decodeAttributes(bytes);
      if (JSON.stringify(sorted(got)) !== JSON.stringify(sorted({ asPath: [], unknown: [], ...given }))) return false;
      const errors = decode(update(toHex(bytes)), view, { extendedMessages: true });
      return errors.length === 0 && toHex(view.attributes.subarray(0, view.attributesLength)) === toHex(bytes);
    }),
    { seed: 1, numRuns: 500 },
  );
});

/** In one order of fields, with what JSON can't hold as text. */
function sorted(given: object): unknown {
  return Object.entries(given)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}` : each))]);
}

const family = { afi: u16, safi: u8 };
const capability: fc.Arbitrary<Capability> = fc.oneof(
  fc.record({ kind: fc.constant('multiprotocol' as const), ...family }),
  fc.record({
    kind: fc.constantFrom('routeRefresh' as const, 'extendedMessage' as const, 'enhancedRouteRefresh' as const),
  }),
  fc.record({
    kind: fc.constant('extendedNextHop' as const),
    families: fc.array(fc.record({ afi: u16, safi: u16, nextHopAfi: u16 }), { maxLength: 5 }),
  }),
  fc.record({ kind: fc.constant('role' as const), role: u8 }),
  fc.record({
    kind: fc.constant('gracefulRestart' as const),
    restarting: fc.boolean(),
    notification: fc.boolean(),
    time: fc.integer({ min: 0, max: 4095 }),
    families: fc.array(fc.record({ ...family, forwarding: fc.boolean() }), { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant('addPath' as const),
    families: fc.array(
      fc.record({ ...family, mode: fc.constantFrom('send' as const, 'receive' as const, 'both' as const) }),
      {
        maxLength: 5,
      },
    ),
  }),
  fc.record({
    kind: fc.constant('longLived' as const),
    families: fc.array(
      fc.record({ ...family, forwarding: fc.boolean(), staleTime: fc.integer({ min: 0, max: 0xffffff }) }),
      { maxLength: 5 },
    ),
  }),
  fc.record({
    kind: fc.constant('fqdn' as const),
    host: fc.string({ maxLength: 16 }),
    domain: fc.string({ maxLength: 16 }),
  }),
  fc.record({
    kind: fc.constant('unknown' as const),
    code: fc.integer({ min: 150, max: 250 }),
    value: fc.uint8Array({ maxLength: 40 }),
  }),
);

t.test('any OPEN comes back as it was written', async () => {
  const open = fc.record({
    asn,
    holdTime: u16.filter((seconds) => seconds !== 1 && seconds !== 2),
    routerId: asn,
    capabilities: fc.array(capability, { maxLength: 20 }),
  });
  fc.assert(
    fc.property(open, (given) => {
      const capabilities: Capability[] = [...given.capabilities, { kind: 'fourOctetAs', asn: given.asn }];
      const bytes = encodeOpen({ ...given, capabilities });
      const got = decodeOpen(bytes, 0, bytes.length);
      return JSON.stringify(sorted(got)) === JSON.stringify(sorted({ kind: 'open', ...given, capabilities }));
    }),
    { seed: 2, numRuns: 500 },
  );
});

t.test('any NOTIFICATION comes back as it was written', async () => {
  fc.assert(
    fc.property(u8, u8, fc.uint8Array({ maxLength: 300 }), (code, subcode, data) => {
      const bytes = encodeNotification(notification(code, subcode, data));
      const got = decodeNotification(bytes, 0, bytes.length);
      return got.code === code && got.subcode === subcode && toHex(got.data) === toHex(data);
    }),
    { seed: 3, numRuns: 300 },
  );
});
