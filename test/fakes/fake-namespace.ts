import {
  containsAddress,
  type Family,
  formatAddress,
  type InterfaceAddress,
  parseAddress,
  parsePrefix,
  prefix,
  tryParseAddress,
  tryParseInterfaceAddress,
} from '../../src/base/index.ts';
import {
  type InterfaceAddressEntry,
  KernelError,
  type KernelEvent,
  type Link,
  type LoggedPacketEvent,
  type Neighbor,
  type Route,
  type RouteNextHop,
  type RoutingRule,
  type RuleCount,
  sysctlWord,
  type TableChain,
  type TrackedConnection,
} from '../../src/netlink/index.ts';
import { FakeConnectionEvents } from './fake-connections.ts';
import { canonical } from './fake-entries.ts';
import { FakeRoutes, routeKey } from './fake-routes.ts';
import { FakeTrafficControl } from './fake-traffic-control.ts';
import type { FakeWireguard } from './fake-wireguard.ts';

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/** A link of the fake; `peer` is the other end of a veth, wherever it is; `wireguard` what such a device has. */
export interface FakeLink extends Mutable<Link> {
  readonly trafficControl: FakeTrafficControl;
  peer?: { link: FakeLink; namespace: FakeNamespace };
  wireguard?: FakeWireguard;
}

/** The words of a real kernel for what it refuses. */
export function refuse(code: string, what: string, reason: string): never {
  throw new KernelError(code, what, reason);
}

const MAIN = 254;
const KERNEL_PROTOCOL = 2;

/** One network namespace in memory: its tables, and the rules by which a kernel keeps them consistent. */
export class FakeNamespace {
  readonly path: string;
  /** Other namespaces that links lead to, by the numbers that they have here. */
  readonly #others: FakeNamespace[] = [];
  readonly links: FakeLink[] = [];
  addresses: InterfaceAddressEntry[] = [];
  readonly routes = new FakeRoutes((route) => this.tell({ kind: 'route', change: 'deleted', route }));
  readonly rules: RoutingRule[] = [];
  neighbors: Neighbor[] = [];
  connections: readonly TrackedConnection[] = [];
  readonly connectionEvents = new FakeConnectionEvents();
  /** By table, as `family name`. */
  readonly ruleCounts = new Map<string, readonly RuleCount[]>();
  chains: readonly TableChain[] = [];
  ipSets: readonly string[] = [];
  /** Who reads which group. */
  readonly packetLogs = new Map<number, (event: LoggedPacketEvent) => void>();
  readonly #sysctls = new Map<string, string>();
  readonly #broadcast: (from: FakeNamespace, event: KernelEvent) => void;
  #nextIndex = 1;

  constructor(path: string, broadcast: (from: FakeNamespace, event: KernelEvent) => void) {
    this.path = path;
    this.#broadcast = broadcast;
    this.addLink({ name: 'lo', mtu: 65536, mac: '00:00:00:00:00:00', flags: ['LOOPBACK'] });
    for (const family of [4, 6] as const) {
      this.rules.push({ family, priority: 0, table: 255 }, { family, priority: 32766, table: MAIN });
    }
    this.rules.push({ family: 4, priority: 32767, table: 253 });
  }

  /** Gives it one if it has none yet. */
  numberOf(other: FakeNamespace): number {
    return this.knownNumberOf(other) ?? this.#others.push(other) - 1;
  }

  knownNumberOf(other: FakeNamespace): number | undefined {
    const number = this.#others.indexOf(other);
    return number < 0 ? undefined : number;
  }

  tell(event: KernelEvent): void {
    this.#broadcast(this, event);
  }

  /** What nobody has set for a link is as for those that are yet to come. */
  sysctl(name: string): string {
    const [full, other] = [canonical(name), canonical(name).replace(/^(net\.ipv[46]\.\w+)\.[^.]+\./, '$1.default.')];
    return this.#sysctls.get(full) ?? this.#sysctls.get(other) ?? '0';
  }

  /** Forwarding of all is forwarding of each. A real kernel tells of these settings alone, and when they are others. */
  setSysctl(name: string, value: string): void {
    const full = canonical(name);
    const before = this.sysctl(full);
    this.#sysctls.set(full, value);
    const told =
      /^net\.(?:ipv4\.conf\.[^.]+\.(?:forwarding|rp_filter|proxy_arp)|ipv6\.conf\.[^.]+\.(?:forwarding|proxy_ndp))$/;
    if (before !== value && told.test(full)) this.tell({ kind: 'setting', name: full, value });
    const [, all] = /^(net\.ipv[46]\.conf)\.all\.forwarding$/.exec(full) ?? [];
    if (all === undefined || before === value) return;
    for (const each of ['default', ...this.links.map((link) => sysctlWord(link.name))]) {
      this.setSysctl(`${all}.${each}.forwarding`, value);
    }
  }

  addLink(link: Partial<FakeLink> & { name: string }): FakeLink {
    const index = this.#nextIndex++;
    const mac = `02:00:00:00:00:${index.toString(16).padStart(2, '0')}`;
    const base = { index, mtu: 1500, up: false, operState: 'down', flags: ['BROADCAST', 'MULTICAST'], mac };
    const made: FakeLink = { ...base, ...link, trafficControl: new FakeTrafficControl() };
    this.links.push(made);
    this.tell({ kind: 'link', change: 'new', link: snapshot(made) });
    return made;
  }

  find(name: string): FakeLink | undefined {
    return this.links.find((link) => link.name === name);
  }

  link(name: string): FakeLink {
    return this.find(name) ?? refuse('ENODEV', `link ${name}`, 'No such device');
  }

  removeLink(link: FakeLink): void {
    this.links.splice(this.links.indexOf(link), 1);
    this.addresses = this.addresses.filter(({ index }) => index !== link.index);
    this.neighbors = this.neighbors.filter(({ dev }) => dev !== link.name);
    this.routes.loseDevice(link.index);
    // A kernel sets it down before.
    if (link.up) this.tell({ kind: 'link', change: 'new', link: snapshot({ ...link, up: false }) });
    this.tell({ kind: 'link', change: 'deleted', link: snapshot(link) });
  }

  /** A device came up, or an address came to it: its connected routes are there, and what is dead by it lives. */
  connect(link: FakeLink): void {
    if (!link.up) return;
    this.routes.revive(link.index);
    for (const entry of this.addresses.filter(({ index }) => index === link.index)) {
      const route = connectedRoute(entry, link.index);
      if (route === undefined || this.routes.has(routeKey(route))) continue;
      this.routes.set(routeKey(route), route);
      this.tell({ kind: 'route', change: 'new', route });
    }
  }

  /** Throws as the kernel does when a route can't stand. */
  checkRoute(route: Route): void {
    const what = `route ${route.destination}`;
    const read = tryParseInterfaceAddress(route.destination) as InterfaceAddress;
    if (prefix(read.address, read.length).value !== read.address.value) {
      refuse('EINVAL', what, 'Invalid prefix for given prefix length');
    }
    if (route.kind !== 'unicast') return;
    if (route.nextHops.length === 0) refuse('ENODEV', what, 'no such device');
    for (const hop of route.nextHops) this.#checkHop(route, hop, what);
    if (route.source === undefined) return;
    if (!this.#isLocal(route.source)) refuse('EINVAL', what, 'Invalid prefsrc address');
  }

  #checkHop(route: Route, hop: RouteNextHop, what: string): void {
    const link = this.links.find(({ index }) => index === hop.dev);
    if (hop.dev !== undefined) {
      if (link === undefined) refuse('ENODEV', what, 'no such device');
      if (!link.up) refuse('ENETDOWN', what, 'Device for nexthop is not up');
    }
    if (hop.via !== undefined && hop.onlink && route.family === 6) this.#checkOnlink6(hop.via, hop.dev, what);
    if (hop.via === undefined || hop.onlink) return;
    const via = tryParseAddress(hop.via);
    const reachable = [...this.routes.values()].some(
      ({ destination, nextHops }) =>
        via !== undefined &&
        containsAddress(parsePrefix(destination), via) &&
        nextHops.some((way) => way.via === undefined && (hop.dev === undefined || way.dev === hop.dev)),
    );
    if (reachable) return;
    if (route.family === 4) refuse('ENETUNREACH', what, 'Nexthop has invalid gateway');
    refuse('EHOSTUNREACH', what, 'next hop is unreachable');
  }

  /** As ip6_route_check_nh_onlink(): the way to the gateway, unless it is the default route, must be by the same device. */
  #checkOnlink6(via: string, dev: number | undefined, what: string): void {
    const way = this.lookUp(via);
    if (way === undefined || way.destination === '::/0' || way.kind === 'blackhole') return;
    if (way.nextHops.some((hop) => hop.dev === dev)) return;
    refuse('EINVAL', what, 'Nexthop has invalid gateway or device mismatch');
  }

  /** The route of the main table with the longest prefix that covers the address, the lowest metric among equals. */
  lookUp(address: string): Route | undefined {
    const wanted = parseAddress(address);
    const length = ({ destination }: Route) => Number(destination.split('/')[1]);
    return [...this.routes.values()]
      .filter(({ table, destination }) => table === MAIN && containsAddress(parsePrefix(destination), wanted))
      .sort((a, b) => length(b) - length(a) || (a.metric ?? 0) - (b.metric ?? 0))[0];
  }

  #isLocal(address: string): boolean {
    return this.addresses.some((entry) => entry.address.split('/')[0] === address);
  }
}

function connectedRoute({ address, family, scope }: InterfaceAddressEntry, dev: number): Route | undefined {
  const read = tryParseInterfaceAddress(address) as InterfaceAddress;
  if ((family === 4 && read.length === 32) || scope === 'host') return undefined;
  const network = prefix(read.address, read.length);
  const destination = `${formatAddress({ family, value: network.value })}/${network.length}`;
  const common = {
    family,
    destination,
    kind: 'unicast',
    protocol: KERNEL_PROTOCOL,
    table: MAIN,
    nextHops: [{ dev }],
  } as const;
  return family === 4
    ? { ...common, scope: 'link', source: formatAddress(read.address) }
    : { ...common, scope: 'global', metric: 256 };
}

/** Brings the state of a device and of its veth peer up to date with who is up. */
export function refreshState(link: FakeLink): void {
  const carrier = link.peer === undefined || link.peer.link.up;
  const running = link.up && carrier;
  const kinds = ['LOOPBACK', 'BROADCAST', 'POINTOPOINT', 'MULTICAST', 'NOARP'];
  const lasting = link.flags.filter((flag) => kinds.includes(flag));
  link.flags = [...lasting, ...(link.up ? ['UP'] : []), ...(running ? ['LOWER_UP'] : [])];
  const unknowable = link.peer === undefined;
  link.operState = !link.up ? 'down' : !carrier ? 'lowerlayerdown' : unknowable ? 'unknown' : 'up';
}

/** The link as others may see it: frozen, without the fake's own wiring. */
export function snapshot({ peer: _, wireguard: __, trafficControl: ___, ...link }: FakeLink): Link {
  return Object.freeze({ ...link, flags: [...link.flags] });
}

export function familyOfText(text: string): Family {
  return text.includes(':') ? 6 : 4;
}
