import { type NextHopSet, Speaker } from 'bgp-speaker-ts';
import type { Family, Log } from '../base/index.ts';
import { type Bfd, BfdThread } from '../bfd/index.ts';
import type { Desired, DesiredBgp } from '../calc/desired/index.ts';
import { FailureDetection } from './failure-detection.ts';
import { RouteInstaller } from './install.ts';
import { Listening } from './listening.ts';
import { NextHops } from './next-hops.ts';
import type { RoutingOptions } from './options.ts';
import { OriginValidation } from './origin-validation.ts';
import { Originating } from './originating.ts';
import { OwnRoutes } from './other-routes.ts';
import { PeerWays } from './peer-ways.ts';
import { addressIn, type PeerReport, sameIdentity } from './peering.ts';
import { Peers } from './peers.ts';
import { RestartHold } from './restart-hold.ts';
import { UnnumberedPeers } from './unnumbered.ts';

/**
 * The voice of the node: keeps the BGP speaker as the cluster's resources want it, and carries what it learns into
 * the route table.
 */
export class Routing {
  readonly #options: RoutingOptions;
  readonly #log: Log;
  readonly #nextHops: NextHops;
  readonly #installers: readonly RouteInstaller[];
  readonly #hold: RestartHold;
  readonly #listening: Listening;
  readonly #originating: Originating;
  readonly #peerWays: PeerWays;
  readonly #bfd: Bfd;
  readonly #detection: FailureDetection;
  readonly #unnumbered: UnnumberedPeers;
  readonly #origins: OriginValidation;
  /** Whether a speaker was made, or none is wanted: a restart is the first one's alone. */
  #begun = false;
  /** Public for questions alone; absent where the node speaks no BGP. */
  speaker: Speaker | undefined;
  /** The peers that the speaker has been told of; another speaker knows none. */
  #peers: Peers;
  #applied: Desired | undefined;
  #oldestChange: number | undefined;
  #isDraining = false;

  constructor(options: RoutingOptions) {
    this.#options = options;
    this.#peers = new Peers(options.timers);
    const { tables } = options.routes;
    this.#nextHops = new NextHops({ ...options, own: new OwnRoutes(tables) });
    const [four, six] = ([4, 6] as const).map(
      (family) => new RouteInstaller(tables[family], this.#nextHops, options.tunnels),
    );
    this.#installers = [four, six];
    this.#nextHops.learnFrom({ 4: four, 6: six });
    this.#nextHops.onChange = (addresses) => {
      for (const installer of this.#installers) installer.nextHopsChanged(addresses);
      this.#peerWays.nextHopsChanged(addresses);
      this.#detection.review();
      this.speaker?.nextHopsChanged();
      options.routes.schedule();
    };
    this.#unnumbered = new UnnumberedPeers(options, () => this.#tellAgain());
    this.#peerWays = new PeerWays(options.routes, this.#nextHops);
    this.#log = options.log.child({ component: 'routing' });
    this.#originating = new Originating(options);
    this.#origins = new OriginValidation({
      clock: options.clock,
      log: this.#log,
      changed: () => this.speaker?.originsChanged(),
    });
    this.#listening = new Listening({ clock: options.clock, log: this.#log, explain: options.explainListening });
    this.#bfd = options.bfd ?? new BfdThread(this.#log);
    this.#detection = new FailureDetection({
      bfd: this.#bfd,
      log: this.#log,
      resolve: (address) => this.#nextHops.resolve(address),
      linkName: (index) => options.links?.get(index)?.name,
      failed: (address, reason, forwardingLost) => {
        for (const name of this.#peers.namesAt(address)) this.speaker?.pathFailed(name, reason, forwardingLost);
      },
      restored: (address) => {
        for (const name of this.#peers.namesAt(address)) this.speaker?.pathRestored(name);
      },
    });
    this.#hold = new RestartHold({
      clock: options.clock,
      log: this.#log,
      release: () => options.routes.formerRun.release(),
      families: (peer) => this.speaker?.peers().find(({ name }) => name === peer)?.negotiated?.families ?? [],
    });
  }

  /** The kernel has answered all pending changes of routes. */
  routesSettled(): void {
    for (const installer of this.#installers) installer.settled();
    this.#converged();
  }

  /** Makes peers, announcements and installed routes what `desired` says. Applying the same again does nothing. */
  async apply(desired: Desired): Promise<void> {
    const before = this.#applied;
    this.#applied = desired;
    try {
      await this.#change(before, desired);
    } catch (error) {
      // So that the next attempt at the same does not take it for done.
      this.#applied = before;
      this.#peers = this.#noPeers();
      throw error;
    }
  }

  async #change(before: Desired | undefined, desired: Desired): Promise<void> {
    this.#nextHops.setMark((desired.tunnels.wireguard4 ?? desired.tunnels.wireguard6)?.mark);
    const { subnet, lacking } = desired.tunnels.ipip ?? {};
    for (const installer of this.#installers) installer.setLacking(lacking);
    if (lacking !== before?.tunnels.ipip?.lacking) this.#options.routes.schedule();
    const { cidrs } = desired.services;
    const sameKinds = desired.pools === before?.pools && cidrs === before.services.cidrs;
    if (!sameKinds || subnet !== before?.tunnels.ipip?.subnet) {
      for (const installer of this.#installers) installer.setPools(desired.pools, { services: cidrs, subnet });
      this.#options.routes.schedule();
    }
    const { bgp } = desired;
    this.#peerWays.apply(bgp?.peers);
    this.#origins.take(bgp?.rpkiCaches);
    if (bgp === undefined) {
      this.#detection.take(undefined);
      return this.#end();
    }
    if (this.speaker !== undefined && !sameIdentity(before?.bgp, bgp)) await this.#end();
    this.speaker ??= await this.#begin(bgp);
    this.#tellPeers(this.speaker, bgp, desired);
    this.#originating.apply(this.speaker, bgp);
  }

  #tellPeers(speaker: Speaker, bgp: DesiredBgp, { pools }: Desired): void {
    const { isNew } = this.#peers;
    const found = { ...bgp, peers: this.#unnumbered.take(bgp.peers) };
    const { changed, gone } = this.#peers.take(found, pools);
    if (isNew) speaker.configure(changed);
    else if (changed.length + gone.length > 0) speaker.adjust(changed, gone);
    this.#detection.take(found);
    if (this.#hold.holding) this.#hold.expect([...this.#peers.names(), ...this.#unnumbered.unfound()]);
  }

  /** Others are at the ends of links. */
  #tellAgain(): void {
    const desired = this.#applied;
    if (this.speaker && desired?.bgp) this.#tellPeers(this.speaker, desired.bgp, desired);
  }

  /** Resolves when every peer that is up has been sent what is announced now. One that does not read is waited for briefly. */
  announced(): Promise<void> {
    return this.#originating.announced();
  }

  /**
   * Announces everything as the last choice (RFC 8326), or as ever again. Resolves when every peer that is up has been
   * sent that.
   */
  async setDraining(isDraining: boolean): Promise<void> {
    this.#isDraining = isDraining;
    const changed = this.#peers.drain(isDraining);
    if (changed.length > 0) this.speaker?.adjust(changed, []);
    await this.speaker?.announced();
  }

  /** The node's links, addresses or routes of others have changed. */
  topologyChanged(): void {
    this.#nextHops.invalidate();
    this.#originating.topologyChanged();
    this.#detection.review();
    this.#unnumbered.topologyChanged();
  }

  /** `tunl0` has come or gone. */
  tunnelChanged(): void {
    for (const installer of this.#installers) installer.tunnelChanged();
    this.#options.routes.schedule();
  }

  peers(): readonly PeerReport[] {
    return this.#peers.reports(this.speaker?.peers() ?? []).map((report) => {
      const bfd = this.#detection.report(report.desired);
      return bfd === undefined ? report : { ...report, bfd };
    });
  }

  /** How the caches are that tell whose prefixes are whose, in order of preference. */
  rpkiCaches(): OriginValidation['caches'] {
    return this.#origins.caches;
  }

  get bfdTotals(): Bfd['totals'] {
    return this.#bfd.totals;
  }

  /** The next hops that peers announced for a prefix, by its number in the route table; undefined when none did. */
  learned(family: Family, prefix: number): NextHopSet | undefined {
    return this.#installers.find((installer) => installer.family === family)?.learned(prefix);
  }

  /** Where it can't listen, and why. */
  get notListening(): readonly string[] {
    return this.#listening.problems();
  }

  /** Whether it has been told once what is wanted. */
  get isAsked(): boolean {
    return this.#applied !== undefined;
  }

  /** The problems that keep BGP from working as a whole. */
  problems(): readonly string[] {
    const { bgp } = this.#applied ?? {};
    return [
      ...this.#listening.problems(),
      ...this.#bfd.problems(),
      ...(bgp?.problems ?? []),
      ...this.#peerWays.problems(),
      ...this.#unnumbered.problems(),
      ...this.#origins.problems(),
    ];
  }

  /** Whether stale routes of a former run still wait for the peers' word. */
  get restarting(): boolean {
    return this.#hold.holding;
  }

  async stop(how: 'restart' | 'shutdown', reason: string): Promise<void> {
    this.#hold.stop();
    this.#listening.stop();
    this.#nextHops.stop();
    this.#originating.stop();
    this.#unnumbered.stop();
    this.#origins.stop();
    // Before the sessions: silence that is not announced would be taken for a failure.
    await this.#bfd.stop();
    await this.speaker?.stop(how, reason);
    this.speaker = undefined;
  }

  async #begin(bgp: DesiredBgp): Promise<Speaker> {
    const { clock } = this.#options;
    // Routes of a former run stay until the peers have spoken, and they are told so (RFC 4724).
    const restarted = !this.#begun && this.#options.routes.formerRun.found;
    this.#begun = true;
    this.#peers = this.#noPeers();
    const speaker = new Speaker({
      asn: bgp.asn,
      routerId: bgp.routerId,
      listen: bgp.listenAddresses.map((address) => ({ address, port: bgp.listenPort })),
      clock,
      log: this.#options.log.child({ component: 'bgp' }),
      nextHopInterface: (address) => this.#interfaceOf(address),
      originValidity: (prefix, origin) => this.#origins.judge(prefix, origin),
      ...(restarted && { restarted: { forwarding: ['ipv4-unicast', 'ipv6-unicast'] as const } }),
    });
    speaker.onEvent((event) => {
      this.#hold.heard(event);
      // Its routes mostly go by way of itself: asked now, the way to it is known when they come.
      if (event.kind === 'state' && event.to === 'Established') this.#nextHops.resolve(addressIn(event.peer));
      this.#options.onEvent?.(event);
    });
    speaker.onBest((changes) => {
      this.#oldestChange = Math.min(this.#oldestChange ?? changes.since, changes.since);
      this.#installers[changes.family === 4 ? 0 : 1].install(changes);
      this.#options.routes.schedule();
    });
    if (restarted) this.#hold.begin();
    await this.#listening.begin(speaker);
    return speaker;
  }

  #noPeers(): Peers {
    const peers = new Peers(this.#options.timers);
    peers.drain(this.#isDraining);
    return peers;
  }

  /** The link by which a next hop is reached, if it is known. */
  #interfaceOf(nextHop: string): string | undefined {
    const dev = this.#nextHops.resolve(nextHop)?.[0]?.dev;
    return dev === undefined ? undefined : this.#options.links?.get(dev)?.name;
  }

  async #end(): Promise<void> {
    const speaker = this.speaker;
    this.speaker = undefined;
    this.#originating.end();
    if (speaker === undefined) return this.#goWithout();
    this.#listening.stop();
    await speaker.stop('shutdown', 'BGP configuration changed');
    for (const installer of this.#installers) installer.clear();
    this.#options.routes.schedule();
  }

  /** No peer will ask for what a former run has left. */
  #goWithout(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#options.routes.formerRun.release();
  }

  #converged(): void {
    if (this.#oldestChange === undefined) return;
    this.#options.onConverged?.((this.#options.clock.now() - this.#oldestChange) / 1000);
    this.#oldestChange = undefined;
  }
}
