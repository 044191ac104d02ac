import fc from 'fast-check';
import { parseAddress, parsePrefix } from '../../src/base/index.ts';
import type { CaseObject } from '../../src/policy/cases/format.ts';
import type { HostPacket, HostSettings } from '../../src/policy/host.ts';
import {
  calicoSpec,
  labels,
  OUTSIDE,
  POD_ADDRESSES,
  type RandomWorld,
  randomWorld,
  rules,
  tier,
} from './random-worlds.ts';

/** Small worlds with host endpoints at random, and packets of every path by the node's interfaces. */

export const NODE = 'here';
/** With an endpoint each, now and then; the last has none but that of all interfaces. */
const INTERFACES = ['eth0', 'eth1', 'eth2'];
const HOST_ADDRESS = '192.0.2.200';
const PORTS = [22, 80, 81];
const [TCP, UDP] = [6, 17];

export interface RandomHosts extends RandomWorld {
  /** Whether an endpoint is for all interfaces that have none of their own. */
  readonly isForAll: boolean;
  readonly settings: HostSettings;
  /** The addresses of the node's links. */
  readonly links: ReadonlyMap<string, readonly string[]>;
}

const NOBODYS = '192.0.2.250';
/** The addresses of the interfaces. */
const LINKS: ReadonlyMap<string, readonly string[]> = new Map([
  ['eth0', [HOST_ADDRESS, 'fd00::c000:2c8']],
  ['eth1', ['192.0.2.201']],
  ['eth2', []],
]);

/** One of an interface says so by its name, by an address of it, or by both; or it is another node's. */
const hostEndpoint = (name: string, interfaceName: string) =>
  fc
    .record({
      labels,
      profiles: fc.constantFrom(
        ...[[], ['projectcalico-default-allow'], ['kns.red']],
        ...[['own'], ['own', 'kns.red'], ['missing', 'own']],
      ),
      ports: fc.constantFrom([], [{ name: 'web', protocol: 'TCP', port: 80 }]),
      isNamed: fc.constantFrom(true, true, false),
      expectedIPs: fc.subarray([...(LINKS.get(interfaceName) ?? []), NOBODYS]),
      node: fc.constantFrom(NODE, NODE, NODE, 'there'),
    })
    .map(
      (one): CaseObject => ({
        apiVersion: 'projectcalico.org/v3',
        kind: 'HostEndpoint',
        metadata: { name, labels: one.labels as Record<string, string> },
        spec: {
          ...{ node: one.node, expectedIPs: one.expectedIPs, profiles: one.profiles, ports: one.ports },
          ...((one.isNamed || interfaceName === '*' || one.expectedIPs.length === 0) && { interfaceName }),
        },
      }),
    );

const profile = fc.record({ ingress: rules, egress: rules, labelsToApply: labels }).map(
  (spec): CaseObject => ({
    apiVersion: 'projectcalico.org/v3',
    kind: 'Profile',
    metadata: { name: 'own' },
    spec,
  }),
);

const hook = fc.constantFrom(
  {},
  { applyOnForward: true },
  { applyOnForward: true },
  { doNotTrack: true, applyOnForward: true },
  { preDNAT: true, applyOnForward: true },
);
const hostPolicy: fc.Arbitrary<CaseObject> = fc
  .record({ name: fc.constantFrom('h1', 'h2', 'h3', 'h4'), spec: calicoSpec, hook })
  .map(({ name, spec, hook: at }) => {
    // What is asked before DNAT knows of no way out.
    const types = 'preDNAT' in at ? { types: ['Ingress'], egress: [] } : {};
    return {
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: { name },
      spec: { ...spec, ...types, ...at },
    };
  });

const failsafes = fc.constantFrom<HostSettings['failsafeInbound']>(
  [],
  [{ protocol: TCP, port: 22 }],
  [
    { protocol: TCP, port: 22, net: parsePrefix('192.0.2.0/24') },
    { protocol: UDP, port: 80, net: parsePrefix('fd00::/64') },
    { protocol: TCP, port: 81, net: parsePrefix('0.0.0.0/0') },
  ],
);

export const randomHosts: fc.Arbitrary<RandomHosts> = fc
  .record({
    world: randomWorld,
    links: fc.subarray(
      [...LINKS].map(([name, addresses]) => [name, addresses] as const),
      { minLength: 1 },
    ),
    own: fc.tuple(hostEndpoint('own0', 'eth0'), hostEndpoint('own1', 'eth1')),
    more: fc.array(
      fc.constantFrom('a', 'z').chain((name) => hostEndpoint(name, 'eth0')),
      { maxLength: 1 },
    ),
    others: fc.option(hostEndpoint('others', '*'), { nil: undefined }),
    profiles: fc.array(profile, { maxLength: 1 }),
    tiers: fc.array(tier, { maxLength: 2 }),
    policies: fc.array(hostPolicy, { minLength: 1, maxLength: 4 }),
    settings: fc.record({
      failsafeInbound: failsafes,
      failsafeOutbound: failsafes,
      defaultEndpointToHostAction: fc.constantFrom('Drop', 'Accept', 'Return'),
    }),
  })
  .map(({ world, links, profiles, own, more, others, tiers, policies, settings }) => ({
    pods: world.pods,
    objects: [
      ...tiers,
      ...profiles,
      ...world.objects,
      ...own,
      ...more,
      ...(others === undefined ? [] : [others]),
      ...policies,
    ],
    isForAll: others !== undefined,
    settings: { node: NODE, ...settings },
    links: new Map(links),
  }));

/**
 * A packet of each path, from and to each interface, for each protocol and port. Where an endpoint is for all interfaces, nothing
 * passes through but what a pod sends or gets: the other interface would be asked too.
 */
export function everyHostPacket(family: 4 | 6, isForAll: boolean): readonly HostPacket[] {
  const at = (text: string) => parseAddress(family === 4 ? text : `fd00::${text}`);
  const [host, outside, beyond] = [HOST_ADDRESS, ...OUTSIDE].map(at);
  const pods = POD_ADDRESSES.slice(0, 3).map(at);
  const through = isForAll ? pods : [...pods, beyond];
  const ways = INTERFACES.flatMap((interfaceName): readonly Omit<HostPacket, keyof typeof BARE>[] => [
    { path: 'in', interfaceName, source: outside, destination: host },
    { path: 'out', interfaceName, source: host, destination: outside },
    ...through.flatMap((other) => [
      { path: 'forward-in', interfaceName, source: outside, destination: other } as const,
      { path: 'forward-out', interfaceName, source: other, destination: outside } as const,
    ]),
  ]);
  const ofPods = pods.flatMap((pod): typeof ways => [
    { path: 'pod-to-host', interfaceName: '', source: pod, destination: host },
    { path: 'host-to-pod', interfaceName: '', source: host, destination: pod },
  ]);
  return [...ways, ...ofPods].flatMap((way) =>
    [TCP, UDP].flatMap((protocol) =>
      PORTS.flatMap((destinationPort): readonly HostPacket[] => [
        { ...way, protocol, sourcePort: 40_000, destinationPort },
        // A reply of what was let through before, for those who don't know of connections.
        { ...way, protocol, sourcePort: 22, destinationPort },
        ...(['established', 'invalid'] as const).map((state) => {
          return { ...way, protocol, sourcePort: 40_000, destinationPort, state };
        }),
        ...(way.path === 'in' || way.path === 'forward-in'
          ? [
              {
                ...way,
                protocol,
                sourcePort: 40_000,
                destinationPort,
                before: { destination: host, destinationPort: 22 },
              },
            ]
          : []),
      ]),
    ),
  );
}

const BARE = { protocol: 0, sourcePort: 0, destinationPort: 0 };
