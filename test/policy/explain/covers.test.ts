import fc from 'fast-check';
import t from 'tap';
import { parseAddress, parsePrefix } from '../../../src/base/index.ts';
import { parseSelector } from '../../../src/model/index.ts';
import { covers } from '../../../src/policy/explain/covers.ts';
import type { Match, Side } from '../../../src/policy/form.ts';
import { matches, type Packet } from '../../../src/policy/match.ts';
import { World } from '../../../src/policy/world.ts';

/** Few values, so that rules meet. */
const nets = ['10.0.0.0/8', '10.0.0.0/31', '10.0.0.1/32', '0.0.0.0/0', 'fd00::/64', 'fd00::1/128'].map((cidr) =>
  parsePrefix(cidr),
);
const selectors = ["app == 'a'", "app == 'b'", 'all()', '!has(app)'].map(parseSelector);
const addresses = ['10.0.0.1', '10.0.0.2', '11.0.0.1', 'fd00::1', 'fe00::1'].map((text) => parseAddress(text));
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined, freq: 2 });
const some = <T>(list: readonly T[], maxLength = 2): fc.Arbitrary<T[]> =>
  fc.array(fc.constantFrom(...list), { maxLength });
const range = fc.constantFrom([80, 80], [80, 81], [0, 65_535], [443, 443]) as fc.Arbitrary<[number, number]>;
const ports = fc.record({ ranges: fc.array(range, { maxLength: 2 }), names: some(['http', 'dns'], 1) });
const side: fc.Arbitrary<Side> = fc.record({
  nets: optional(some(nets)),
  notNets: optional(some(nets)),
  selector: optional(fc.constantFrom(...selectors)),
  notSelector: optional(fc.constantFrom(...selectors)),
  ports: optional(ports),
  notPorts: optional(ports),
});
const icmp = fc.record({ type: fc.constantFrom(8, 3), code: optional(fc.constantFrom(0, 1)) });
const match: fc.Arbitrary<Match> = fc.record({
  ipVersion: optional(fc.constantFrom(4 as const, 6 as const)),
  protocol: optional(fc.constantFrom(6, 17, 1)),
  notProtocol: optional(fc.constantFrom(6, 17, 1)),
  icmp: optional(icmp),
  notIcmp: optional(icmp),
  source: side,
  destination: side,
});
const packet: fc.Arbitrary<Packet> = fc
  .record({
    ends: fc.constantFrom(
      ...addresses.flatMap((a) => addresses.filter((b) => b.family === a.family).map((b) => [a, b])),
    ),
    protocol: fc.constantFrom(6, 17, 1),
    sourcePort: fc.constantFrom(80, 81, 443),
    destinationPort: fc.constantFrom(80, 81, 443, 9),
    icmp: optional(fc.record({ type: fc.constantFrom(8, 3), code: fc.constantFrom(0, 1) })),
  })
  .map(({ ends, ...rest }) => ({ source: ends[0], destination: ends[1], ...rest }));

const pod = (name: string, app: string, texts: readonly string[]) => ({
  kind: 'pod' as const,
  name,
  labels: { app },
  profiles: [],
  addresses: texts.map((text) => parseAddress(text)),
  ports: [{ name: 'http', protocol: 6, port: 80 }],
});
const world = new World({
  tiers: [],
  policies: [],
  profiles: [],
  endpoints: [pod('red/a', 'a', ['10.0.0.1', 'fd00::1']), pod('red/b', 'b', ['10.0.0.2'])],
  networkSets: [],
  nodes: [],
  services: new Map(),
});

t.test('what covers a rule matches all that the rule matches', async (t) => {
  let covered = 0;
  fc.assert(
    fc.property(match, match, fc.array(packet, { minLength: 20, maxLength: 20 }), (wide, narrow, packets) => {
      // A rule and itself with less asked are near enough to meet.
      const { source, ...rest } = narrow;
      for (const one of [wide, { ...rest, source: {} }, { source, destination: {} }]) {
        if (!covers(one, narrow)) continue;
        covered++;
        for (const given of packets) {
          if (matches(narrow, given, world) && !matches(one, given, world)) return false;
        }
      }
      return true;
    }),
    { seed: 20261129, numRuns: 3000 },
  );
  t.ok(covered > 1000, `${covered} were covered`);
});
