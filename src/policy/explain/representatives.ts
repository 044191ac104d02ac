import {
  type Address,
  address,
  addressBits,
  addressPlus,
  type Family,
  formatAddress,
  lastAddress,
  networkAddress,
  type Prefix,
} from '../../base/index.ts';
import { evaluate, type Selector } from '../../model/index.ts';
import type { Direction, Endpoint, Match, Ports, Rule, Side } from '../form.ts';
import type { Packet } from '../match.ts';
import { protocolHasPorts } from '../protocol.ts';
import type { World } from '../world.ts';

/**
 * Packets at the borders of what rules say: right inside and right outside of each network, port and protocol, from and to
 * somebody whom a selector matches and somebody whom it does not. If kernel and judge differ in a rule, one of these most
 * likely shows it.
 */

/** Packets of one rule at most. */
const MOST = 64;
/** Of each side of a rule at most. */
const [MOST_ADDRESSES, MOST_PORTS] = [6, 6];
const [TCP, UDP, ICMP, ICMPV6, SCTP] = [6, 17, 1, 58, 132];
const [SOME_PORT, SOURCE_PORT] = [33_333, 40_000];
/** Of nobody: TEST-NET-3 (RFC 5737) and the documentation prefix (RFC 3849). */
const STRANGER: Readonly<Record<Family, Address>> = {
  4: address(4, 0xcb007109n),
  6: address(6, (0x20010db8n << 96n) + 9n),
};

export function representativesOf(world: World, endpoint: Endpoint, direction: Direction): readonly Packet[] {
  const found = new Map<string, Packet>();
  const add = (packets: Iterable<Packet>): void => {
    let count = 0;
    for (const packet of packets) {
      if (count++ === MOST) break;
      found.set(packetKey(packet), packet);
    }
  };
  for (const own of endpoint.addresses) {
    add(packetsFor(NO_RULE, own, direction, world));
    for (const { match } of rulesOf(world, endpoint, direction)) add(packetsFor(match, own, direction, world));
  }
  return [...found.values()];
}

const NO_RULE: Match = { source: {}, destination: {} };

function rulesOf(world: World, endpoint: Endpoint, direction: Direction): readonly Rule[] {
  const ofTiers = world
    .tiersOf(endpoint)
    .flatMap(({ policies }) => policies.flatMap(({ rules }) => rules[direction] ?? []));
  return [...ofTiers, ...endpoint.profiles.flatMap((name) => world.profile(name)?.rules[direction] ?? [])];
}

function packetKey({ source, destination, protocol, sourcePort, destinationPort, icmp }: Packet): string {
  const ends = `${formatAddress(source)}|${formatAddress(destination)}`;
  return `${ends}|${protocol}|${sourcePort}|${destinationPort}|${icmp?.type}|${icmp?.code}`;
}

/** Each condition in turn takes its borders while the others stay where the rule matches. */
function* packetsFor(match: Match, own: Address, direction: Direction, world: World): Iterable<Packet> {
  const [near, far] = direction === 'egress' ? [match.source, match.destination] : [match.destination, match.source];
  const others = addressesOf(far, own.family, world);
  const protocols = protocolsOf(match, own.family);
  const [sources, destinations] = [
    portsOf(match.source.ports, match.source.notPorts, world, SOURCE_PORT),
    portsOf(match.destination.ports, match.destination.notPorts, world, SOME_PORT),
  ];
  const packet = (other: Address, protocol: number, sourcePort: number, port: number, icmp: Packet['icmp']): Packet => {
    const [source, destination] = direction === 'egress' ? [own, other] : [other, own];
    const has = protocolHasPorts(protocol);
    return { source, destination, protocol, sourcePort: has ? sourcePort : 0, destinationPort: has ? port : 0, icmp };
  };
  const isIcmp = (protocol: number): boolean => protocol === (own.family === 4 ? ICMP : ICMPV6);
  const kinds = icmpKinds(match);
  const icmpOf = (protocol: number, kind = kinds[0]): Packet['icmp'] => (isIcmp(protocol) ? kind : undefined);
  const first = protocols[0];
  for (const other of others) yield packet(other, first, sources[0], destinations[0], icmpOf(first));
  for (const port of destinations) yield packet(others[0], first, sources[0], port, icmpOf(first));
  for (const port of sources.slice(1)) yield packet(others[0], first, port, destinations[0], icmpOf(first));
  for (const protocol of protocols) yield packet(others[0], protocol, sources[0], destinations[0], icmpOf(protocol));
  if (isIcmp(first)) for (const kind of kinds) yield packet(others[0], first, 0, 0, kind);
  // A port that a name or a service has belongs to one address.
  for (const { address: other, protocol = TCP, port = SOME_PORT } of sockets(far, direction === 'egress', world)) {
    if (other.family === own.family) yield packet(other, protocol, sources[0], port, icmpOf(protocol));
  }
  for (const { protocol, port } of ownPorts(near, own, world)) {
    yield packet(others[0], protocol, sources[0], port, undefined);
  }
}

/** First those that the rule means, then those next to them. */
function addressesOf(
  { nets = [], notNets = [], selector, notSelector, nodes }: Side,
  family: Family,
  world: World,
): readonly Address[] {
  const [inside, outside]: [Address[], Address[]] = [[], []];
  const border = (net: Prefix, within: Address[], beyond: Address[]): void => {
    if (net.family !== family) return;
    const [first, last] = [networkAddress(net), lastAddress(net)];
    within.push(first, last);
    if (first.value > 0n) beyond.push(addressPlus(first, -1));
    if (last.value < (1n << BigInt(addressBits(family))) - 1n) beyond.push(addressPlus(last, 1));
  };
  for (const [given, isMeant] of [
    [selector, true],
    [notSelector, false],
  ] as const) {
    if (given === undefined) continue;
    const { members, strangers } = membersOf(given, family, world);
    (isMeant ? inside : outside).push(...members);
    (isMeant ? outside : inside).push(...strangers);
  }
  for (const net of nets) border(net, inside, outside);
  for (const net of notNets) border(net, outside, inside);
  for (const node of nodes === undefined ? [] : world.nodes) {
    const isMeant = nodes !== undefined && evaluate(nodes, node.labels);
    for (const net of node.nets) if (net.family === family) (isMeant ? inside : outside).push(networkAddress(net));
  }
  return [...inside.slice(0, MOST_ADDRESSES), ...outside.slice(0, MOST_ADDRESSES), STRANGER[family]];
}

/** A few of both kinds, pods and networks. */
function membersOf(selector: Selector, family: Family, world: World) {
  const [members, strangers]: [Address[], Address[]] = [[], []];
  for (const endpoint of world.endpoints) {
    const own = endpoint.addresses.find((one) => one.family === family);
    if (own === undefined) continue;
    const list = evaluate(selector, world.labelsOf(endpoint)) ? members : strangers;
    if (list.length < 2) list.push(own);
    if (members.length + strangers.length === 4) break;
  }
  for (const set of world.networkSets) {
    const net = set.nets.find((one) => one.family === family);
    if (net !== undefined && evaluate(selector, world.labelsOf(set)))
      members.push(networkAddress(net), lastAddress(net));
    if (members.length >= MOST_ADDRESSES) break;
  }
  return { members, strangers };
}

function protocolsOf({ protocol, notProtocol, icmp, notIcmp }: Match, family: Family): readonly number[] {
  const own = family === 4 ? ICMP : ICMPV6;
  const meant = protocol ?? (icmp !== undefined || notIcmp !== undefined ? own : undefined);
  const others = [TCP, UDP, own, SCTP].filter((one) => one !== meant && one !== notProtocol);
  return [...(meant === undefined ? [] : [meant]), ...others, ...(notProtocol === undefined ? [] : [notProtocol])];
}

function icmpKinds({ icmp, notIcmp }: Match): readonly { readonly type: number; readonly code: number }[] {
  const named = [icmp, notIcmp].flatMap((one) => {
    if (one === undefined) return [];
    const code = one.code ?? 0;
    return [
      { type: one.type, code },
      { type: one.type, code: (code + 1) % 256 },
      { type: (one.type + 1) % 256, code },
    ];
  });
  return [...named, { type: 8, code: 0 }, { type: 128, code: 0 }];
}

function portsOf(
  ports: Ports | undefined,
  notPorts: Ports | undefined,
  world: World,
  other: number,
): readonly number[] {
  const [inside, outside]: [number[], number[]] = [[], []];
  for (const [given, within, beyond] of [
    [ports, inside, outside],
    [notPorts, outside, inside],
  ] as const) {
    for (const [first, last] of given?.ranges ?? []) {
      within.push(first, last);
      if (first > 0) beyond.push(first - 1);
      if (last < 65_535) beyond.push(last + 1);
    }
    const names = given?.names ?? [];
    const named =
      names.length === 0
        ? undefined
        : world.endpoints.flatMap((one) => one.ports).find(({ name }) => names.includes(name));
    if (named !== undefined) within.push(named.port);
  }
  const plain = ports === undefined ? [other] : [];
  return [...new Set([...plain, ...inside.slice(0, MOST_PORTS), ...outside.slice(0, MOST_PORTS), other])];
}

/** Sockets that a service has, or ports' names. */
function sockets({ service, ports }: Side, isDestination: boolean, world: World) {
  if (!isDestination) return [];
  const backends = service === undefined ? [] : world.backendsOf(service.namespace, service.name).slice(0, 2);
  const names = ports?.names ?? [];
  if (names.length === 0) return backends;
  const owners = world.endpoints.filter((one) => one.ports.some(({ name }) => names.includes(name))).slice(0, 2);
  const named = owners.flatMap(({ addresses, ports: own }) =>
    own.flatMap(({ protocol, port }) => addresses.map((one) => ({ address: one, protocol, port }))),
  );
  return [...backends, ...named.slice(0, MOST_PORTS)];
}

function ownPorts({ ports, notPorts }: Side, own: Address, world: World) {
  if ((ports?.names ?? []).length + (notPorts?.names ?? []).length === 0) return [];
  return world.endpointsAt(own).flatMap((endpoint) => endpoint.ports);
}
