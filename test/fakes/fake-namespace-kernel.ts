import type { Family } from '../../src/base/index.ts';
import {
  type ConnectionEvents,
  type ConnectionFilter,
  type IngressFilter,
  type InterfaceAddressEntry,
  type InterfaceAddressSpec,
  type Kernel,
  KernelError,
  type KernelEvent,
  type Link,
  type LinkChange,
  type LinkSpec,
  type LoggedPacketEvent,
  type Monitor,
  type MonitorOptions,
  type Neighbor,
  type Qdisc,
  type QdiscSpec,
  type RedirectSpec,
  ROUTE_ADD,
  ROUTE_DELETE,
  type Route,
  type RouteChanges,
  type RouteColumns,
  type RouteFailure,
  type RouteFilter,
  type RoutingRule,
  type RuleCount,
  sysctlWord,
  type TableChain,
  type TrackedConnection,
  type WireguardChange,
  type WireguardDevice,
} from '../../src/netlink/index.ts';
import { addressEntry, loopback, pair, ruleText, sameAddress, sameNeighbor } from './fake-entries.ts';
import type { FakeMachine } from './fake-kernel.ts';
import { type FakeLink, type FakeNamespace, familyOfText, refreshState, refuse, snapshot } from './fake-namespace.ts';
import { routeKey } from './fake-routes.ts';
import { FakeWireguard } from './fake-wireguard.ts';
import { routeChanges, routeOf, type WordedChange } from './route-changes.ts';

/** One namespace of a `FakeMachine` as a `Kernel`. */
export class FakeKernel implements Kernel {
  readonly #machine: FakeMachine;
  readonly #space: FakeNamespace;
  readonly #monitors: Monitor[] = [];

  constructor(machine: FakeMachine, space: FakeNamespace) {
    this.#machine = machine;
    this.#space = space;
  }

  async linkList(): Promise<readonly Link[]> {
    this.#machine.enter('linkList');
    return this.#space.links.map(snapshot);
  }

  async linkGet(name: string): Promise<Link | undefined> {
    this.#machine.enter('linkGet');
    const found = this.#space.find(name);
    return found && snapshot(found);
  }

  async linkAdd(spec: LinkSpec): Promise<void> {
    this.#machine.enter('linkAdd');
    const what = `link add ${spec.name} type ${spec.kind}`;
    if (this.#machine.missingKinds.has(spec.kind))
      refuse('EOPNOTSUPP', what, `this kernel has no ${spec.kind} devices`);
    if (spec.name.length > 15) refuse('ERANGE', what, 'Attribute failed policy validation');
    if (this.#space.find(spec.name) !== undefined) refuse('EEXIST', what, 'exists already');
    const { kind, name } = spec;
    const common = { kind, name, ...(spec.mtu === undefined ? {} : { mtu: spec.mtu }) };
    if (spec.kind !== 'veth') {
      const special =
        spec.kind === 'vxlan'
          ? { vxlan: spec.vxlan }
          : spec.kind === 'wireguard'
            ? { mtu: spec.mtu ?? 1420, flags: ['POINTOPOINT', 'NOARP'], wireguard: new FakeWireguard() }
            : spec.kind === 'ifb'
              ? { flags: ['BROADCAST', 'NOARP'] }
              : {};
      this.#space.addLink({ ...common, ...special, ...('mac' in spec && spec.mac ? { mac: spec.mac } : {}) });
      return;
    }
    const there = spec.peerNamespace === undefined ? this.#space : this.#machine.namespace(spec.peerNamespace);
    if (there.find(spec.peerName) !== undefined) refuse('EEXIST', what, 'exists already');
    const peer = there.addLink({ ...common, name: spec.peerName, ...(spec.peerMac ? { mac: spec.peerMac } : {}) });
    const own = spec.alias === undefined ? {} : { alias: spec.alias };
    const link = this.#space.addLink({ ...common, ...own, ...(spec.mac ? { mac: spec.mac } : {}) });
    pair({ link, namespace: this.#space }, { link: peer, namespace: there });
  }

  async linkSet(name: string, change: LinkChange): Promise<void> {
    this.#machine.enter('linkSet');
    const link = this.#space.link(name);
    if (change.name !== undefined && change.name !== name && this.#space.find(change.name) !== undefined) {
      refuse('EEXIST', `link set ${name}`, 'exists already');
    }
    const { up, masterIndex, namespace, ...plain } = change;
    Object.assign(link, plain);
    if (masterIndex === 0) delete link.masterIndex;
    else if (masterIndex !== undefined) link.masterIndex = masterIndex;
    if (namespace !== undefined) this.#move(link, this.#machine.namespace(namespace));
    if (up !== undefined && up !== link.up) this.#setUp(link, up);
    this.#space.tell({ kind: 'link', change: 'new', link: snapshot(link) });
  }

  #setUp(link: FakeLink, up: boolean): void {
    link.up = up;
    refreshState(link);
    const { peer } = link;
    if (peer !== undefined) {
      refreshState(peer.link);
      peer.namespace.tell({ kind: 'link', change: 'new', link: snapshot(peer.link) });
    }
    if (up && link.name === 'lo') this.#space.addresses.push(loopback(link.index));
    if (up) this.#space.connect(link);
    else {
      this.#space.routes.loseWays(link.index);
      this.#space.addresses = this.#space.addresses.filter((entry) => entry.index !== link.index || entry.family === 4);
      this.#space.neighbors = this.#space.neighbors.filter(({ dev, fdb }) => dev !== link.name || fdb);
    }
  }

  #move(link: FakeLink, target: FakeNamespace): void {
    const { peer } = link;
    const { index: _, up: __, ...kept } = link;
    this.#space.removeLink(link);
    const moved = target.addLink({ ...kept, up: false });
    refreshState(moved);
    if (peer !== undefined) pair({ link: moved, namespace: target }, peer);
  }

  async linkDelete(name: string): Promise<void> {
    this.#machine.enter('linkDelete');
    const link = this.#space.link(name);
    if (name === 'lo') refuse('EOPNOTSUPP', `link delete ${name}`, 'not supported by this kernel');
    this.#space.removeLink(link);
    link.peer?.namespace.removeLink(link.peer.link);
  }

  async addressList(filter: { dev?: string; family?: Family } = {}): Promise<readonly InterfaceAddressEntry[]> {
    this.#machine.enter('addressList');
    const { dev, family } = filter;
    return this.#space.addresses.filter(
      (entry) => (dev === undefined || entry.dev === dev) && (family === undefined || entry.family === family),
    );
  }

  async addressAdd(spec: InterfaceAddressSpec): Promise<void> {
    this.#machine.enter('addressAdd');
    const link = this.#space.link(spec.dev);
    const entry = addressEntry(spec, link.index);
    const present = this.#space.addresses.findIndex((other) => sameAddress(other, entry));
    this.#space.addresses.splice(present < 0 ? this.#space.addresses.length : present, 1, entry);
    this.#space.tell({ kind: 'address', change: 'new', address: entry });
    this.#space.connect(link);
  }

  async addressDelete(spec: InterfaceAddressSpec): Promise<void> {
    this.#machine.enter('addressDelete');
    const entry = addressEntry(spec, this.#space.link(spec.dev).index);
    const gone = this.#space.addresses.find((other) => sameAddress(other, entry));
    if (gone === undefined)
      refuse('EADDRNOTAVAIL', `address delete ${spec.address} dev ${spec.dev}`, 'ipv4: Address not found');
    this.#space.addresses = this.#space.addresses.filter((other) => other !== gone);
    const source = gone.address.split('/')[0];
    for (const [key, route] of this.#space.routes) {
      if (route.source === source && route.nextHops.some(({ dev }) => dev === gone.index))
        this.#space.routes.delete(key);
    }
    const last = !this.#space.addresses.some(({ index, family }) => index === gone.index && family === 4);
    if (gone.family === 4 && last) this.#space.routes.loseWays(gone.index, 4);
    this.#space.tell({ kind: 'address', change: 'deleted', address: gone });
  }

  async routeList({ family, table = 254, protocol }: RouteFilter): Promise<readonly Route[]> {
    this.#machine.enter('routeList');
    return [...this.#space.routes.values()].filter(
      (route) => route.family === family && route.table === table && (protocol ?? route.protocol) === route.protocol,
    );
  }

  async routeColumns(filter: RouteFilter): Promise<RouteColumns> {
    const routes = await this.routeList(filter);
    const { family } = filter;
    const infos = routes.map(({ family: _, destination: __, ...info }) => info);
    const worded = routes.map((route): WordedChange => [ROUTE_ADD, route.destination, route]);
    const { addresses, lengths, infoIndex } = routeChanges(family, worded);
    return { family, count: routes.length, addresses, lengths, infoIndex, infos };
  }

  async applyRoutes(changes: RouteChanges): Promise<readonly RouteFailure[]> {
    const failures: RouteFailure[] = [];
    for (let entry = 0; entry < changes.count; entry++) {
      try {
        this.#machine.as(this, () => this.#applyRoute(changes.verbs[entry], routeOf(changes, entry)));
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        failures.push({ entry, code: error.code, reason: error.reason });
      }
    }
    return failures;
  }

  #applyRoute(verb: number, route: Route): void {
    this.#machine.enter(verb === ROUTE_DELETE ? 'routeDelete' : verb === ROUTE_ADD ? 'routeAdd' : 'routeReplace');
    const key = routeKey(route);
    const present = this.#space.routes.get(key);
    if (verb === ROUTE_DELETE) {
      if (present === undefined || present.protocol !== route.protocol || present.kind !== route.kind) return;
      this.#space.routes.delete(key);
      this.#space.tell({ kind: 'route', change: 'deleted', route: present });
      return;
    }
    this.#space.checkRoute(route);
    if (verb === ROUTE_ADD && present !== undefined) refuse('EEXIST', `route ${route.destination}`, 'exists already');
    this.#space.routes.set(key, route);
    this.#space.tell({ kind: 'route', change: 'new', route });
  }

  async routeGet(address: string): Promise<Route | undefined> {
    this.#machine.enter('routeGet');
    const route = this.#space.lookUp(address);
    if (route === undefined || route.kind !== 'unicast') return undefined;
    const nextHops = this.#space.routes.waysOf(route);
    const own = this.#space.addresses.find(({ index }) => index === nextHops[0]?.dev);
    const source = route.source ?? own?.address.split('/')[0];
    const destination = `${address}/${route.family === 4 ? 32 : 128}`;
    return { ...route, destination, nextHops, ...(source === undefined ? {} : { source }) };
  }

  async routeMatch(address: string): Promise<Route | undefined> {
    this.#machine.enter('routeMatch');
    const route = this.#space.lookUp(address);
    if (route?.kind !== 'unicast' && route?.kind !== 'local') return undefined;
    return { ...route, nextHops: this.#space.routes.waysOf(route) };
  }

  async ruleList(family: Family): Promise<readonly RoutingRule[]> {
    this.#machine.enter('ruleList');
    return this.#space.rules.filter((rule) => rule.family === family).sort((a, b) => a.priority - b.priority);
  }

  async ruleAdd(rule: RoutingRule): Promise<void> {
    this.#machine.enter('ruleAdd');
    if (this.#findRule(rule) >= 0) refuse('EEXIST', `rule add priority ${rule.priority}`, 'exists already');
    this.#space.rules.push(rule);
    this.#space.tell({ kind: 'rule', change: 'new', rule });
  }

  async ruleDelete(rule: RoutingRule): Promise<void> {
    this.#machine.enter('ruleDelete');
    const at = this.#findRule(rule);
    if (at < 0) refuse('ENOENT', `rule delete priority ${rule.priority}`, 'no such entry');
    const [gone] = this.#space.rules.splice(at, 1);
    this.#space.tell({ kind: 'rule', change: 'deleted', rule: gone });
  }

  #findRule(rule: RoutingRule): number {
    const text = ruleText(rule);
    return this.#space.rules.findIndex((other) => ruleText(other) === text);
  }

  async qdiscList(): Promise<readonly Qdisc[]> {
    this.#machine.enter('qdiscList');
    return this.#space.links.flatMap(({ name, trafficControl }) => trafficControl.qdiscs(name));
  }

  async qdiscReplace(spec: QdiscSpec): Promise<void> {
    this.#machine.enter('qdiscReplace');
    const what = `qdisc replace dev ${spec.dev} ${spec.kind}`;
    const link = this.#space.link(spec.dev);
    if (this.#machine.missingKinds.has(spec.kind))
      refuse('EOPNOTSUPP', what, `this kernel has no ${spec.kind} queueing`);
    link.trafficControl.replace(spec, what);
    this.#tellQueueing(spec.dev);
  }

  async qdiscDelete(dev: string, parent: 'root' | 'ingress'): Promise<void> {
    this.#machine.enter('qdiscDelete');
    this.#space.link(dev).trafficControl.delete(parent, `qdisc delete dev ${dev} ${parent}`);
    this.#tellQueueing(dev);
  }

  async filterList(dev: string): Promise<readonly IngressFilter[]> {
    this.#machine.enter('filterList');
    return this.#space.link(dev).trafficControl.filters(dev, this.#space.links);
  }

  async redirectAdd({ dev, to, priority }: RedirectSpec): Promise<void> {
    this.#machine.enter('redirectAdd');
    const what = `filter add dev ${dev} redirect ${to}`;
    this.#space.link(dev).trafficControl.redirect(priority, this.#space.link(to), what);
    this.#tellQueueing(dev);
  }

  #tellQueueing(dev: string): void {
    this.#machine.as(this, () => this.#space.tell({ kind: 'queueing', dev }));
  }

  async connectionList({ addresses }: ConnectionFilter = {}): Promise<readonly TrackedConnection[]> {
    this.#machine.enter('connectionList');
    return this.#space.connections.filter(({ original, reply }) => {
      const ends = [original, reply].flatMap(({ source, destination }) => [source, destination]);
      return addresses === undefined || ends.some((end) => addresses.has(end));
    });
  }

  async connectionsDelete(connections: readonly TrackedConnection[]): Promise<void> {
    this.#machine.enter('connectionsDelete');
    const ids = new Set(connections.map(({ id }) => id));
    const ended = this.#space.connections.filter(({ id }) => ids.has(id));
    this.#space.connections = this.#space.connections.filter(({ id }) => !ids.has(id));
    for (const one of ended) this.#space.connectionEvents.tell('destroy', one);
  }

  async connectionEvents(): Promise<ConnectionEvents> {
    this.#machine.enter('connectionEvents');
    const events = this.#space.connectionEvents.open();
    this.#monitors.push(events);
    return events;
  }

  async wireguardGet(dev: string): Promise<WireguardDevice> {
    this.#machine.enter('wireguardGet');
    return this.#wireguard(dev, `wireguard show ${dev}`).shown();
  }

  async wireguardSet(dev: string, change: WireguardChange): Promise<void> {
    this.#machine.enter('wireguardSet');
    this.#wireguard(dev, `wireguard set ${dev}`).set(change);
  }

  #wireguard(dev: string, what: string): FakeWireguard {
    if (this.#machine.missingKinds.has('wireguard')) refuse('EOPNOTSUPP', what, 'this kernel has no wireguard devices');
    return this.#space.link(dev).wireguard ?? refuse('EOPNOTSUPP', what, 'not supported by this kernel');
  }

  async neighborList(filter: { dev?: string; fdb?: boolean } = {}): Promise<readonly Neighbor[]> {
    this.#machine.enter('neighborList');
    const { dev, fdb = false } = filter;
    return this.#space.neighbors.filter((entry) => (entry.fdb ?? false) === fdb && (dev ?? entry.dev) === entry.dev);
  }

  async neighborAdd(neighbor: Neighbor): Promise<void> {
    this.#machine.enter('neighborAdd');
    this.#space.link(neighbor.dev);
    const { destination, mac, dev, fdb, proxy, protocol, state = 'permanent' } = neighbor;
    const family = fdb ? {} : { family: familyOfText(destination) };
    const kind = { ...(fdb ? { fdb } : {}), ...(proxy ? { proxy } : {}), ...(protocol ? { protocol } : {}) };
    const entry: Neighbor = {
      dev,
      destination,
      mac: proxy ? '' : mac,
      ...family,
      ...(proxy ? {} : { state }),
      ...kind,
    };
    this.#space.neighbors = this.#space.neighbors.filter((other) => !sameNeighbor(other, entry));
    this.#space.neighbors.push(entry);
    this.#space.tell({ kind: 'neighbor', change: 'new', neighbor: entry });
    // Kernels before 6.13 tell of a forwarding entry twice, the second time without where it leads, and after the answer.
    const vague = { ...entry, destination: '' };
    if (fdb) setImmediate(() => this.#space.tell({ kind: 'neighbor', change: 'new', neighbor: vague }));
  }

  async neighborDelete(neighbor: Neighbor): Promise<void> {
    this.#machine.enter('neighborDelete');
    this.#space.link(neighbor.dev);
    const gone = this.#space.neighbors.find((other) => sameNeighbor(other, neighbor));
    if (gone === undefined) {
      refuse('ENOENT', `neighbor delete ${neighbor.destination} dev ${neighbor.dev}`, 'no such entry');
    }
    this.#space.neighbors = this.#space.neighbors.filter((other) => other !== gone);
    this.#space.tell({ kind: 'neighbor', change: 'deleted', neighbor: gone });
  }

  async neighborAnnounce(dev: string): Promise<void> {
    this.#machine.enter('neighborAnnounce');
    const link = this.#space.link(dev);
    if (!link.mac || link.flags.includes('LOOPBACK')) refuse('EOPNOTSUPP', `neighbor announce dev ${dev}`, 'no MAC');
  }

  async monitor(listener: (event: KernelEvent) => void, options: MonitorOptions = {}): Promise<Monitor> {
    this.#machine.enter('monitor');
    const monitor = this.#machine.listen({ namespace: this.#space, listener, options, owner: this });
    this.#monitors.push(monitor);
    return monitor;
  }

  async ruleCounts({ family, name }: { family: string; name: string }): Promise<readonly RuleCount[]> {
    this.#machine.enter('ruleCounts');
    return this.#space.ruleCounts.get(`${family} ${name}`) ?? [];
  }

  /** What rules of a table have counted from now on. */
  setRuleCounts(table: string, counts: readonly RuleCount[]): void {
    this.#space.ruleCounts.set(table, counts);
  }

  async chainList(): Promise<readonly TableChain[]> {
    this.#machine.enter('chainList');
    return this.#space.chains;
  }

  async ipSetList(): Promise<readonly string[]> {
    this.#machine.enter('ipSetList');
    return this.#space.ipSets;
  }

  /** What others have in the packet filter from now on; every monitor that follows tables is told. */
  setPacketFilter(chains: readonly TableChain[], ipSets: readonly string[] = []): void {
    Object.assign(this.#space, { chains, ipSets });
  }

  async packetLog(group: number, listener: (event: LoggedPacketEvent) => void): Promise<Monitor> {
    this.#machine.enter('packetLog');
    const groups = this.#space.packetLogs;
    if (groups.has(group)) refuse('EPERM', `packet log group ${group}`, 'another program reads it');
    groups.set(group, listener);
    const monitor = {
      stop: () => {
        if (groups.get(group) === listener) groups.delete(group);
      },
    };
    this.#monitors.push(monitor);
    return monitor;
  }

  /** What a rule with `log group` does. */
  logPacket(group: number, event: LoggedPacketEvent): void {
    this.#space.packetLogs.get(group)?.(event);
  }

  async sysctl(name: string, value?: string): Promise<string> {
    this.#machine.enter('sysctl');
    const device = /^net\.ipv[46]\.(?:conf|neigh)\.([^.]+)\./.exec(name)?.[1].replaceAll('/', '.');
    const exists = device === undefined || device === 'all' || device === 'default' || this.#space.find(device);
    if (!exists) refuse('ENOENT', `sysctl ${name}`, 'this kernel has no such setting here');
    if (value !== undefined) this.#space.setSysctl(name, value);
    return this.#space.sysctl(name);
  }

  async linkSettings(): Promise<ReadonlyMap<string, string>> {
    this.#machine.enter('linkSettings');
    return new Map(
      this.#space.links.flatMap(({ name }) =>
        LINK_SETTINGS.map((setting) => {
          const full = setting.replace('X', sysctlWord(name));
          return [full, this.#space.sysctl(full)] as const;
        }),
      ),
    );
  }

  async namespaceId(path: string): Promise<number | undefined> {
    this.#machine.enter('namespaceId');
    return this.#space.knownNumberOf(this.#machine.namespace(path));
  }

  async inNamespace(path: string): Promise<Kernel> {
    return this.#machine.kernel(path);
  }

  close(): void {
    for (const monitor of this.#monitors) monitor.stop();
  }
}

/** What a real kernel lists of every link. */
const LINK_SETTINGS = [
  ...['forwarding', 'proxy_arp', 'rp_filter', 'accept_source_route', 'route_localnet'].map(
    (name) => `net.ipv4.conf.X.${name}`,
  ),
  ...['forwarding', 'accept_ra', 'proxy_ndp', 'disable_ipv6', 'accept_dad', 'seg6_enabled', 'rpl_seg_enabled'].map(
    (name) => `net.ipv6.conf.X.${name}`,
  ),
  'net.ipv4.neigh.X.proxy_delay',
];
