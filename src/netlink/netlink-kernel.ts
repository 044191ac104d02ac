import { type ByteReader, type Family, type Log, reasonOf, silentLog } from '../base/index.ts';
import { openAnsweredSocket } from './answered-socket.ts';
import { RouteSender } from './batch.ts';
import { openBatchSocket } from './batch-socket.ts';
import { NetlinkClient, type OpenSocket } from './client.ts';
import { followConnections } from './connection-events.ts';
import { ConnectionsClient } from './connections-client.ts';
import { isKernelError, KernelError, unsupportedKind } from './errors.ts';
import type {
  ConnectionEvents,
  ConnectionFilter,
  IngressFilter,
  InterfaceAddressEntry,
  InterfaceAddressSpec,
  Kernel,
  KernelEvent,
  Link,
  LinkChange,
  LinkSpec,
  LoggedPacketEvent,
  Monitor,
  MonitorOptions,
  Neighbor,
  Qdisc,
  QdiscSpec,
  RedirectSpec,
  Route,
  RouteChanges,
  RouteColumns,
  RouteFailure,
  RouteFilter,
  RoutingRule,
  RuleCount,
  TableChain,
  TrackedConnection,
  WireguardChange,
  WireguardDevice,
} from './kernel.ts';
import { LinkRemovals } from './link-removals.ts';
import { KernelMonitor, MONITOR_GROUPS } from './monitor.ts';
import { openNamespace } from './namespace.ts';
import { followPackets } from './packet-log.ts';
import { listRouteColumns, listRoutes } from './route-listing.ts';
import { sendAnnouncements } from './send-announcements.ts';
import { NETLINK_GENERIC, NETLINK_NETFILTER, openSocket } from './socket.ts';
import { sysctlRead, sysctlWord, sysctlWrite } from './sysctl.ts';
import { TABLE_GROUPS, watchTables } from './table-monitor.ts';
import { TrafficControlClient } from './traffic-control-client.ts';
import { decodeAddress, encodeAddressAdd, encodeAddressDelete, encodeAddressDump } from './wire/address.ts';
import { decodeChain, encodeChainDump } from './wire/chain-list.ts';
import { encodeMonitorFilter } from './wire/filter.ts';
import { decodeIpSet, encodeIpSetDump } from './wire/ip-set.ts';
import { decodeLink, encodeLinkAdd, encodeLinkDump, encodeLinkGet, encodeLinkSet } from './wire/link.ts';
import { decodeLinkSettings, decodeProxyDelay, encodeNeighborTableDump } from './wire/link-settings.ts';
import { decodeNamespaceId, encodeNamespaceIdGet } from './wire/namespace-id.ts';
import { decodeNeighbor, encodeNeighborAdd, encodeNeighborDelete, encodeNeighborDump } from './wire/neighbor.ts';
import { decodeRoute } from './wire/route.ts';
import { encodeRouteGet } from './wire/route-query.ts';
import { decodeRule, encodeRuleAdd, encodeRuleDelete, encodeRuleDump } from './wire/rule.ts';
import { decodeRuleCount, encodeRuleCountDump } from './wire/rule-counters.ts';
import { WireguardClient } from './wireguard-client.ts';

export interface KernelOptions {
  /** Path of the network namespace to work in; default: the process's own. */
  readonly namespace?: string;
  readonly log?: Log;
}

/** Opens the kernel of a network namespace. Needs CAP_NET_ADMIN there for everything but listing. */
export async function openKernel(options: KernelOptions = {}): Promise<Kernel> {
  return new NetlinkKernel(options, (events) => openSocket(events, options));
}

/** Octets of packets that wait to be read: those of a short flood. */
const PACKET_LOG_BUFFER = 1024 * 1024;

const ENODEV = 19;
/** How a look-up answers where there is no route, or one that says unreachable, blackhole or prohibit. */
const NO_WAY = ['ENETUNREACH', 'EHOSTUNREACH', 'ESRCH', 'EINVAL', 'EACCES'];

/**
 * `Kernel` over one rtnetlink socket for requests, and one more for each monitor; WireGuard's answers to another
 * protocol. What keeps the kernel busy for milliseconds has a socket on libuv's pool.
 */
class NetlinkKernel implements Kernel {
  readonly #options: KernelOptions;
  readonly #log: Log;
  readonly #client: NetlinkClient;
  #patient: NetlinkClient | undefined;
  #netfilter: NetlinkClient | undefined;
  readonly #removals: LinkRemovals;
  readonly #batch: RouteSender;
  readonly #trafficControl: TrafficControlClient;
  readonly #wireguard: WireguardClient;
  readonly #connections: ConnectionsClient;
  readonly #monitors = new Set<Monitor>();

  constructor(options: KernelOptions, open: OpenSocket) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#client = new NetlinkClient(open);
    this.#removals = new LinkRemovals({ client: this.#client, patient: () => this.#patiently() });
    this.#batch = new RouteSender(() => openBatchSocket(this.#place()));
    this.#trafficControl = new TrafficControlClient(this.#client, {
      names: () => this.#names(),
      index: (name) => this.#index(name),
    });
    this.#wireguard = new WireguardClient((events) =>
      openSocket(events, { ...this.#place(), protocol: NETLINK_GENERIC }),
    );
    this.#connections = new ConnectionsClient((events) =>
      openSocket(events, { ...this.#place(), protocol: NETLINK_NETFILTER }),
    );
  }

  linkList(): Promise<readonly Link[]> {
    return this.#client.dump(encodeLinkDump(), 'link list', decodeLink);
  }

  async linkGet(name: string): Promise<Link | undefined> {
    try {
      return await this.#client.get(encodeLinkGet(name), `link ${name}`, decodeLink);
    } catch (error) {
      if (isKernelError(error, 'ENODEV')) return undefined;
      throw error;
    }
  }

  async namespaceId(path: string): Promise<number | undefined> {
    const there = openNamespace(path);
    try {
      return await this.#client.get(encodeNamespaceIdGet(there.descriptor), `number of ${path}`, decodeNamespaceId);
    } finally {
      there.close();
    }
  }

  async linkAdd(spec: LinkSpec): Promise<void> {
    const what = `link add ${spec.name} type ${spec.kind}`;
    const peer =
      spec.kind === 'veth' && spec.peerNamespace !== undefined ? openNamespace(spec.peerNamespace) : undefined;
    try {
      await this.#patiently().request(encodeLinkAdd(spec, peer?.descriptor), what);
    } catch (error) {
      if (isKernelError(error, 'EOPNOTSUPP')) throw unsupportedKind(what, spec.kind, error);
      throw error;
    } finally {
      peer?.close();
    }
    // The kernel takes no alias at birth.
    if (spec.kind === 'veth' && spec.alias !== undefined) await this.linkSet(spec.name, { alias: spec.alias });
    this.#log.debug({ link: spec.name, kind: spec.kind }, 'link added');
  }

  async linkSet(name: string, change: LinkChange): Promise<void> {
    const index = await this.#index(name);
    const target = change.namespace === undefined ? undefined : openNamespace(change.namespace);
    try {
      await this.#client.request(encodeLinkSet(index, change, target?.descriptor), `link set ${name}`);
    } finally {
      target?.close();
    }
  }

  async linkDelete(name: string): Promise<void> {
    await this.#removals.remove(await this.#index(name), `link delete ${name}`);
    this.#log.debug({ link: name }, 'link deleted');
  }

  async addressList(filter: { dev?: string; family?: Family } = {}): Promise<readonly InterfaceAddressEntry[]> {
    const names = await this.#names();
    const found = await this.#client.dump(encodeAddressDump(filter.family), 'address list', decodeAddress);
    return found
      .map(({ label: _, ...entry }) => ({ ...entry, dev: names.get(entry.index) ?? `if${entry.index}` }))
      .filter(({ dev }) => filter.dev === undefined || dev === filter.dev);
  }

  async addressAdd(entry: InterfaceAddressSpec): Promise<void> {
    const what = `address add ${entry.address} dev ${entry.dev}`;
    await this.#client.request(encodeAddressAdd(entry, await this.#index(entry.dev)), what);
  }

  async addressDelete(entry: InterfaceAddressSpec): Promise<void> {
    const what = `address delete ${entry.address} dev ${entry.dev}`;
    await this.#client.request(encodeAddressDelete(entry, await this.#index(entry.dev)), what);
  }

  routeList(filter: RouteFilter): Promise<readonly Route[]> {
    return listRoutes(this.#client, filter);
  }

  routeColumns(filter: RouteFilter): Promise<RouteColumns> {
    return listRouteColumns(this.#client, filter);
  }

  applyRoutes(changes: RouteChanges): Promise<readonly RouteFailure[]> {
    return this.#batch.apply(changes);
  }

  routeGet(address: string, mark?: number): Promise<Route | undefined> {
    return this.#lookUp(encodeRouteGet(address, mark), `route get ${address}`);
  }

  routeMatch(address: string, mark?: number): Promise<Route | undefined> {
    return this.#lookUp(encodeRouteGet(address, mark, true), `route get fibmatch ${address}`);
  }

  async #lookUp(request: Uint8Array, what: string): Promise<Route | undefined> {
    try {
      return await this.#client.get(request, what, (body) => decodeRoute(body, true));
    } catch (error) {
      if (isKernelError(error, ...NO_WAY)) return undefined;
      throw error;
    }
  }

  ruleList(family: Family): Promise<readonly RoutingRule[]> {
    return this.#client.dump(encodeRuleDump(family), 'rule list', decodeRule);
  }

  async ruleAdd(rule: RoutingRule): Promise<void> {
    await this.#client.request(encodeRuleAdd(rule), `rule add priority ${rule.priority}`);
  }

  async ruleDelete(rule: RoutingRule): Promise<void> {
    await this.#client.request(encodeRuleDelete(rule), `rule delete priority ${rule.priority}`);
  }

  async neighborList(filter: { dev?: string; fdb?: boolean } = {}): Promise<readonly Neighbor[]> {
    const names = await this.#names();
    const tables = filter.fdb ? (['fdb'] as const) : (['neighbor', 'proxy'] as const);
    const found: Neighbor[] = [];
    for (const table of tables) {
      for (const entry of await this.#client.dump(encodeNeighborDump(table), `${table} list`, decodeNeighbor)) {
        const { index, ...neighbor } = entry;
        const dev = names.get(index) ?? `if${index}`;
        if (filter.dev === undefined || filter.dev === dev) found.push({ dev, ...neighbor });
      }
    }
    return found;
  }

  async neighborAdd(neighbor: Neighbor): Promise<void> {
    const what = `neighbor add ${neighbor.destination} dev ${neighbor.dev}`;
    await this.#client.request(encodeNeighborAdd(neighbor, await this.#index(neighbor.dev)), what);
  }

  async neighborDelete(neighbor: Neighbor): Promise<void> {
    const what = `neighbor delete ${neighbor.destination} dev ${neighbor.dev}`;
    await this.#client.request(encodeNeighborDelete(neighbor, await this.#index(neighbor.dev)), what);
  }

  async neighborAnnounce(dev: string, addresses: readonly string[]): Promise<void> {
    const link = await this.linkGet(dev);
    if (link === undefined) throw KernelError.fromErrno(ENODEV, `neighbor announce dev ${dev}`);
    sendAnnouncements(link, addresses, this.#options.namespace);
  }

  qdiscList(): Promise<readonly Qdisc[]> {
    return this.#trafficControl.qdiscList();
  }

  qdiscReplace(spec: QdiscSpec): Promise<void> {
    return this.#trafficControl.qdiscReplace(spec);
  }

  qdiscDelete(dev: string, parent: 'root' | 'ingress'): Promise<void> {
    return this.#trafficControl.qdiscDelete(dev, parent);
  }

  filterList(dev: string): Promise<readonly IngressFilter[]> {
    return this.#trafficControl.filterList(dev);
  }

  redirectAdd(spec: RedirectSpec): Promise<void> {
    return this.#trafficControl.redirectAdd(spec);
  }

  wireguardGet(dev: string): Promise<WireguardDevice> {
    return this.#wireguard.get(dev);
  }

  wireguardSet(dev: string, change: WireguardChange): Promise<void> {
    return this.#wireguard.set(dev, change);
  }

  connectionList(filter?: ConnectionFilter): Promise<readonly TrackedConnection[]> {
    return this.#connections.list(filter);
  }

  connectionsDelete(connections: readonly TrackedConnection[]): Promise<void> {
    return this.#connections.delete(connections);
  }

  async connectionEvents(): Promise<ConnectionEvents> {
    const events = followConnections(this.#options.namespace, () => this.#monitors.delete(events));
    this.#monitors.add(events);
    return events;
  }

  async monitor(listener: (event: KernelEvent) => void, options: MonitorOptions = {}): Promise<Monitor> {
    const filter = encodeMonitorFilter(options, this.#batch.port);
    const place = { ...this.#place(), groups: MONITOR_GROUPS, ...(filter === undefined ? {} : { filter }) };
    const inner = await KernelMonitor.start(
      (events) => openSocket(events, place),
      () => this.linkList(),
      listener,
      this.#client.port,
    );
    const tables = this.#watchTables(listener);
    const monitor: Monitor = {
      stop: () => {
        this.#monitors.delete(monitor);
        inner.stop();
        tables?.stop();
      },
    };
    this.#monitors.add(monitor);
    return monitor;
  }

  async ruleCounts({ family, name }: { family: string; name: string }): Promise<readonly RuleCount[]> {
    const decode = (body: ByteReader) => decodeRuleCount(body, name);
    const counts = await this.#ofNetfilter().dump(encodeRuleCountDump(family, name), `counters of ${name}`, decode);
    return counts.map((one) => ({ ...one, packets: Number(one.packets), bytes: Number(one.bytes) }));
  }

  chainList(): Promise<readonly TableChain[]> {
    return this.#ofNetfilter().dump(encodeChainDump(), 'chain list', decodeChain);
  }

  async ipSetList(): Promise<readonly string[]> {
    try {
      return await this.#ofNetfilter().dump(encodeIpSetDump(), 'ipset list', decodeIpSet);
    } catch (error) {
      if (isKernelError(error, 'EINVAL')) return [];
      throw error;
    }
  }

  #ofNetfilter(): NetlinkClient {
    this.#netfilter ??= new NetlinkClient((events) =>
      openSocket(events, { ...this.#place(), protocol: NETLINK_NETFILTER }),
    );
    return this.#netfilter;
  }

  async packetLog(group: number, listener: (event: LoggedPacketEvent) => void): Promise<Monitor> {
    const place = { ...this.#place(), protocol: NETLINK_NETFILTER, receiveBuffer: PACKET_LOG_BUFFER };
    const inner = await followPackets((events) => openSocket(events, place), group, listener);
    const monitor: Monitor = {
      stop: () => {
        this.#monitors.delete(monitor);
        inner.stop();
      },
    };
    this.#monitors.add(monitor);
    return monitor;
  }

  async sysctl(name: string, value?: string): Promise<string> {
    if (value !== undefined) sysctlWrite(name, value, this.#options.namespace);
    return sysctlRead(name, this.#options.namespace);
  }

  async linkSettings(): Promise<ReadonlyMap<string, string>> {
    const names = new Map<number, string>();
    const found = new Map<string, string>();
    const links = await this.#client.dump(encodeLinkDump(), 'settings', decodeLinkSettings);
    for (const { index, name, ipv4, ipv6 } of links) {
      names.set(index, name);
      const word = sysctlWord(name);
      for (const [setting, value] of ipv4) found.set(`net.ipv4.conf.${word}.${setting}`, value);
      for (const [setting, value] of ipv6) found.set(`net.ipv6.conf.${word}.${setting}`, value);
    }
    for (const { index, delay } of await this.#client.dump(encodeNeighborTableDump(), 'settings', decodeProxyDelay)) {
      const name = names.get(index);
      if (name !== undefined) found.set(`net.ipv4.neigh.${sysctlWord(name)}.proxy_delay`, delay);
    }
    return found;
  }

  async inNamespace(path: string): Promise<Kernel> {
    const options = { ...this.#options, namespace: path };
    return new NetlinkKernel(options, (events) => openAnsweredSocket(events, options));
  }

  close(): void {
    for (const monitor of [...this.#monitors]) monitor.stop();
    this.#wireguard.close();
    this.#connections.close();
    this.#client.close();
    this.#patient?.close();
    this.#netfilter?.close();
    this.#batch.close();
  }

  /** A kernel without nftables has no tables to tell of. */
  #watchTables(listener: (event: KernelEvent) => void): Monitor | undefined {
    const place = { ...this.#place(), protocol: NETLINK_NETFILTER, groups: TABLE_GROUPS };
    try {
      return watchTables((events) => openSocket(events, place), listener);
    } catch (error) {
      this.#log.info({ err: reasonOf(error) }, 'changes of nftables are not told here; the next full look finds them');
      return undefined;
    }
  }

  #place(): { readonly namespace?: string } {
    const { namespace } = this.#options;
    return namespace === undefined ? {} : { namespace };
  }

  /** Opened when it is first needed: most visits to a namespace neither make nor end a link. */
  #patiently(): NetlinkClient {
    this.#patient ??= new NetlinkClient((events) => openAnsweredSocket(events, { ...this.#place(), inPool: true }));
    return this.#patient;
  }

  async #index(name: string): Promise<number> {
    const link = await this.linkGet(name);
    if (link === undefined) throw new KernelError('ENODEV', `link ${name}`, 'no such device');
    return link.index;
  }

  async #names(): Promise<ReadonlyMap<number, string>> {
    return new Map((await this.linkList()).map(({ index, name }) => [index, name]));
  }
}
