import type { Family } from '../base/index.ts';

/** The news that a monitor leaves out, decided in the kernel so that it costs nothing. By default nothing. */
export interface MonitorOptions {
  /** Leaves out route changes that this `Kernel` made itself. */
  readonly ignoreOwnRoutes?: boolean;
  /** Only routes of these protocols (`RTPROT_*`). */
  readonly routeProtocols?: readonly number[];
  /** Only routes of these tables. */
  readonly routeTables?: readonly number[];
}

export interface Link {
  readonly index: number;
  readonly name: string;
  /** `veth`, `vxlan`, `ipip`, `bridge`, `wireguard` …; absent for hardware and loopback. */
  readonly kind?: string;
  readonly mac?: string;
  readonly mtu: number;
  readonly up: boolean;
  /** The kernel's view of the carrier: `up`, `down`, `lowerlayerdown`, `unknown` … */
  readonly operState: string;
  readonly flags: readonly string[];
  readonly masterIndex?: number;
  /** The other end of a veth, or the lower device of a tunnel: its index, perhaps in another namespace. */
  readonly linkIndex?: number;
  /** Set when `linkIndex` counts in another namespace: the kernel's number for it (`link-netnsid`). */
  readonly linkNamespaceId?: number;
  readonly vxlan?: VxlanAttributes;
  readonly alias?: string;
}

export interface VxlanAttributes {
  readonly vni: number;
  readonly port: number;
  readonly local?: string;
  /** Index of the lower device. */
  readonly parentIndex?: number;
  readonly learning: boolean;
}

export type LinkSpec =
  | {
      readonly kind: 'veth';
      readonly name: string;
      readonly peerName: string;
      /** Path of the namespace that the peer is born in. */
      readonly peerNamespace?: string;
      readonly mtu?: number;
      readonly mac?: string;
      readonly peerMac?: string;
      readonly alias?: string;
    }
  | { readonly kind: 'bridge'; readonly name: string; readonly mtu?: number }
  | { readonly kind: 'dummy'; readonly name: string; readonly mtu?: number }
  | { readonly kind: 'ipip'; readonly name: string; readonly mtu?: number }
  | { readonly kind: 'ifb'; readonly name: string; readonly mtu?: number }
  | { readonly kind: 'wireguard'; readonly name: string; readonly mtu?: number }
  | {
      readonly kind: 'vxlan';
      readonly name: string;
      readonly mtu?: number;
      readonly mac?: string;
      readonly vxlan: VxlanAttributes;
    };

export interface LinkChange {
  readonly up?: boolean;
  readonly mtu?: number;
  readonly mac?: string;
  /** Index of the bridge to join; 0 leaves it. */
  readonly masterIndex?: number;
  readonly name?: string;
  /** Path of the namespace to move to. */
  readonly namespace?: string;
  readonly alias?: string;
}

export interface InterfaceAddressSpec {
  readonly dev: string;
  /** CIDR text, such as `10.0.0.1/32`. */
  readonly address: string;
  readonly scope?: RouteScope;
}

export interface InterfaceAddressEntry extends InterfaceAddressSpec {
  readonly index: number;
  readonly family: Family;
  readonly scope: RouteScope;
  readonly flags: readonly string[];
}

export type RouteScope = 'global' | 'site' | 'link' | 'host' | 'nowhere';
export type RouteType =
  | 'unicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw'
  | 'local'
  | 'broadcast'
  | 'multicast'
  | 'anycast';

/** One way out of a route. `dev` is a link's index. */
export interface RouteNextHop {
  readonly via?: string;
  readonly dev?: number;
  readonly onlink?: boolean;
  readonly weight?: number;
}

/** Everything about a route but its destination, as the kernel has it in its `struct fib_info`: shared, so made once. */
export interface FibInfo {
  readonly kind: RouteType;
  /** `RTPROT_*`; the number by which its owner knows it again. */
  readonly protocol: number;
  /** `RT_TABLE_*`; main is 254. */
  readonly table: number;
  readonly scope?: RouteScope;
  readonly metric?: number;
  /** The type of service that packets must have to go by it; IPv4 only. Read, never written: ours are for all. */
  readonly tos?: number;
  readonly source?: string;
  readonly mtu?: number;
  /** One, or several for multipath; none for blackhole and its like. */
  readonly nextHops: readonly RouteNextHop[];
}

export interface Route extends FibInfo {
  readonly family: Family;
  /** CIDR text; the default route is `0.0.0.0/0` or `::/0`. */
  readonly destination: string;
}

export interface RouteFilter {
  readonly family: Family;
  /** Default: main (254). */
  readonly table?: number;
  readonly protocol?: number;
}

/**
 * Verbs of `RouteChanges.verbs`. `ADD` is exclusive (`NLM_F_CREATE|NLM_F_EXCL`): it answers EEXIST where somebody's
 * route to the same destination stands, so that a route of others is never replaced unseen. `REPLACE`
 * (`NLM_F_CREATE|NLM_F_REPLACE`) is for what we know to be ours. `DELETE` matches only routes of `how.protocol`.
 */
export const ROUTE_REPLACE = 1;
export const ROUTE_DELETE = 2;
export const ROUTE_ADD = 3;

/**
 * Many route changes as columns. Entry `i` has its address words at `addresses[i × words]` (1 word for IPv4, 4 for
 * IPv6), its prefix length at `lengths[i]`, its verb at `verbs[i]`, and its how at `infos[infoIndex[i]]`. A deletion
 * needs the table, metric and kind of the route as it stands.
 */
export interface RouteChanges {
  readonly family: Family;
  readonly count: number;
  readonly addresses: Uint32Array;
  readonly lengths: Uint8Array;
  readonly verbs: Uint8Array;
  readonly infoIndex: Uint32Array;
  readonly infos: readonly FibInfo[];
}

/**
 * Many routes as columns: entry `i` has its address words at `addresses[i × words]`, its prefix length at `lengths[i]` and
 * its how at `infos[infoIndex[i]]`. Equal infos are one object. The columns may be longer than `count`.
 */
export interface RouteColumns {
  readonly family: Family;
  readonly count: number;
  readonly addresses: Uint32Array;
  readonly lengths: Uint8Array;
  readonly infoIndex: Uint32Array;
  readonly infos: readonly FibInfo[];
}

/** A route that the kernel refused: which entry of the changes, and why. */
export interface RouteFailure {
  readonly entry: number;
  /** The errno's name, such as `ENETUNREACH`. */
  readonly code: string;
  /** The kernel's own words (extended acknowledgement), or the errno's meaning. */
  readonly reason: string;
}

export interface RoutingRule {
  readonly family: Family;
  readonly priority: number;
  readonly table: number;
  readonly source?: string;
  readonly destination?: string;
  readonly mark?: number;
  readonly mask?: number;
  readonly invert?: boolean;
  readonly incoming?: string;
  /** `RTPROT_*`, by which its owner knows it again; absent for none, and on kernels before 4.17. */
  readonly protocol?: number;
}

export interface Neighbor {
  readonly dev: string;
  readonly family?: Family;
  /** The neighbour's IP address; for an FDB entry the remote VTEP's. */
  readonly destination: string;
  readonly mac: string;
  /** `permanent`, `reachable`, `noarp` … Ours are permanent. */
  readonly state?: string;
  readonly fdb?: boolean;
  /** A proxy entry (`ip neigh add proxy`). */
  readonly proxy?: boolean;
  /** `RTPROT_*`, by which its owner knows it again; absent for none. */
  readonly protocol?: number;
}

export type KernelEvent =
  | { readonly kind: 'link'; readonly change: 'new' | 'deleted'; readonly link: Link }
  | { readonly kind: 'address'; readonly change: 'new' | 'deleted'; readonly address: InterfaceAddressEntry }
  | { readonly kind: 'route'; readonly change: 'new' | 'deleted'; readonly route: Route }
  | { readonly kind: 'rule'; readonly change: 'new' | 'deleted'; readonly rule: RoutingRule }
  | { readonly kind: 'neighbor'; readonly change: 'new' | 'deleted'; readonly neighbor: Neighbor }
  | SettingEvent
  | TableEvent
  | QueueingEvent
  | { readonly kind: 'resync' };

/** A value under /proc/sys, named as sysctl(8) does. The kernel tells of forwarding, `rp_filter` and `proxy_arp` or `proxy_ndp`. */
export interface SettingEvent {
  readonly kind: 'setting';
  readonly name: string;
  readonly value: string;
}

/** Something in a table of nftables has changed; without a name: in any of them, since messages were lost. */
export interface TableEvent {
  readonly kind: 'table';
  /** `ip`, `ip6`, `inet` and so on, and the table's name. */
  readonly table?: { readonly family: string; readonly name: string };
  /** The netlink port of who did it: for nft its process ID. */
  readonly port: number;
}

/** A device has been given other qdiscs or filters, by somebody else than this `Kernel`. Which, is not told. */
export interface QueueingEvent {
  readonly kind: 'queueing';
  readonly dev: string;
}
