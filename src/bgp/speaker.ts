import { type Clock, type Log, parseIpv4, silentLog, systemClock } from '../base/index.ts';
import { AdmittedPeers, admittedText } from './admitted-peers.ts';
import type {
  BestChanges,
  Origination,
  PeerConfig,
  PeerRoutes,
  PeerStatus,
  RouteExplanation,
  RouteSelection,
  SpeakerApi,
  SpeakerEvent,
  SpeakerOptions,
} from './api.ts';
import { DynamicNeighbours, isRange, type Presence } from './dynamic-neighbours.ts';
import { peerName } from './peer-name.ts';
import { peerStatus } from './peer-status.ts';
import { RouteEngine } from './rib/index.ts';
import { type Farewell, type LocalSpeaker, PeerSession, type SessionEnvironment } from './session/index.ts';
import { type Connection, canonicalAddress, type Listener, type Transport, tcpTransport } from './transport/index.ts';
import { CEASE, createUpdateView, ERROR } from './wire/index.ts';

type Endpoint = SpeakerOptions['listen'][number];

/**
 * A BGP speaker: sessions with peers on one side, routes on the other.
 *
 *     transport ─► PeerSession (one for each peer) ─► RouteEngine ─► onBest
 *         ▲______________ slabs ◄____________________________|
 *
 * It holds no state of its own but who its peers are.
 */
export class Speaker implements SpeakerApi {
  readonly #options: SpeakerOptions;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #engine: RouteEngine;
  readonly #environment: SessionEnvironment;
  readonly #sessions = new Map<string, PeerSession>();
  readonly #dynamic: DynamicNeighbours;
  readonly #admitted = new AdmittedPeers();
  readonly #listeners = new Map<Endpoint, Listener>();
  #event: (event: SpeakerEvent) => void = () => {};
  #running = false;
  /** Until the first tables are complete we are restarting, as far as peers can tell (RFC 4724 §4.1). */
  #restarting: boolean;

  /** `transport` is for tests and simulations: `MemoryNetwork` joins speakers without a network. */
  constructor(options: SpeakerOptions, transport: Transport = tcpTransport()) {
    const routerId = parseIpv4(options.routerId, 'routerId');
    this.#options = options;
    this.#transport = transport;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    this.#restarting = options.restarted !== undefined;
    this.#engine = new RouteEngine({
      asn: options.asn,
      routerId: options.routerId,
      clock: this.#clock,
      restarted: this.#restarting,
      ebgpRequiresPolicy: options.ebgpRequiresPolicy ?? false,
      ...(options.maximumPaths !== undefined && { maximumPaths: options.maximumPaths }),
      ...(options.nextHopCost && { nextHopCost: options.nextHopCost }),
      ...(options.nextHopInterface && { nextHopInterface: options.nextHopInterface }),
      ...(options.originValidity && { originValidity: options.originValidity }),
      event: (event) => {
        if (event.kind === 'settled') this.#restarting = false;
        this.#event(event);
      },
    });
    this.#dynamic = new DynamicNeighbours(
      this.#clock,
      (address) => this.#presence(address),
      (address) => this.#remove(address),
    );
    const settled: LocalSpeaker = { asn: options.asn, routerId };
    const restarting: LocalSpeaker = { ...settled, ...(options.restarted && { restarted: options.restarted }) };
    this.#environment = {
      clock: this.#clock,
      transport,
      handler: this.#engine.sessions,
      local: () => (this.#restarting ? restarting : settled),
      view: createUpdateView(),
      log: this.#log,
      onEvent: (event) => this.#event(event),
      ...(options.onRecord && { onRecord: options.onRecord }),
    };
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const failure = await this.listen().catch((error: unknown) => error);
    if (!this.#running) return;
    this.#engine.start();
    for (const session of this.#sessions.values()) session.start();
    if (failure !== undefined) throw failure;
  }

  async listen(): Promise<void> {
    const missing = this.#options.listen.filter((endpoint) => !this.#listeners.has(endpoint));
    const opened = await Promise.allSettled(missing.map((endpoint) => this.#open(endpoint)));
    this.#admit(opened.flatMap((one) => (one.status === 'fulfilled' ? (one.value ?? []) : [])));
    for (const one of opened) if (one.status === 'rejected') throw one.reason;
  }

  async stop(how: 'restart' | 'shutdown', reason?: string): Promise<void> {
    this.#running = false;
    for (const listener of this.#listeners.values()) listener.close();
    this.#listeners.clear();
    const farewell: Farewell =
      how === 'restart'
        ? { kind: 'restart' }
        : { kind: 'cease', subcode: CEASE.ADMINISTRATIVE_SHUTDOWN, ...(reason !== undefined && { text: reason }) };
    this.#engine.stop();
    this.#dynamic.stop();
    for (const session of this.#sessions.values()) session.stop(farewell);
  }

  configure(peers: readonly PeerConfig[]): void {
    const former = this.#dynamic.ranges;
    const single = peers.filter((peer) => !isRange(peer));
    const wanted = new Map(single.map((peer) => [peerName(peer), peer]));
    const dynamic = this.#dynamic.configure(peers.filter(isRange), new Set(single.map(({ address }) => address)));
    for (const peer of dynamic) wanted.set(peer.address, peer);
    for (const name of [...this.#sessions.keys()]) if (!wanted.has(name)) this.#remove(name);
    for (const config of wanted.values()) this.#configureOne(config);
    for (const range of former) if (!wanted.has(peerName(range))) this.#admitted.delete(peerName(range));
    for (const range of this.#dynamic.ranges) this.#admitted.set(peerName(range), range);
    this.#admit();
  }

  adjust(changed: readonly PeerConfig[], gone: readonly string[]): void {
    const isOfRanges = this.#dynamic.ranges.length > 0 || changed.some(isRange);
    if (isOfRanges) {
      this.configure(this.#adjusted(changed, gone));
      return;
    }
    for (const name of gone) this.#remove(name);
    for (const config of changed) this.#configureOne(config);
    if (this.#admitted.hasChanged()) this.#admit();
  }

  originate(routes: readonly Origination[]): void {
    this.#engine.originate(routes);
  }

  adjustOriginated(changed: readonly Origination[], gone: readonly string[]): void {
    this.#engine.adjustOriginated(changed, gone);
  }

  announced(): Promise<void> {
    return this.#engine.announced();
  }

  onBest(listener: (changes: BestChanges) => void): void {
    this.#engine.onBest(listener);
  }

  replayBest(): void {
    this.#engine.replayBest();
  }

  onEvent(listener: (event: SpeakerEvent) => void): void {
    this.#event = listener;
  }

  explain(prefix: string): RouteExplanation {
    return this.#engine.explain(prefix);
  }

  routesOf(peer: string, selection: RouteSelection, limit: number): PeerRoutes {
    return this.#engine.routesOf(peer, selection, limit);
  }

  /**
   * The routes that the peer has announced, before policy, as UPDATEs made anew: the table that a BMP collector gets.
   */
  received(peer: string): Iterable<Uint8Array> {
    return this.#engine.received(peer);
  }

  /** Everything that peers have announced, as MRT records of TABLE_DUMP_V2 (RFC 6396). */
  dump(): Iterable<Uint8Array> {
    return this.#engine.dump();
  }

  nextHopsChanged(): void {
    this.#engine.nextHopsChanged();
  }

  originsChanged(): void {
    this.#engine.originsChanged();
  }

  pathFailed(peer: string, reason: string, forwardingLost: boolean): void {
    const session = this.#sessions.get(peer);
    if (session?.status.state === 'Established') session.reset(ERROR.CEASE, CEASE.BFD_DOWN, undefined, reason);
    else if (forwardingLost) this.#engine.dropStale(peer);
  }

  pathRestored(peer: string): void {
    if (this.#running) this.#sessions.get(peer)?.hurry();
  }

  refresh(peer: string): void {
    this.#engine.askRefresh(peer);
  }

  /** The addresses that it listens on, with the ports that were given when 0 was asked for. */
  get listening(): readonly { readonly address: string; readonly port: number }[] {
    return [...this.#listeners.values()].map(({ address, port }) => ({ address, port }));
  }

  peers(): readonly PeerStatus[] {
    return [...this.#sessions.values()].map((session) => {
      const name = peerName(session.config);
      return peerStatus(session, this.#engine.counts(name), {
        refused: this.#admitted.refusal(session.config.address),
        gracefulRestart: this.#engine.gracefulRestart(name) ?? (this.#restarting ? 'restarting' : undefined),
        withdrawn: this.#engine.withdrawnByError(name),
        guarded: this.#engine.guarded(name),
      });
    });
  }

  /** The whole of what should be; peers that came from within a range are configured by it. */
  #adjusted(changed: readonly PeerConfig[], gone: readonly string[]): readonly PeerConfig[] {
    const single = [...this.#sessions.values()].map(({ config }) => config);
    const present = [...single.filter(({ address }) => !this.#dynamic.has(address)), ...this.#dynamic.ranges];
    const all = new Map(present.map((peer) => [peerName(peer), peer]));
    for (const name of gone) all.delete(name);
    for (const peer of changed) all.set(peerName(peer), peer);
    return [...all.values()];
  }

  #configureOne(config: PeerConfig): void {
    this.#engine.configure(config);
    const name = peerName(config);
    this.#admitted.set(name, config);
    const session = this.#sessions.get(name);
    if (session) return void session.reconfigure(config);
    const made = new PeerSession(config, this.#environment);
    this.#sessions.set(name, made);
    if (this.#running) made.start();
  }

  #remove(name: string): void {
    this.#sessions.get(name)?.stop({ kind: 'cease', subcode: CEASE.PEER_DECONFIGURED });
    this.#engine.remove(name);
    this.#sessions.delete(name);
    this.#admitted.delete(name);
  }

  #presence(address: string): Presence {
    const status = this.#sessions.get(address)?.status;
    return {
      up: status?.state === 'Established',
      age: status?.age ?? Number.POSITIVE_INFINITY,
      awaited: this.#engine.gracefulRestart(address) === 'helping',
    };
  }

  async #open(endpoint: Endpoint): Promise<Listener | undefined> {
    const listener = await this.#transport.listen(endpoint, (connection) => this.#accept(connection));
    if (!this.#running) return void listener.close();
    this.#listeners.set(endpoint, listener);
    return listener;
  }

  /** Tells the listeners who may connect. */
  #admit(fresh: readonly Listener[] = []): void {
    for (const { from, reason } of this.#admitted.tell(this.#listeners.values(), new Set(fresh)))
      this.#log.error({ peer: admittedText(from) }, `the peer can't connect to us: ${reason}`);
  }

  /** Peers with names of their own are not found here: which of an address's several has come can't be told. */
  #accept(connection: Connection): void {
    const address = connection.remote.address;
    const session = this.#sessions.get(address) ?? this.#sessions.get(canonicalAddress(address));
    if (session) session.accept(connection);
    else this.#acceptNew(connection);
  }

  #acceptNew(connection: Connection): void {
    const address = canonicalAddress(connection.remote.address);
    const config = this.#running ? this.#dynamic.admit(address) : undefined;
    if (config === undefined) {
      connection.destroy();
      return;
    }
    this.#configureOne(config);
    this.#sessions.get(address)!.accept(connection);
  }
}
