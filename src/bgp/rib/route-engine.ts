import { type Cancel, type Clock, type Family, parseAddress, parseIpv4, parsePrefix } from '../../base/index.ts';
import type { AddressFamily, BestChanges, Origination, PeerConfig, RouteExplanation, SpeakerEvent } from '../api.ts';
import type { Negotiated, PeerHandle, SessionHandler, UpdateView } from '../contract.ts';
import { afiSafi, encodeRouteRefresh } from '../wire/index.ts';
import { AttributePool } from './attribute-pool.ts';
import { withDefaultDeny } from './default-deny.ts';
import { explain } from './explain.ts';
import { exportContext } from './export-context.ts';
import type { RefreshMarks } from './export-member.ts';
import { FamilyRoutes, type FamilySettings } from './family-routes.ts';
import { NextHopSets } from './next-hop-sets.ts';
import { NextHopTable } from './next-hops.ts';
import { Originations, wordsOf } from './originations.ts';
import { pathFlag } from './path-pool.ts';
import { enforcePrefixLimit } from './prefix-limit.ts';
import { RoutePeer } from './route-peer.ts';
import { type Source, SourceTable } from './source.ts';
import { keepStale } from './stale-routes.ts';

/** Milliseconds of work before others get their turn: keepalives must never wait for routes. */
const SLICE = 3;
/** Milliseconds that a start waits for End-of-RIB of peers that are up and promised one. */
const END_OF_RIB_WAIT = 5000;

export interface RouteEngineOptions {
  readonly asn: number;
  readonly routerId: string;
  readonly clock: Clock;
  readonly maximumPaths?: number;
  readonly restarted?: boolean;
  readonly ebgpRequiresPolicy?: boolean;
  /** Octets that an export group keeps for members that lag, before they must catch up on their own; default 4 MiB. */
  readonly window?: number;
  readonly nextHopCost?: (address: string) => number | undefined;
  readonly event: (event: SpeakerEvent) => void;
}

/**
 * The routes of a speaker: hears from sessions what peers announce, decides, tells the program around it and the
 * peers. Nothing is worked out inside a call from a session; calls leave dirty prefixes, and turns of `SLICE`
 * milliseconds work them off.
 */
export class RouteEngine implements SessionHandler {
  readonly pool = new AttributePool();
  readonly nextHops = new NextHopTable();
  readonly sets = new NextHopSets(this.nextHops);
  readonly local: Source;
  readonly sources: SourceTable;
  readonly tables: Readonly<Record<Family, FamilyRoutes>>;
  readonly peers = new Map<string, RoutePeer>();
  readonly #options: RouteEngineOptions;
  readonly #clock: Clock;
  readonly #originations: Originations;
  readonly #clusterIds = new Set<number>();
  #best: (changes: BestChanges) => void = () => {};
  #scheduled = false;
  #since = Number.POSITIVE_INFINITY;
  #settled = false;
  #stopped = false;
  #cancelWait: Cancel = () => {};

  constructor(options: RouteEngineOptions) {
    this.#options = options;
    this.#clock = options.clock;
    const routerId = parseIpv4(options.routerId, 'routerId');
    this.local = {
      index: 0,
      kind: 'local',
      name: 'local',
      address: parseAddress(options.routerId),
      routerId,
      peerAs: options.asn,
      clusterId: undefined,
    };
    this.sources = new SourceTable(this.local);
    const settings: FamilySettings = {
      tables: {
        pool: this.pool,
        nextHops: this.nextHops,
        sources: this.sources,
        tag: (pathId) => this.#originations.tag(pathId),
      },
      sets: this.sets,
      clock: options.clock,
      maximumPaths: options.maximumPaths ?? 16,
      window: options.window,
      nextHopCost: options.nextHopCost,
    };
    this.tables = {
      4: new FamilyRoutes('ipv4-unicast', 4, settings),
      6: new FamilyRoutes('ipv6-unicast', 6, settings),
    };
    const ribs = { 4: this.tables[4].rib, 6: this.tables[6].rib };
    this.#originations = new Originations(ribs, this.pool, this.nextHops, this.local);
  }

  /** Starts the wait for first tables. */
  start(): void {
    this.#stopped = false;
    this.#cancelWait = this.#clock.after(END_OF_RIB_WAIT, () => this.#settle());
  }

  /** From now on nothing is decided, told or timed: what the program was told last stays (restart with forwarding kept). */
  stop(): void {
    this.#stopped = true;
    this.#cancelWait();
    for (const peer of this.peers.values()) peer.cancelTimers();
  }

  originate(routes: readonly Origination[]): void {
    this.#originations.set(routes);
    this.#schedule();
  }

  onBest(listener: (changes: BestChanges) => void): void {
    this.#best = listener;
  }

  replayBest(): void {
    for (const { loc } of this.#families()) loc.replay(this.#clock.now(), this.#best);
  }

  /** A peer that there should be, or its new configuration. */
  configure(given: PeerConfig): void {
    const config = this.#options.ebgpRequiresPolicy ? withDefaultDeny(given, this.#options.asn) : given;
    const clusterId = config.routeReflector && parseIpv4(config.routeReflector.clusterId, 'routeReflector.clusterId');
    if (clusterId !== undefined) this.#clusterIds.add(clusterId);
    const peer = this.peers.get(config.address);
    if (peer === undefined) {
      this.peers.set(config.address, new RoutePeer(config, this.local.routerId, this.#options.asn, this.#clusterIds));
      return;
    }
    const importChanged = peer.reconfigure(config);
    if (peer.source && importChanged) {
      for (const { rib } of this.#families()) peer.readmit(rib, this.pool);
    }
    if (peer.source && peer.source.clusterId !== clusterId) {
      peer.source.clusterId = clusterId;
      for (const { rib } of this.#families()) rib.each(peer.source, (path) => rib.dirty.add(rib.paths.prefix[path]));
    }
    if (peer.handle && peer.negotiated) this.#enrol(peer);
    this.#schedule();
  }

  /** Forgets a peer with all its routes, the stale ones too. */
  remove(address: string): void {
    const peer = this.peers.get(address);
    if (peer === undefined) return;
    this.#expel(peer);
    this.peers.delete(address);
    this.#dropSource(peer);
    this.#schedule();
  }

  /** Decides everything again: next hops have come, gone or changed their cost. */
  nextHopsChanged(): void {
    for (const routes of this.#families()) routes.reconsider();
    this.#schedule();
  }

  counts(address: string): { received: number; accepted: number; advertised: number } {
    const peer = this.peers.get(address);
    const sum = { received: 0, accepted: 0, advertised: 0 };
    if (peer === undefined) return sum;
    for (const { rib } of this.#families()) {
      if (peer.source === undefined) continue;
      const { received, refused } = rib.counts(peer.source);
      sum.received += received;
      sum.accepted += received - refused;
    }
    for (const member of peer.members.values()) sum.advertised += member.group.advertised(member.source);
    return sum;
  }

  /** Sends a ROUTE-REFRESH for each family. */
  askRefresh(address: string): void {
    const { handle, negotiated } = this.peers.get(address) ?? {};
    if (handle === undefined || !negotiated?.routeRefresh) return;
    for (const name of negotiated.families) {
      const { afi, safi } = afiSafi(name);
      handle.write(encodeRouteRefresh(afi, safi));
    }
  }

  /** `helping` while routes of a peer that is away are kept for it. */
  gracefulRestart(address: string): 'helping' | undefined {
    const peer = this.peers.get(address);
    return peer !== undefined && peer.keeping.size > 0 ? 'helping' : undefined;
  }

  /** Why the prefix is routed as it is, and who was told. */
  explain(prefix: string): RouteExplanation {
    const parsed = parsePrefix(prefix, 'prefix');
    const tables = this.tables[parsed.family];
    return explain(this, tables, tables.rib.prefixes.findAt(wordsOf(parsed), 0, parsed.length));
  }

  established(handle: PeerHandle, negotiated: Negotiated): void {
    const peer = this.peers.get(handle.config.address);
    if (peer === undefined) return;
    const kind = negotiated.ibgp ? 'ibgp' : 'ebgp';
    const { source } = peer;
    if (source && (source.kind !== kind || source.peerAs !== negotiated.peerAs)) this.#dropSource(peer);
    peer.establish(
      handle,
      negotiated,
      peer.source ?? this.sources.add((index) => this.#source(index, peer, negotiated)),
    );
    for (const { name, rib } of this.#families()) {
      const forwarded = negotiated.gracefulRestart?.families.some(
        ({ family, forwarding }) => family === name && forwarding,
      );
      if (!forwarded || !negotiated.families.includes(name)) rib.sweep(peer.source!, pathFlag.stale);
    }
    this.#enrol(peer);
    this.#schedule();
  }

  update(handle: PeerHandle, view: UpdateView, receivedAt: number): void {
    const peer = this.peers.get(handle.config.address);
    if (peer?.source === undefined || peer.negotiated === undefined) return;
    this.#since = Math.min(this.#since, receivedAt);
    const { source } = peer;
    const { withdrawn4, announced4, mpWithdrawn, mpAnnounced } = view;
    if (withdrawn4.count > 0) this.tables[4].rib.withdraw(source, withdrawn4);
    if (mpWithdrawn.count > 0) this.tables[mpWithdrawn.family].rib.withdraw(source, mpWithdrawn);
    if (announced4.count + mpAnnounced.count > 0) {
      if (view.treatAsWithdraw) {
        this.tables[4].rib.withdraw(source, announced4);
        this.tables[mpAnnounced.family].rib.withdraw(source, mpAnnounced);
      } else this.#learn(peer, view);
    }
    if (view.endOfRib) this.#endOfRib(peer, view.endOfRib);
    this.#schedule();
  }

  refresh(handle: PeerHandle, family: AddressFamily, subtype: 'request' | 'begin' | 'end'): void {
    const peer = this.peers.get(handle.config.address);
    if (peer?.source === undefined) return;
    const { rib } = this.#named(family);
    if (subtype === 'request') peer.members.get(family)?.refresh(this.#refreshMarks(peer, family));
    else if (subtype === 'begin') rib.mark(peer.source, pathFlag.unrefreshed);
    else rib.sweep(peer.source, pathFlag.unrefreshed);
    this.#schedule();
  }

  drained(handle: PeerHandle): void {
    const peer = this.peers.get(handle.config.address);
    if (peer === undefined) return;
    for (const member of peer.members.values()) member.drained();
    this.#schedule();
  }

  closed(handle: PeerHandle, _reason: string, keep: readonly { family: AddressFamily; seconds: number }[]): void {
    const peer = this.peers.get(handle.config.address);
    if (peer?.source === undefined) return;
    const { source, negotiated } = peer;
    this.#expel(peer);
    for (const { name, rib } of this.#families()) {
      // Stale already: the peer restarted again before it had told us all. Those go (RFC 4724 §4.2).
      rib.sweep(source, pathFlag.stale);
      const kept = keep.find(({ family }) => family === name);
      if (kept === undefined) rib.sweep(source);
      else {
        const restartTime = Math.min(negotiated?.gracefulRestart?.restartTime ?? kept.seconds, kept.seconds);
        const patience = { restartTime, total: kept.seconds };
        keepStale(peer, rib, this.pool, this.#clock, patience, () => this.#schedule());
      }
    }
    peer.handle = undefined;
    this.#checkSettled();
    this.#schedule();
  }

  #learn(peer: RoutePeer, view: UpdateView): void {
    const { announced4, mpAnnounced } = view;
    const attributes = this.pool.intern(view.attributes, view.attributesLength);
    if (announced4.count > 0) {
      peer.learn(
        this.tables[4].rib,
        this.pool,
        announced4,
        attributes,
        this.nextHops.intern4(view.nextHop4),
        this.nextHops,
      );
    }
    if (mpAnnounced.count > 0) {
      const nextHop = this.nextHops.intern(view.mpNextHop, view.mpNextHopLength);
      peer.learn(this.tables[mpAnnounced.family].rib, this.pool, mpAnnounced, attributes, nextHop, this.nextHops);
    }
    this.pool.release(attributes);
    for (const { rib, name } of this.#families()) {
      if (peer.source) enforcePrefixLimit(peer, name, rib.counts(peer.source).received);
    }
  }

  #refreshMarks({ negotiated }: RoutePeer, family: AddressFamily): RefreshMarks | undefined {
    if (!negotiated?.enhancedRouteRefresh) return undefined;
    const { afi, safi } = afiSafi(family);
    return { begin: encodeRouteRefresh(afi, safi, 'begin'), end: encodeRouteRefresh(afi, safi, 'end') };
  }

  #endOfRib(peer: RoutePeer, family: AddressFamily): void {
    const { rib } = this.#named(family);
    rib.sweep(peer.source!, pathFlag.stale);
    peer.ribEnded(family);
    this.#checkSettled();
  }

  /** Settled when all peers are up and none owes us the End-of-RIB that it promised; if not, time will tell. */
  #checkSettled(): void {
    if (this.#settled || this.peers.size === 0) return;
    for (const peer of this.peers.values()) if (peer.handle === undefined || peer.owesEndOfRib) return;
    this.#settle();
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#cancelWait();
    this.#schedule();
    this.#options.event({ kind: 'settled' });
  }

  /** Puts the peer into the export group of each family, unless it is in the right one. */
  #enrol({ config, negotiated, handle, source, members }: RoutePeer): void {
    for (const routes of this.#families()) {
      const { name } = routes;
      if (!negotiated!.families.includes(name)) continue;
      const context = exportContext(name, config, negotiated!);
      members.set(name, routes.enrol(context, source!.index, handle!, members.get(name)));
    }
  }

  #expel({ members }: RoutePeer): void {
    for (const [name, member] of members) this.#named(name).expel(member);
    members.clear();
  }

  #dropSource(peer: RoutePeer): void {
    if (peer.source === undefined) return;
    for (const { rib } of this.#families()) rib.sweep(peer.source);
    peer.cancelTimers();
    this.sources.remove(peer.source);
    peer.source = undefined;
  }

  #source(index: number, { config }: RoutePeer, negotiated: Negotiated): Source {
    return {
      index,
      kind: negotiated.ibgp ? 'ibgp' : 'ebgp',
      name: config.address,
      address: parseAddress(config.address.split('%')[0]),
      routerId: negotiated.peerRouterId,
      peerAs: negotiated.peerAs,
      clusterId: config.routeReflector && parseIpv4(config.routeReflector.clusterId),
    };
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#clock.soon(() => this.#turn());
  }

  /** One slice of deciding and one of announcing. */
  #turn(): void {
    this.#scheduled = false;
    if (this.#stopped) return;
    const deciding = this.#slice();
    let busy = false;
    for (const routes of this.#families()) busy = routes.settle(this.#sinceOrNow(), this.#best, deciding) || busy;
    if (!busy) this.#since = Number.POSITIVE_INFINITY;
    const announcing = this.#slice();
    const mayEndRib = this.#settled || !this.#options.restarted;
    for (const routes of this.#families()) busy = routes.announce(mayEndRib, announcing) || busy;
    if (busy) this.#schedule();
  }

  #slice(): () => boolean {
    const end = this.#clock.now() + SLICE;
    return () => this.#clock.now() >= end;
  }

  #sinceOrNow(): number {
    return Number.isFinite(this.#since) ? this.#since : this.#clock.now();
  }

  #families(): FamilyRoutes[] {
    return [this.tables[4], this.tables[6]];
  }

  #named(name: AddressFamily): FamilyRoutes {
    return this.tables[name === 'ipv4-unicast' ? 4 : 6];
  }
}
