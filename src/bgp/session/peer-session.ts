import type { PeerConfig } from '../api.ts';
import type { Negotiated, PeerHandle } from '../contract.ts';
import type { Connection } from '../transport/index.ts';
import { CEASE, ERROR, notification, notificationText } from '../wire/index.ts';
import { UNDAMPED } from './damping.ts';
import { type Farewell, lastWords } from './farewell.ts';
import { Peer } from './peer.ts';
import { changeOf } from './reconfigure.ts';
import type { SessionEnvironment, SessionStatus } from './session-environment.ts';

/** One configured peer, as the speaker and its routes hold it. */
export class PeerSession implements PeerHandle {
  readonly #peer: Peer;

  constructor(config: PeerConfig, environment: SessionEnvironment) {
    this.#peer = new Peer(config, environment, this);
  }

  get config(): PeerConfig {
    return this.#peer.config;
  }

  get negotiated(): Negotiated | undefined {
    return this.#peer.negotiated;
  }

  get backlog(): number {
    return this.#peer.connections.established?.tcp?.backlog ?? 0;
  }

  get status(): SessionStatus {
    const { reported, connections, negotiated, counters, malformed, flaps } = this.#peer;
    return {
      state: reported.state,
      since: reported.since,
      age: reported.age,
      ...(reported.state !== 'Established' && { reason: reported.explanation }),
      ...(negotiated && { routerId: negotiated.peerRouterId, negotiated }),
      capabilities: connections.established?.theirs?.capabilities.map(({ kind }) => kind) ?? [],
      messages: counters,
      malformed: { ...malformed.counts, ...(malformed.last && { last: malformed.last }) },
      flaps,
    };
  }

  /** Begins to want the peer: dials, unless passive, and takes its connections. */
  start(): void {
    if (this.#peer.wanted) return;
    this.#peer.wanted = true;
    this.#peer.reported.started();
    this.#peer.connections.dialled.dispatch({ kind: 'start' });
  }

  /** Ends the session and stays away. */
  stop(farewell: Farewell): void {
    this.#peer.wanted = false;
    for (const connection of this.#peer.connections.all) {
      const error = lastWords(connection, farewell);
      connection.dispatch({ kind: 'manual-stop', ...(error && { notification: error }) });
    }
    this.#peer.damping = UNDAMPED;
    this.#peer.stayAway(0);
  }

  /**
   * A new configuration for the same address. What OPEN or the socket depend on ends the session and starts another;
   * the rest takes effect as it is. Tells which.
   */
  reconfigure(config: PeerConfig): 'same' | 'kept' | 'reset' {
    const peer = this.#peer;
    const change = changeOf(peer.config, config);
    peer.config = config;
    if (change !== 'reset') return change;
    const { wanted } = peer;
    this.stop({ kind: 'cease', subcode: CEASE.OTHER_CONFIGURATION_CHANGE });
    peer.connections.renew(peer.delayOpenTime);
    if (wanted) this.start();
    return change;
  }

  /** A connection from the peer's address. One that is not wanted now is closed. */
  accept(tcp: Connection): void {
    const { wanted, connections, delayOpenTime } = this.#peer;
    if (wanted && connections.lead.state !== 'Idle') connections.accept(tcp, delayOpenTime);
    else tcp.destroy();
  }

  /** Dials now, if nothing is under way that has got an answer. */
  hurry(): void {
    const { wanted, connections } = this.#peer;
    if (!wanted || connections.lead.tcp !== undefined) return;
    this.stop({ kind: 'restart' });
    this.start();
  }

  write(messages: Uint8Array): boolean {
    return this.#peer.connections.established?.write(messages) ?? true;
  }

  reset(code: number, subcode: number, data?: Uint8Array, reason?: string): void {
    const error = notification(code, subcode, data);
    const { maxPrefixesRestart = 0 } = this.config;
    if (code === ERROR.CEASE && subcode === CEASE.MAX_PREFIXES) this.#peer.stayAway(maxPrefixesRestart * 1000);
    if (reason !== undefined) this.#peer.log.warn({ notification: notificationText(error) }, reason);
    for (const connection of this.#peer.connections.all) {
      connection.dispatch({ kind: 'automatic-stop', notification: error });
    }
  }
}
