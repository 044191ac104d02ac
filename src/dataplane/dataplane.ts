import { type Clock, EndingClock, endingLog, type Log, Repeated, reasonOf } from '../base/index.ts';
import type { Desired } from '../calc/desired/index.ts';
import type { InterfaceAddressEntry, Kernel, KernelEvent, Link, Monitor } from '../netlink/index.ts';
import type { Nft } from '../nftables/index.ts';
import { Blackholes } from './blackholes.ts';
import { FollowedConnections } from './connections/followed.ts';
import { ReleasedAddresses } from './connections/released.ts';
import { EarlyEvents } from './early-events.ts';
import { EgressReconciler } from './egress/reconcile.ts';
import { podMtu } from './endpoints/mtu.ts';
import { PeeringAddresses } from './endpoints/peering-addresses.ts';
import { EndpointReconciler } from './endpoints/reconcile.ts';
import { FelixRemainsLook } from './felix-remains.ts';
import { FilterReconciler, type FilterRoom } from './filter/index.ts';
import { Forwarding } from './forwarding.ts';
import type { DataplaneListeners } from './listeners.ts';
import { KnownSurroundings, PolicyReconciler } from './policy/index.ts';
import { ProxyReconciler } from './proxies/reconcile.ts';
import { QosReconciler } from './qos/reconcile.ts';
import { OtherTables } from './routes/other-tables.ts';
import { RouteOwnership } from './routes/ownership.ts';
import { podRanges } from './routes/pod-ranges.ts';
import { RouteReconciler } from './routes/reconcile.ts';
import { MAIN_TABLE, ROUTE_PROTOCOL } from './routes/render.ts';
import { SettingsLook } from './settings-look.ts';
import { TableRepairs } from './table-repairs.ts';
import { FILTER_SECTIONS, FilterTables, filterInputs } from './tables.ts';
import { TunnelReconciler } from './tunnels/reconcile.ts';
import { Underlay } from './underlay.ts';

export interface DataplaneOptions extends DataplaneListeners {
  readonly kernel: Kernel;
  readonly nft: Nft;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds between full looks at the kernel, for what the monitor may have missed. 0 for none. */
  readonly resyncInterval: number;
  /** Milliseconds between looks at what the kernel tells nobody of, in two requests; default: 1000. 0 for none. */
  readonly lookInterval?: number;
  /** How the names of pods' interfaces begin; default: `cali`. */
  readonly interfacePrefix?: string;
}

/**
 * The hands: makes the kernel what `Desired` says. Links, routes and their changes by others come in through one
 * monitor; each reconciler compares with what it wants and repairs the difference.
 */
export class Dataplane {
  readonly forwarding: Forwarding;
  readonly routes: RouteReconciler;
  readonly otherTables: OtherTables;
  readonly felixRemains: FelixRemainsLook;
  readonly endpoints: EndpointReconciler;
  readonly filter: FilterReconciler;
  /** The packet filter's tables but those of limits and policy. */
  readonly tables: FilterRoom;
  readonly followed: FollowedConnections;
  readonly #filterTables = new FilterTables();
  readonly policy: PolicyReconciler;
  readonly qos: QosReconciler;
  readonly tunnels: TunnelReconciler;
  readonly proxies: ProxyReconciler;
  readonly egress: EgressReconciler;
  readonly #options: DataplaneOptions;
  readonly #clock: EndingClock;
  readonly #links = new Map<number, Link>();
  readonly #underlay = new Underlay(this.#links);
  readonly #surroundings: KnownSurroundings;
  #monitor: Monitor | undefined;
  readonly #early = new EarlyEvents();
  readonly #resync: Repeated;
  readonly #settings: SettingsLook;
  readonly #tableRepairs: TableRepairs;
  #applied: Desired | undefined;
  readonly #blackholes: Blackholes;
  readonly #released: ReleasedAddresses;
  readonly #peering: PeeringAddresses;
  #mtu: number | undefined;
  #hostMtu: number | undefined;

  constructor(given: DataplaneOptions) {
    this.#clock = new EndingClock(given.clock);
    const log = endingLog(given.log, () => this.#clock.hasEnded);
    const options = (this.#options = { ...given, clock: this.#clock, log });
    this.forwarding = new Forwarding({ ...options, isWayIn: (dev) => this.#underlay.isWayIn(dev) });
    this.#surroundings = new KnownSurroundings(this.#links, options.interfacePrefix ?? 'cali');
    const ownership = new RouteOwnership(this.#links, options.interfacePrefix);
    this.routes = new RouteReconciler({ ...options, ownership });
    this.otherTables = new OtherTables(options, () => (this.#applied ? podRanges(this.#applied) : []));
    this.felixRemains = new FelixRemainsLook(options, this.#links);
    this.#blackholes = new Blackholes(this.routes);
    this.#released = new ReleasedAddresses(options);
    this.#peering = new PeeringAddresses(options, this.#links, options.interfacePrefix ?? 'cali');
    this.filter = new FilterReconciler(options);
    this.policy = new PolicyReconciler({ ...options, filter: this.filter });
    this.endpoints = new EndpointReconciler({ ...options, routes: this.routes, policy: this.policy });
    this.tables = this.filter.room();
    this.followed = new FollowedConnections(this.filter);
    this.qos = new QosReconciler({ ...options, filter: this.filter });
    this.tunnels = new TunnelReconciler({ ...options, routes: this.routes, hostMtu: () => this.#underlay.mtu });
    this.proxies = new ProxyReconciler({ ...options, routes: this.routes });
    this.egress = new EgressReconciler({ ...options, tables: this.tables }, this.#links);
    this.#resync = new Repeated(options.clock, options.resyncInterval, () => this.#lookAtAll());
    this.#tableRepairs = new TableRepairs(options, (names) => void this.filter.look(names));
    const { forwarding, endpoints, tunnels } = this;
    this.#settings = new SettingsLook({ ...options, forwarding, endpoints, tunnels });
    this.forwarding.onRepaired = () => void this.#settings.look();
  }

  /**
   * Looks at the kernel for the first time, and goes on watching it. Called when the datastore is in sync: from here
   * on, what is found and not wanted is removed; with `hold`, routes only when `formerRun.release` is called. After a
   * failure it can be called again.
   */
  async start(desired: Desired, { hold = false } = {}): Promise<void> {
    const { kernel } = this.#options;
    await this.forwarding.apply(desired.host.forwarding);
    const watched = { ignoreOwnRoutes: true, routeTables: [MAIN_TABLE] };
    this.#monitor ??= await kernel.monitor((event) => this.#observed(event), watched);
    // Policy is the first to be there again: pods that are here already get their routes after it.
    await this.policy.apply(desired.policy, desired.workloads);
    // In one turn: no room acts on what it is told of before it knows what is wanted.
    const [links, addresses] = [await kernel.linkList(), await kernel.addressList()];
    this.#listed(links, addresses);
    this.apply(desired);
    this.#early.release((event) => this.#observed(event));
    // Before the routes: those through a tunnel that stands already must not be taken for stale ones.
    await this.tunnels.check();
    await this.routes.start({ hold });
    void this.proxies.check();
    void this.egress.check();
    void this.qos.check();
    this.#peering.look();
    void this.otherTables.look();
    void this.felixRemains.look();
    this.#tellMtu({ first: true });
    this.#resync.start();
    this.#settings.start();
  }

  /** Applying the same again does nothing. */
  apply(desired: Desired): void {
    const before = this.#applied;
    this.#applied = desired;
    if (desired.host !== before?.host || desired.tunnels !== before.tunnels) this.#underlay.set(desired);
    if (desired.tunnels !== before?.tunnels) this.#surroundings.set(desired.tunnels);
    void this.policy.apply(desired.policy, desired.workloads, this.#surroundings.now);
    if (desired.blocks !== before?.blocks) this.#blackholes.apply(desired.blocks);
    if (desired.blocks !== before?.blocks || desired.pools !== before.pools) this.routes.setRanges(podRanges(desired));
    if (desired.workloads !== before?.workloads || desired.host !== before.host) {
      this.endpoints.apply(desired.workloads, desired.host);
    }
    this.#tellMtu();
    if (FILTER_SECTIONS.some((section) => desired[section] !== before?.[section]))
      void this.tables.want(this.#filterTables.of(filterInputs(desired, this.#options.interfacePrefix)));
    if (desired.workloads !== before?.workloads) {
      this.qos.apply(desired.workloads);
      this.#peering.apply(desired.workloads);
    }
    if (desired.workloads !== before?.workloads || desired.nat !== before?.nat) this.#released.apply(desired);
    if (desired.host !== before?.host) void this.forwarding.apply(desired.host.forwarding);
    if (desired.tunnels !== before?.tunnels) this.tunnels.apply(desired.tunnels, desired.pools);
    this.proxies.apply(desired.reachability);
    this.egress.apply(desired.nat.egress);
  }

  /** Lists everything again and repairs what differs. */
  async resync(): Promise<void> {
    await this.forwarding.check();
    await this.#listLinks();
    await this.endpoints.resync();
    await this.tunnels.check();
    await this.routes.resync();
    await this.policy.look();
    await this.tables.look();
    await this.proxies.check();
    await this.egress.check();
    await this.qos.check();
    this.#peering.look();
    await this.otherTables.look();
    await this.felixRemains.look();
  }

  /** The node's links by index, as last seen. */
  get links(): ReadonlyMap<number, Link> {
    return this.#links;
  }

  /** The MTU for new pods. */
  get podMtu(): number {
    return podMtu(this.#underlay.mtu, this.#applied?.pools ?? [], this.#applied?.tunnels);
  }

  /** Name of the link whose MTU bounds the pods'. */
  get narrowest(): string | undefined {
    return this.#underlay.narrowest?.name;
  }

  /** A link that we just made: known at once, before the monitor tells of it. */
  linkMade(link: Link): void {
    this.#linkChanged(link, true);
  }

  stop(): void {
    const { forwarding, endpoints, filter, qos, tunnels, routes, proxies, egress } = this;
    const looks = [this.#resync, this.#settings, this.#tableRepairs, this.#released, this.#peering];
    for (const part of [...looks, forwarding, endpoints, filter, qos, tunnels, proxies, egress, routes]) part.stop();
    this.#monitor?.stop();
    this.otherTables.stop();
    this.felixRemains.stop();
    this.#clock.end();
  }

  async #listLinks(): Promise<void> {
    const { kernel } = this.#options;
    this.#listed(await kernel.linkList(), await kernel.addressList());
  }

  #listed(links: readonly Link[], addresses: readonly InterfaceAddressEntry[]): void {
    const present = new Map(links.map((link) => [link.index, link]));
    for (const link of this.#links.values()) if (!present.has(link.index)) this.#linkChanged(link, false);
    for (const link of present.values()) this.#linkChanged(link, true);
    this.#underlay.listed(addresses);
    this.#surroundings.listed(addresses);
    this.proxies.listed(addresses);
    this.#tellPolicy();
    this.#tellMtu();
  }

  #observed(event: KernelEvent): void {
    if (this.#early.hold(event)) return;
    switch (event.kind) {
      case 'link':
        this.#linkChanged(event.link, event.change === 'new');
        break;
      case 'route':
        if (event.route.protocol !== ROUTE_PROTOCOL || event.route.table !== MAIN_TABLE) this.#options.onTopology?.();
        if (event.route.table === MAIN_TABLE) this.routes.observed(event.route, event.change === 'new');
        break;
      case 'address':
        if (this.#underlay.addressChanged(event.address, event.change === 'new')) this.#tellMtu();
        this.tunnels.addressChanged(event.address, event.change === 'new');
        this.#surroundings.addressChanged(event.address, event.change === 'new');
        this.proxies.addressChanged(event.address, event.change === 'new');
        this.egress.moved();
        this.#tellPolicy();
        if (event.change === 'deleted') {
          this.endpoints.addressGone(event.address);
          this.#peering.addressGone(event.address);
        }
        // The kernel drops the IPv4 routes of a device with its last address, and tells nobody.
        if (event.change === 'deleted' && event.address.family === 4) this.#readRoutes();
        this.#options.onTopology?.();
        break;
      case 'rule':
        this.tunnels.ruleChanged(event.rule, event.change === 'new');
        this.otherTables.ruleChanged(event.rule);
        this.egress.ruleChanged(event.rule, event.change === 'new');
        break;
      case 'neighbor':
        this.tunnels.neighborChanged(event.neighbor, event.change === 'new');
        break;
      case 'setting':
        this.forwarding.settingChanged(event.name, event.value);
        this.endpoints.settingChanged(event.name, event.value);
        break;
      case 'queueing':
        this.qos.queueingChanged(event.dev);
        break;
      case 'table':
        this.#tableRepairs.observed(event);
        this.felixRemains.tableChanged(event);
        break;
      case 'resync':
        this.#options.log.info({}, 'the kernel reported more changes than could be read; listing again');
        void this.#lookAtAll();
    }
  }

  #readRoutes(): void {
    void this.routes.resync().catch((error) => {
      this.#options.log.error({ err: reasonOf(error) }, 'the routes can not be read again; the next resync will');
    });
  }

  #linkChanged(link: Link, present: boolean): void {
    const known = this.#links.get(link.index);
    if (present) this.#links.set(link.index, link);
    else this.#links.delete(link.index);
    this.endpoints.linkChanged(link, present);
    this.#peering.linkChanged(link, known, present);
    this.qos.linkChanged(link, present);
    this.tunnels.linkChanged(link, present);
    const cameUp = present && link.up && !known?.up;
    if (known?.up && !(present && link.up)) this.routes.linkLost(link.index);
    if (cameUp) this.routes.retry();
    if (cameUp || known?.up !== link.up || !present) {
      this.egress.moved();
      this.#options.onTopology?.();
    }
    if (this.#underlay.linkChanged(link, known)) this.#tellMtu();
    this.#surroundings.linkChanged(link, known, present);
    this.#tellPolicy();
  }

  /** Host endpoints are for the interfaces that there are now. */
  #tellPolicy(): void {
    const desired = this.#applied;
    if (desired?.policy?.hosts === undefined) return;
    void this.policy.apply(desired.policy, desired.workloads, this.#surroundings.now);
  }

  /** Before the first look is over there is nothing to tell. */
  #tellMtu({ first = false } = {}): void {
    if (this.#mtu === undefined && !first) return;
    const [host, mtu] = [this.#underlay.mtu, this.podMtu];
    if (!first && host !== this.#hostMtu) this.tunnels.hostMtuChanged();
    this.#hostMtu = host;
    if (mtu !== this.#mtu) this.#options.onPodMtu?.(mtu);
    this.#mtu = mtu;
  }

  async #lookAtAll(): Promise<void> {
    await this.resync().catch((error) => this.#options.log.error({ err: reasonOf(error) }, 'resync failed'));
  }
}
