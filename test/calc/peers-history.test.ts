import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import type { Entries } from '../../src/base/index.ts';
import { Calculation, type DesiredPeer, type SourceUpdate } from '../../src/calc/index.ts';
import { finalState } from './plain.ts';
import { plainPeers } from './plain-peers.ts';
import { gone, put } from './resources.ts';

const NODES = ['a', 'b', 'c', 'd'];
const ADDRESSES = ['172.16.0.1', '172.16.0.2', '172.16.0.3', '192.0.2.1'];
const SELECTORS = ["rr == 'yes'", "rr != 'yes'", 'has(rack)', "rack in {'1', '2'}", 'all()'];

const name = fc.constantFrom(...NODES);
const address = fc.constantFrom(...ADDRESSES);
const asn = fc.constantFrom(64512, 65001);
const selector = fc.constantFrom(...SELECTORS);
const absent = { nil: undefined } as const;

function optional<T>(arbitrary: fc.Arbitrary<T>) {
  return fc.option(arbitrary, absent);
}

/** Without the fields that are undefined. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}

const node = fc
  .record({
    name,
    address: optional(address),
    six: optional(fc.constantFrom('fd00::1', 'fd00::2')),
    asNumber: optional(asn),
    clusterId: optional(fc.constantFrom('1.0.0.1', '1.0.0.2')),
    rr: fc.boolean(),
    rack: optional(fc.constantFrom('1', '2', '3')),
  })
  .map(({ name, address, six, asNumber, clusterId, rr, rack }) =>
    put(
      'Node',
      name,
      {
        bgp: defined({
          ipv4Address: address && `${address}/24`,
          ipv6Address: six && `${six}/64`,
          asNumber,
          routeReflectorClusterID: clusterId,
        }),
      } as never,
      { labels: defined({ rr: rr ? 'yes' : undefined, rack }) as Record<string, string> },
    ),
  );

const SETTINGS = [
  {},
  { filters: ['f'] },
  { nextHopMode: 'Self', keepaliveTime: '10s' },
  { keepOriginalNextHop: true, sourceAddress: 'None' },
  { localASNumber: 65001, numAllowedLocalASNumbers: 1 },
  { reversePeering: 'Manual', ttlSecurity: 2, maxRestartTime: '1m' },
  { password: { secretKeyRef: { name: 's', key: 'k' } } },
];

const peer = fc
  .record({
    name: fc.constantFrom('p', 'q', 'r'),
    here: fc.oneof(
      fc.constant({}),
      name.map((node) => ({ node })),
      selector.map((nodeSelector) => ({ nodeSelector })),
    ),
    there: fc.oneof(
      selector.map((peerSelector) => ({ peerSelector })),
      fc
        .tuple(address, fc.constantFrom('', ':179', ':1179'), asn)
        .map(([at, port, asNumber]) => ({ peerIP: `${at}${port}`, asNumber })),
    ),
    settings: fc.constantFrom(...SETTINGS),
  })
  .map(({ name, here, there, settings }) => put('BGPPeer', name, { ...here, ...there, ...settings } as never));

const configuration = fc
  .record({
    name: fc.oneof(
      fc.constant('default'),
      name.map((one) => `node.${one}`),
    ),
    nodeToNodeMeshEnabled: optional(fc.boolean()),
    listenPort: optional(fc.constantFrom(179, 1179)),
    asNumber: optional(asn),
  })
  .map(({ name, ...spec }) => put('BGPConfiguration', name, defined(spec) as never));

const removal = fc.oneof(
  name.map((one) => gone('Node', one)),
  fc.constantFrom('p', 'q', 'r').map((one) => gone('BGPPeer', one)),
  fc.constantFrom('default', 'node.a', 'node.b').map((one) => gone('BGPConfiguration', one)),
);

const update = fc.oneof(
  { weight: 5, arbitrary: node },
  { weight: 4, arbitrary: peer },
  { weight: 2, arbitrary: configuration },
  { weight: 2, arbitrary: removal },
);
const history = fc.array(fc.array(update as fc.Arbitrary<SourceUpdate>, { maxLength: 4 }), { maxLength: 12 });

/** As plain values in the order of their keys. */
function sorted(peers: Iterable<readonly [string, DesiredPeer]> | undefined) {
  return [...(peers ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
}

t.test(
  'any history of nodes, BGPPeers and settings gives the peers that the specification gives for its end',
  async (t) => {
    fc.assert(
      fc.property(history, (batches) => {
        const calculation = new Calculation({ nodename: 'a', routerId: '1.1.1.1' });
        for (const batch of batches) {
          calculation.apply(batch);
          calculation.desired();
        }
        const right = plainPeers('a', finalState(batches.flat()));
        return isDeepStrictEqual(sorted(calculation.desired().bgp?.peers), sorted(right));
      }),
      { numRuns: 1500 },
    );
    t.pass();
  },
);

t.test('the sum of the changes that a reader is told is the difference', async (t) => {
  fc.assert(
    fc.property(history, (batches) => {
      const calculation = new Calculation({ nodename: 'a', routerId: '1.1.1.1' });
      const known = new Map<string, DesiredPeer>();
      let seen: Entries<DesiredPeer> | undefined;
      for (const batch of batches) {
        calculation.apply(batch);
        const peers = calculation.desired().bgp?.peers;
        if (peers === undefined) continue;
        for (const [key, now] of peers.since(seen)) {
          if (now === undefined) known.delete(key);
          else known.set(key, now);
        }
        seen = peers;
        if (peers.size !== known.size || [...peers].some(([key, value]) => known.get(key) !== value)) return false;
      }
      return true;
    }),
    { numRuns: 500 },
  );
  t.pass();
});
