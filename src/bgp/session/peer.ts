import type { PeerConfig } from '../api.ts';
import type { Negotiated, PeerHandle } from '../contract.ts';
import type { Connection } from '../transport/index.ts';
import { CEASE, notification, notificationText } from '../wire/index.ts';
import { UNDAMPED } from './damping.ts';
import { type Farewell, lastWords } from './farewell.ts';
import { Peering } from './peering.ts';
import { changeOf } from './reconfigure.ts';
import type { SessionEnvironment, SessionStatus } from './session-environment.ts';

/** One configured peer, as the speaker and its routes hold it. */
export class PeerSession implements PeerHandle {
  readonly #peering: Peering;

  constructor(config: PeerConfig, environment: SessionEnvironment) {
    this.#peering = new Peering(config, environment, this);
  }

  get config(): PeerConfig {
    return this.#peering.config;
  }

  get negotiated(): Negotiated | undefined {
    return this.#peering.negotiated;
  }

  get backlog(): number {
    return this.#peering.arbiter.established?.connection?.backlog ?? 0;
  }

  get status(): SessionStatus {
    const { standing, arbiter, negotiated, counters, malformed, flaps } = this.#peering;
    return {
      state: standing.state,
      since: standing.since,
      ...(standing.state !== 'Established' && { reason: standing.explanation }),
      ...(negotiated && { routerId: negotiated.peerRouterId, negotiated }),
      capabilities: arbiter.established?.theirs?.capabilities.map(({ kind }) => kind) ?? [],
      messages: counters,
      malformed: { ...malformed.counts, ...(malformed.last && { last: malformed.last }) },
      flaps,
    };
  }

  /** Begins to want the peer: dials, unless passive, and takes its connections. */
  start(): void {
    if (this.#peering.wanted) return;
    this.#peering.wanted = true;
    this.#peering.standing.started();
    this.#peering.arbiter.dialled.dispatch({ kind: 'start' });
  }

  /** Ends the session and stays away. */
  stop(farewell: Farewell): void {
    this.#peering.wanted = false;
    for (const conversation of this.#peering.arbiter.all) {
      const error = lastWords(conversation, farewell);
      conversation.dispatch({ kind: 'manual-stop', ...(error && { notification: error }) });
    }
    this.#peering.damping = UNDAMPED;
  }

  /**
   * A new configuration for the same address. What OPEN or the socket depend on ends the session and starts another;
   * the rest takes effect as it is. Tells which.
   */
  reconfigure(config: PeerConfig): 'same' | 'kept' | 'reset' {
    const peering = this.#peering;
    const change = changeOf(peering.config, config);
    peering.config = config;
    if (change !== 'reset') return change;
    const { wanted } = peering;
    this.stop({ kind: 'cease', subcode: CEASE.OTHER_CONFIGURATION_CHANGE });
    peering.arbiter.renew(peering.delayOpenTime);
    if (wanted) this.start();
    return change;
  }

  /** A connection from the peer's address. One that is not wanted now is closed. */
  accept(connection: Connection): void {
    const { wanted, arbiter, delayOpenTime } = this.#peering;
    if (wanted && arbiter.lead.state !== 'Idle') arbiter.accept(connection, delayOpenTime);
    else connection.destroy();
  }

  write(messages: Uint8Array): boolean {
    return this.#peering.arbiter.established?.write(messages) ?? true;
  }

  reset(code: number, subcode: number, data?: Uint8Array, reason?: string): void {
    const error = notification(code, subcode, data);
    if (reason !== undefined) this.#peering.log.warn({ notification: notificationText(error) }, reason);
    for (const conversation of this.#peering.arbiter.all) {
      conversation.dispatch({ kind: 'automatic-stop', notification: error });
    }
  }
}
