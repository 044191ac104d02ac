import { parseIpv4, parsePrefix } from '../../base/index.ts';
import type {
  BestChanges,
  MalformedUpdates,
  Origination,
  PeerConfig,
  PeerRoutes,
  PeerStatus,
  PrefixCounts,
  RouteExplanation,
  RouteSelection,
  SpeakerEvent,
} from '../api.ts';
import type { SessionHandler } from '../contract.ts';
import { peerName } from '../peer-name.ts';
import { afiSafi, encodeRouteRefresh, unicast } from '../wire/index.ts';
import { withDefaultDeny } from './in/default-deny.ts';
import { FirstTables } from './in/first-tables.ts';
import { SessionInput } from './in/session-input.ts';
import { pathFlag } from './pool/path-pool.ts';
import { wordsOf } from './pool/prefix-words.ts';
import { RibPeer } from './rib-peer.ts';
import { type RibOptions, Ribs } from './ribs.ts';
import { TimeSlices } from './time-slices.ts';
import { explain } from './views/explain.ts';
import { peerRoutes } from './views/peer-routes.ts';
import { receivedUpdates } from './views/received-updates.ts';
import { tableDump } from './views/table-dump.ts';

/** Prefixes withdrawn by error, or rejected by what guards, that are named. */
const NAMED = 10;

export interface RouteEngineOptions extends RibOptions {
  readonly restarted?: boolean;
  readonly ebgpRequiresPolicy?: boolean;
  readonly event: (event: SpeakerEvent) => void;
}

/**
 * The routes of a speaker: hears from `sessions` what peers announce, decides, tells the program around it and the
 * peers. Calls leave work behind, and turns work it off, a few milliseconds at a time:
 *
 *     routes of our own ─► removals, decisions ─► announcements
 */
export class RouteEngine {
  readonly ribs: Ribs;
  /** The handler that sessions are to call. */
  readonly sessions: SessionHandler;
  readonly #options: RouteEngineOptions;
  readonly #heard: SessionInput;
  readonly #turns: TimeSlices;
  readonly #firstTables: FirstTables;
  readonly #clusterIds = new Set<number>();
  #best: (changes: BestChanges) => void = () => {};
  #untoldSettled = false;
  /** Callbacks that wait for everything to be announced. */
  #waiting: (() => void)[] = [];

  constructor(options: RouteEngineOptions) {
    this.#options = options;
    this.ribs = new Ribs(options);
    this.#turns = new TimeSlices(options.clock, () => this.#turn());
    this.#firstTables = new FirstTables(options.clock, () => {
      this.#untoldSettled = true;
      this.#turns.ask();
    });
    this.#heard = new SessionInput(this.ribs, options.clock, this.#firstTables, () => this.#turns.ask());
    this.sessions = this.#heard;
  }

  /** Starts the wait for first tables. */
  start(): void {
    this.#turns.start();
    this.#firstTables.start();
  }

  /**
   * From now on nothing is decided, told or timed: what the program was told last stays (restart with forwarding kept).
   */
  stop(): void {
    this.#turns.stop();
    this.#tellAnnounced();
    this.#firstTables.stop();
    for (const peer of this.ribs.peers.values()) peer.cancelTimers();
  }

  originate(routes: readonly Origination[]): void {
    this.ribs.originations.set(routes);
    this.#turns.ask();
  }

  adjustOriginated(changed: readonly Origination[], gone: readonly string[]): void {
    this.ribs.originations.adjust(changed, gone);
    this.#turns.ask();
  }

  /** Resolves when every peer that is up has been written all that there is to announce, or when writing has ended. */
  announced(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#turns.ask();
    });
  }

  onBest(listener: (changes: BestChanges) => void): void {
    this.#best = listener;
  }

  /** Has all present best routes told again, in the turns that follow. */
  replayBest(): void {
    for (const { loc } of this.ribs.all) loc.replay();
    this.#turns.ask();
  }

  /** A peer that there should be, or its new configuration. */
  configure(given: PeerConfig): void {
    const { asn } = this.#options;
    const { peers, all, pool, local } = this.ribs;
    const config = this.#options.ebgpRequiresPolicy ? withDefaultDeny(given, asn) : given;
    const clusterId = config.routeReflector && parseIpv4(config.routeReflector.clusterId, 'routeReflector.clusterId');
    const peer = peers.get(peerName(config));
    if (peer === undefined) {
      peers.set(peerName(config), new RibPeer(config, local.routerId, asn, this.#clusterIds, this.ribs));
      if (clusterId !== undefined) this.#clusterIds.add(clusterId);
      return;
    }
    const before = peer.config.routeReflector?.clusterId;
    const importChanged = peer.reconfigure(config);
    if (before !== config.routeReflector?.clusterId) this.#recountClusters();
    if (peer.source && importChanged) for (const { rib } of all) peer.readmit(rib, pool);
    if (peer.source && peer.source.clusterId !== clusterId) {
      peer.source.clusterId = clusterId;
      for (const { rib } of all) rib.each(peer.source, (path) => rib.dirty.add(rib.paths.prefix[path]));
    }
    if (peer.handle && peer.negotiated) this.ribs.enrol(peer);
    this.#turns.ask();
  }

  /** Forgets a peer with all its routes, the stale ones too. */
  remove(address: string): void {
    const peer = this.ribs.peers.get(address);
    if (peer === undefined) return;
    this.ribs.expel(peer);
    this.ribs.peers.delete(address);
    this.ribs.dropSource(peer);
    if (peer.config.routeReflector) this.#recountClusters();
    this.#turns.ask();
  }

  /** The clusters that we reflect for, by what peers are configured with now. */
  #recountClusters(): void {
    this.#clusterIds.clear();
    for (const { config } of this.ribs.peers.values()) {
      if (config.routeReflector) this.#clusterIds.add(parseIpv4(config.routeReflector.clusterId));
    }
  }

  /** Next hops have come, gone, changed their cost or their interface: whatever depends on that is decided again. */
  nextHopsChanged(): void {
    const { all, peers, pool } = this.ribs;
    for (const peer of peers.values()) {
      if (peer.asksInterface && peer.source) for (const { rib } of all) peer.readmit(rib, pool);
    }
    for (const routes of all) if (this.#options.nextHopCost || routes.asksInterface) routes.reconsider();
    this.#turns.ask();
  }

  /** Origins are judged otherwise: of peers whose filters ask, every path is admitted anew. */
  originsChanged(): void {
    const { all, peers, pool } = this.ribs;
    for (const peer of peers.values()) {
      if (peer.asksOrigin && peer.source) for (const { rib } of all) peer.readmit(rib, pool);
    }
    this.#turns.ask();
  }

  counts(address: string): PrefixCounts {
    const peer = this.ribs.peers.get(address);
    const sum = { received: 0, accepted: 0, advertised: 0, largest: 0 };
    if (peer === undefined) return sum;
    for (const { rib } of this.ribs.all) {
      if (peer.source === undefined) continue;
      const { received, refused } = rib.counts(peer.source);
      sum.received += received;
      sum.largest = Math.max(sum.largest, received);
      sum.accepted += received - refused;
    }
    for (const { group, source } of peer.members.values()) sum.advertised += group.advertised(source);
    return sum;
  }

  /** Prefixes of the peer that rules which guard reject. */
  guarded(address: string): NonNullable<PeerStatus['guarded']> {
    const source = this.ribs.peers.get(address)?.source;
    const prefixes: string[] = [];
    let count = 0;
    for (const { rib } of this.ribs.all) {
      if (source === undefined || rib.counts(source).guarded === 0) continue;
      count += rib.counts(source).guarded;
      rib.each(source, (path) => {
        if (prefixes.length < NAMED && rib.paths.flags[path] & pathFlag.guarded)
          prefixes.push(rib.prefixes.text(rib.paths.prefix[path]));
      });
    }
    return { count, prefixes };
  }

  /** Prefixes of the peer that are withdrawn because what it last said of them was malformed. */
  withdrawnByError(address: string): MalformedUpdates['withdrawn'] {
    const peer = this.ribs.peers.get(address);
    const lists = peer === undefined ? [] : Object.values(peer.withdrawnByError);
    const count = lists.reduce((sum, { size }) => sum + size, 0);
    return { count, prefixes: lists.flatMap((list) => list.first(NAMED)).slice(0, NAMED) };
  }

  /** Sends a ROUTE-REFRESH for each family. */
  askRefresh(address: string): void {
    const { handle, negotiated } = this.ribs.peers.get(address) ?? {};
    if (handle === undefined || !negotiated?.routeRefresh) return;
    for (const name of negotiated.families) {
      const { afi, safi } = afiSafi(name);
      handle.write(encodeRouteRefresh(afi, safi));
    }
  }

  /** `helping` while routes of a peer that is away are kept for it. */
  gracefulRestart(address: string): 'helping' | undefined {
    const peer = this.ribs.peers.get(address);
    return peer !== undefined && peer.keeping.size > 0 ? 'helping' : undefined;
  }

  /** Waits no longer for a peer that is away: what it left goes. */
  dropStale(address: string): void {
    const peer = this.ribs.peers.get(address);
    if (peer?.source === undefined || peer.handle !== undefined || peer.keeping.size === 0) return;
    peer.cancelTimers();
    peer.keeping.clear();
    for (const { rib } of this.ribs.all) rib.sweep(peer.source);
    this.#turns.ask();
  }

  /** The routes that the peer has announced, before policy, as UPDATEs with four-octet AS numbers. */
  received(address: string): Generator<Uint8Array> {
    return receivedUpdates(this.ribs, address);
  }

  /** Everything that peers have announced, as MRT records (RFC 6396 §4.3). */
  dump(): Generator<Uint8Array> {
    return tableDump(this.ribs, this.#options.clock.wallTime());
  }

  /** Why the prefix is routed as it is, and who was told. */
  explain(prefix: string): RouteExplanation {
    const parsed = parsePrefix(prefix, 'prefix');
    const routes = this.ribs.families[unicast(parsed.family)];
    return explain(this.ribs, routes, routes.rib.prefixes.findAt(wordsOf(parsed), 0, parsed.length));
  }

  /** One table of a peer. */
  routesOf(peer: string, selection: RouteSelection, limit: number): PeerRoutes {
    return peerRoutes(this.ribs, peer, selection, limit);
  }

  /** A slice of each kind of work; true if something is left. */
  #turn(): boolean {
    const { originations, all } = this.ribs;
    let busy = originations.run(this.#turns.slice());
    const deciding = this.#turns.slice();
    for (const routes of all) busy = routes.settle(this.#heard.since, this.#best, deciding) || busy;
    if (!busy) this.#tellSettled();
    const announcing = this.#turns.slice();
    const mayEndRib = this.#firstTables.settled || !this.#options.restarted;
    for (const routes of all) busy = routes.announce(mayEndRib, announcing) || busy;
    if (!busy && this.#waiting.length > 0 && all.every((routes) => routes.isAnnounced)) this.#tellAnnounced();
    return busy;
  }

  #tellAnnounced(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Tells that a table is complete only after its routes were told: listeners then sweep what is not in it. */
  #tellSettled(): void {
    for (const { peer, family } of this.#heard.settled()) this.#options.event({ kind: 'end-of-rib', peer, family });
    if (!this.#untoldSettled) return;
    this.#untoldSettled = false;
    this.#options.event({ kind: 'settled' });
  }
}
