import type { Family } from '../base/index.ts';
import type { ConnectionEvents } from './connection-event.ts';
import type { ConnectionFilter, TrackedConnection } from './connections.ts';
import type {
  InterfaceAddressEntry,
  InterfaceAddressSpec,
  KernelEvent,
  Link,
  LinkChange,
  LinkSpec,
  MonitorOptions,
  Neighbor,
  Route,
  RouteChanges,
  RouteColumns,
  RouteFailure,
  RouteFilter,
  RoutingRule,
} from './objects.ts';

import type { LoggedPacketEvent, RuleCount, TableChain } from './packets.ts';
import type { IngressFilter, Qdisc, QdiscSpec, RedirectSpec } from './traffic-control.ts';
import type { WireguardChange, WireguardDevice } from './wireguard.ts';

export * from './connection-event.ts';
export * from './connections.ts';
export * from './objects.ts';
export * from './packets.ts';
export * from './traffic-control.ts';
export * from './wireguard.ts';

/**
 * The kernel's networking state as vRouter sees it, with verbs named after ip(8), tc(8), wg(8) and conntrack(8). Two
 * implementations pass one contract suite: `NetlinkKernel` (rtnetlink sockets) and the tests' `FakeKernel`. Addresses,
 * prefixes and MACs are text as ip(8) prints them; only `applyRoutes`, the hot path, speaks in integer columns.
 *
 * Every verb rejects with `KernelError`: the errno's name as `code`, the kernel's own words where it gave some.
 */
export interface Kernel {
  linkList(): Promise<readonly Link[]>;
  /** One link by name; undefined when there is none. */
  linkGet(name: string): Promise<Link | undefined>;
  /** Creates a link; EEXIST rejects. */
  linkAdd(spec: LinkSpec): Promise<void>;
  /** Changes what is given, leaves the rest. */
  linkSet(name: string, change: LinkChange): Promise<void>;
  linkDelete(name: string): Promise<void>;

  addressList(filter?: { readonly dev?: string; readonly family?: Family }): Promise<readonly InterfaceAddressEntry[]>;
  /** Adds or replaces. */
  addressAdd(entry: InterfaceAddressSpec): Promise<void>;
  addressDelete(entry: InterfaceAddressSpec): Promise<void>;

  /** Routes of one family, filtered in the kernel where it can (table, protocol). */
  routeList(filter: RouteFilter): Promise<readonly Route[]>;
  /** As `routeList`, in columns: a hundred thousand routes without an object or a text for each. */
  routeColumns(filter: RouteFilter): Promise<RouteColumns>;
  /**
   * Adds or replaces, and deletes, many routes in few system calls. Resolves when the kernel has answered for all
   * of them, with those it refused: nothing in the result means that all were done. Deleting what is not there counts
   * as done.
   */
  applyRoutes(changes: RouteChanges): Promise<readonly RouteFailure[]>;

  /** The route a packet with this mark, or none, would take to an address (`ip route get`); undefined when there is none. */
  routeGet(address: string, mark?: number): Promise<Route | undefined>;
  /**
   * As `routeGet`, but the route itself, as it stands in its table: with its destination, its owner, and all its next
   * hops that are alive.
   */
  routeMatch(address: string, mark?: number): Promise<Route | undefined>;

  ruleList(family: Family): Promise<readonly RoutingRule[]>;
  ruleAdd(rule: RoutingRule): Promise<void>;
  ruleDelete(rule: RoutingRule): Promise<void>;

  /** Neighbours (ARP, NDP), or with `fdb` the forwarding database of bridges and VXLAN devices. */
  neighborList(filter?: { readonly dev?: string; readonly fdb?: boolean }): Promise<readonly Neighbor[]>;
  /** Adds or replaces. */
  neighborAdd(neighbor: Neighbor): Promise<void>;
  neighborDelete(neighbor: Neighbor): Promise<void>;
  /**
   * Tells all who are on a link that these addresses are at its MAC: gratuitous ARP, unsolicited neighbour advertisements.
   * Nobody answers, so nothing says who has heard it. A link without a MAC rejects with EOPNOTSUPP.
   */
  neighborAnnounce(dev: string, addresses: readonly string[]): Promise<void>;

  /** How every device queues what it sends (`tc qdisc`). */
  qdiscList(): Promise<readonly Qdisc[]>;
  /** A tbf takes the place of the device's root qdisc; where there is an ingress qdisc already, a new one is EEXIST. */
  qdiscReplace(spec: QdiscSpec): Promise<void>;
  /** With an ingress qdisc go its filters. ENOENT rejects where there is none but the kernel's own. */
  qdiscDelete(dev: string, parent: 'root' | 'ingress'): Promise<void>;
  /** Filters on what the device receives (`tc filter show dev DEV ingress`). */
  filterList(dev: string): Promise<readonly IngressFilter[]>;
  /** Needs the device's ingress qdisc. */
  redirectAdd(spec: RedirectSpec): Promise<void>;

  /** All of a WireGuard device (`wg show`). A link of another kind rejects with EOPNOTSUPP. */
  wireguardGet(dev: string): Promise<WireguardDevice>;
  /** Changes what is given, leaves the rest (`wg set`). A change of many peers is more than one step to the kernel. */
  wireguardSet(dev: string, change: WireguardChange): Promise<void>;

  /** Connections that the kernel follows, of both families (`conntrack -L`). */
  connectionList(filter?: ConnectionFilter): Promise<readonly TrackedConnection[]>;
  /** Has the kernel forget them: packets of theirs begin a new one. One that has ended already is no error. */
  connectionsDelete(connections: readonly TrackedConnection[]): Promise<void>;

  /**
   * Keeps what happens to connections of both families from now on, until it is read (`conntrack -E`). Of one that was
   * there before the kernel may not tell.
   */
  connectionEvents(): Promise<ConnectionEvents>;

  /**
   * Tells of changes from now on, whoever makes them. After an overflow (`ENOBUFS`) or when it can't be sure, the
   * listener gets `{ kind: 'resync' }` and must list again.
   */
  monitor(listener: (event: KernelEvent) => void, options?: MonitorOptions): Promise<Monitor>;

  /**
   * The counts of the rules of a table of nftables, of each that counts; family and name as nft writes them. No such
   * table: nothing.
   */
  ruleCounts(table: { readonly family: string; readonly name: string }): Promise<readonly RuleCount[]>;

  /** The chains of all tables of nftables, iptables-nft's among them (`nft list chains`). */
  chainList(): Promise<readonly TableChain[]>;

  /** Names of ipset's sets (`ipset list -n`); a kernel that has the module but not loaded loads it. None without it. */
  ipSetList(): Promise<readonly string[]>;

  /**
   * Hands on the packets that rules with `log group GROUP` hand out, from now on. One that reads has a group for itself:
   * EPERM rejects while another does.
   */
  packetLog(group: number, listener: (event: LoggedPacketEvent) => void): Promise<Monitor>;

  /** Reads, or writes and reads back, a value under /proc/sys, named as sysctl(8) does: `net.ipv4.ip_forward`. */
  sysctl(name: string, value?: string): Promise<string>;

  /**
   * The settings of every link that a pod's interface needs, by the names that `sysctl` knows them by: all in two dumps,
   * since the kernel tells of few of them when somebody changes them.
   */
  linkSettings(): Promise<ReadonlyMap<string, string>>;

  /**
   * The number by which links of this namespace name another one (`linkNamespaceId`), which is given as a path; undefined while
   * no link leads there.
   */
  namespaceId(path: string): Promise<number | undefined>;

  /** The same verbs in another network namespace, given as a path such as `/run/netns/pod1`: for a short visit. */
  inNamespace(path: string): Promise<Kernel>;

  close(): void;
}

export interface Monitor {
  stop(): void;
}
