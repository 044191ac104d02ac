import type { Address, Prefix } from '../base/index.ts';
import type { Direction, Endpoint, Policy } from './form.ts';
import { ALL_INTERFACES, type HostInterfaces, LOOPBACK } from './host-interfaces.ts';
import type { Packet } from './match.ts';
import {
  decideByProfiles,
  decideByTiers,
  decideFor,
  type EndpointDecision,
  type Passed,
  type Reason,
} from './verdict.ts';
import { isInOneOf, type World } from './world.ts';

/**
 * A packet on a node that has host endpoints: from which side it comes and how far it has gone decides
 * which policies are asked, in the order of the kernel's hooks: before tracking, before DNAT, then the filter.
 */
export interface HostPacket extends Packet {
  readonly path: HostPath;
  /** Where it comes in, or goes out. */
  readonly interfaceName: string;
  /** Absent: the first of its connection. */
  readonly state?: 'established' | 'invalid' | undefined;
  /** Its destination before DNAT. */
  readonly before?: { readonly destination: Address; readonly destinationPort: number } | undefined;
}

export type HostPath = 'in' | 'out' | 'forward-in' | 'forward-out' | 'pod-to-host' | 'host-to-pod';

/** Ports that no host endpoint's policy closes, so that nobody locks himself out. */
export interface Failsafe {
  readonly protocol: number;
  readonly port: number;
  /** Absent: whatever the other end. */
  readonly net?: Prefix | undefined;
}

export interface HostSettings {
  readonly node: string;
  readonly failsafeInbound: readonly Failsafe[];
  readonly failsafeOutbound: readonly Failsafe[];
  readonly defaultEndpointToHostAction: 'Drop' | 'Accept' | 'Return';
  /** The endpoint of each interface; absent: by the names in the endpoints, and none by its address. */
  readonly interfaces?: Pick<HostInterfaces, 'own' | 'others'> | undefined;
  /** Whether the packet is of a tunnel between nodes, which no host endpoint closes; absent: none is. */
  readonly isTunnel?: ((packet: Packet, direction: Direction) => boolean) | undefined;
}

export interface HostVerdict {
  readonly allowed: boolean;
  /** The hook that decided, and what in it. */
  readonly hook:
    | 'tracking'
    | 'tunnel'
    | 'failsafe'
    | 'untracked'
    | 'pre-dnat'
    | 'filter'
    | 'pod'
    | 'endpoint-to-host'
    | 'none';
  readonly decision: EndpointDecision | undefined;
}

const ACCEPTED: HostVerdict = { allowed: true, hook: 'none', decision: undefined };
/** It belongs to no connection. */
const BROKEN: HostVerdict = { allowed: false, hook: 'tracking', decision: undefined };

export function judgeOnHost(world: World, packet: HostPacket, settings: HostSettings): HostVerdict {
  const { path } = packet;
  if (path === 'host-to-pod') return ACCEPTED;
  if (path === 'pod-to-host') return fromPodToHost(world, packet, settings);
  const direction: Direction = path === 'in' || path === 'forward-in' ? 'ingress' : 'egress';
  const isForwarded = path === 'forward-in' || path === 'forward-out';
  const endpoint = hostEndpointOf(world, packet.interfaceName, settings);
  // A packet from a pod passes the pod's policy before the interface's; one to a pod, after.
  const egress = path === 'forward-out' ? podVerdict(world, packet, 'egress') : undefined;
  if (egress?.allowed === false) return egress;
  const host =
    endpoint === undefined ? ACCEPTED : atInterface(world, packet, settings, endpoint, direction, isForwarded);
  if (!host.allowed || path !== 'forward-in') return host;
  // What is not tracked belongs to no connection, and is not called invalid for it.
  const ingress = podVerdict(world, host.hook === 'untracked' ? { ...packet, state: undefined } : packet, 'ingress');
  return ingress?.allowed === false ? ingress : host;
}

/** Among the endpoints of an interface the first by name; the one of all interfaces only where there is none. */
export function hostEndpointOf(
  world: World,
  interfaceName: string,
  { node, interfaces }: Pick<HostSettings, 'node' | 'interfaces'>,
): Endpoint | undefined {
  const own = world.endpoints.filter((endpoint) => endpoint.kind === 'host' && endpoint.node === node);
  const isAsked = interfaceName !== LOOPBACK;
  if (interfaces !== undefined) {
    const name = interfaces.own.get(interfaceName) ?? (isAsked ? interfaces.others : undefined);
    return name === undefined ? undefined : own.find((endpoint) => endpoint.name === name);
  }
  const byName = (name: string): Endpoint | undefined =>
    own.filter((endpoint) => endpoint.interfaceName === name).sort((a, b) => (a.name < b.name ? -1 : 1))[0];
  return byName(interfaceName) ?? (isAsked ? byName(ALL_INTERFACES) : undefined);
}

function fromPodToHost(world: World, packet: HostPacket, settings: HostSettings): HostVerdict {
  if (packet.state !== undefined)
    return { allowed: packet.state === 'established', hook: 'tracking', decision: undefined };
  if (isNeighbours(packet, NEIGHBOURS_OF_PODS)) return { ...ACCEPTED, hook: 'failsafe' };
  const egress = podVerdict(world, packet, 'egress');
  if (egress?.allowed === false) return egress;
  return { allowed: settings.defaultEndpointToHostAction !== 'Drop', hook: 'endpoint-to-host', decision: undefined };
}

function podVerdict(world: World, packet: HostPacket, direction: Direction): HostVerdict | undefined {
  if (packet.state === 'established') return undefined;
  const pod = world.podAt(direction === 'egress' ? packet.source : packet.destination);
  if (pod === undefined) return undefined;
  if (packet.state === 'invalid') return BROKEN;
  const decision = decideFor(world, packet, direction, pod);
  return { allowed: decision.allowed, hook: 'pod', decision };
}

function atInterface(
  world: World,
  packet: HostPacket,
  settings: HostSettings,
  endpoint: Endpoint,
  direction: Direction,
  isForwarded: boolean,
): HostVerdict {
  // A forwarded packet that leaves came by these hooks at the interface that it came in at.
  const isPast = isForwarded && direction === 'egress';
  const early = isPast ? undefined : beforeFilter(world, packet, settings, endpoint, direction);
  // Where it passes through, what was accepted before DNAT is asked for its connection all the same.
  const isOver =
    early?.hook === 'untracked' || (early?.hook === 'pre-dnat' && !(isForwarded && packet.state === 'invalid'));
  if (early !== undefined && (!early.allowed || isOver)) return early;
  if (packet.state === 'established') return { ...ACCEPTED, hook: 'tracking' };
  if (packet.state === 'invalid') return BROKEN;
  if (!isForwarded && settings.isTunnel?.(packet, direction) === true) return { ...ACCEPTED, hook: 'tunnel' };
  if (!isForwarded && isFailsafe(packet, direction, settings)) return { ...ACCEPTED, hook: 'failsafe' };
  const counts = ({ hook }: Policy): boolean =>
    isForwarded ? hook === 'forward' : hook === 'normal' || hook === 'forward';
  const walk = decideByTiers(world, packet, direction, endpoint, counts);
  if (walk.decision !== undefined) return filtered(walk.decision);
  // Where packets pass through, neither profiles nor the absence of policy close anything.
  if (isForwarded) return filtered(undecided(endpoint, direction, walk.passed));
  return filtered(decideByProfiles(world, packet, direction, endpoint, walk.passed));
}

function filtered(decision: EndpointDecision): HostVerdict {
  return { allowed: decision.allowed, hook: 'filter', decision };
}

function undecided(endpoint: Endpoint, direction: Direction, passed: readonly Passed[]): EndpointDecision {
  const reason: Reason = { kind: 'no policy' };
  return { allowed: true, direction, endpoint: endpoint.name, reason, passed };
}

/**
 * The hooks before the filter: no end of a tier drops there, no profile is asked, and what one of them accepts no later
 * policy of the interface sees. Before tracking there are no connections yet, so replies of failsafes are let through
 * too.
 */
function beforeFilter(
  world: World,
  packet: HostPacket,
  settings: HostSettings,
  endpoint: Endpoint,
  direction: Direction,
): HostVerdict | undefined {
  const isNamed = endpoint.interfaceName !== ALL_INTERFACES;
  const at = (hook: 'untracked' | 'pre-dnat', seen: Packet): HostVerdict | undefined => {
    const counts = (policy: Policy): boolean => policy.hook === hook;
    const { decision } = decideByTiers(world, seen, direction, endpoint, counts, false);
    return decision && { allowed: decision.allowed, hook, decision };
  };
  const before = { ...packet, ...packet.before };
  if (isNamed && !isFailsafe(before, direction, settings) && !isReplyOfFailsafe(before, direction, settings)) {
    const verdict = at('untracked', before);
    if (verdict !== undefined) return verdict;
  }
  if (direction === 'egress' || packet.state === 'established') return undefined;
  if (isFailsafe(before, direction, settings)) return { ...ACCEPTED, hook: 'failsafe' };
  return at('pre-dnat', before);
}

/** Types of ICMPv6 by which neighbours and routers find each other, and groups their members (RFC 4861, 2710, 3810). */
export const NEIGHBOUR_TYPES: ReadonlySet<number> = new Set([130, 131, 132, 133, 134, 135, 136, 143]);

/** Of these, what a pod has to ask its host: it advertises no routes. */
const NEIGHBOURS_OF_PODS: ReadonlySet<number> = new Set([130, 131, 132, 133, 135, 136]);

function isNeighbours({ protocol, source, icmp }: Packet, types: ReadonlySet<number>): boolean {
  return protocol === ICMPV6 && source.family === 6 && types.has(icmp?.type ?? -1);
}

function isFailsafe(packet: Packet, direction: Direction, settings: HostSettings): boolean {
  if (isNeighbours(packet, NEIGHBOUR_TYPES)) return true;
  const [list, far] =
    direction === 'ingress'
      ? [settings.failsafeInbound, packet.source]
      : [settings.failsafeOutbound, packet.destination];
  return list.some((one) => isOf(one, packet.protocol, packet.destinationPort, far));
}

function isReplyOfFailsafe(packet: Packet, direction: Direction, settings: HostSettings): boolean {
  const [list, far] =
    direction === 'ingress'
      ? [settings.failsafeOutbound, packet.source]
      : [settings.failsafeInbound, packet.destination];
  return list.some((one) => isOf(one, packet.protocol, packet.sourcePort, far));
}

function isOf({ protocol, port, net }: Failsafe, asked: number, number: number, far: Address): boolean {
  return protocol === asked && port === number && (net === undefined || isInOneOf(far, [net]));
}

const TCP = 6;
const ICMPV6 = 58;
const UDP = 17;

/** Felix's defaults. */
export const DEFAULT_FAILSAFES = {
  inbound: [
    ...[22, 179, 2379, 2380, 5473, 6443, 6666, 6667].map((port): Failsafe => ({ protocol: TCP, port })),
    { protocol: UDP, port: 68 },
  ],
  outbound: [
    ...[179, 2379, 2380, 5473, 6443, 6666, 6667].map((port): Failsafe => ({ protocol: TCP, port })),
    ...[53, 67].map((port): Failsafe => ({ protocol: UDP, port })),
  ],
} as const satisfies Readonly<Record<string, readonly Failsafe[]>>;
