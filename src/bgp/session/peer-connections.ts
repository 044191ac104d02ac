import type { Cancel, Clock } from '../../base/index.ts';
import type { SessionState } from '../api.ts';
import type { Connection } from '../transport/index.ts';
import { dominant, type Initiator, onKeepalive, onOpen } from './collision.ts';
import type { BgpConnection, CollisionOutcome, CollisionPoint } from './connection.ts';

const RANK: Readonly<Record<SessionState, number>> = {
  Idle: 0,
  Connect: 1,
  Active: 2,
  OpenSent: 3,
  OpenConfirm: 4,
  Established: 5,
};

/**
 * Seconds that a second connection waits in silence while we find out whether the first is still alive; never reached.
 */
const NEWCOMER_DELAY = 3600;
/** Milliseconds for the peer to answer the probe of the first one with a reset. */
const PROBE_TIME = 1000;
/** Milliseconds that a session must be up before another connection means more than a dial that was under way. */
const YOUNG = 5000;

/** Whether a connection in state `a` has come further than one in `b`. */
export function isFurther(a: SessionState, b: SessionState): boolean {
  return RANK[a] > RANK[b];
}

/**
 * The connections to one peer, ours (`dialled`) and the peer's, and which of them survives: two that come up at
 * once by the rules of `collision.ts`, one that comes later by asking whether the old one is still alive.
 */
export class PeerConnections {
  readonly #clock: Clock;
  readonly #make: (initiator: Initiator, delayOpenTime: number) => BgpConnection;
  #dialled: BgpConnection;
  #accepted: BgpConnection | undefined;
  /** A connection that came while another was Established: the peer may have restarted. */
  #newcomer: BgpConnection | undefined;
  #cancelProbe: Cancel | undefined;
  #established: BgpConnection | undefined;
  #upSince = 0;

  /** `make` makes one that `initiator` starts; `delayOpenTime` in seconds. */
  constructor(
    clock: Clock,
    make: (initiator: Initiator, delayOpenTime: number) => BgpConnection,
    delayOpenTime: number,
  ) {
    this.#clock = clock;
    this.#make = make;
    this.#dialled = make('self', delayOpenTime);
  }

  get dialled(): BgpConnection {
    return this.#dialled;
  }

  get established(): BgpConnection | undefined {
    return this.#established;
  }

  get all(): readonly BgpConnection[] {
    return [this.#dialled, this.#accepted, this.#newcomer].filter((one) => one !== undefined);
  }

  /** The connection that has come furthest. */
  get lead(): BgpConnection {
    let lead = this.#dialled;
    if (this.#accepted && isFurther(this.#accepted.state, lead.state)) lead = this.#accepted;
    if (this.#newcomer && isFurther(this.#newcomer.state, lead.state)) lead = this.#newcomer;
    return lead;
  }

  /** No connection at all, nor one that waits for an answer. */
  get alone(): boolean {
    return !this.#accepted && !this.#newcomer && !this.#dialled.tcp;
  }

  /** The first rival of a connection: another that has a connection or dials for one. */
  rivalOf(connection: BgpConnection): BgpConnection | undefined {
    if (isRival(this.#dialled, connection)) return this.#dialled;
    if (isRival(this.#accepted, connection)) return this.#accepted;
    return isRival(this.#newcomer, connection) ? this.#newcomer : undefined;
  }

  /** Lets go on what waits in the rivals of a connection that has changed. */
  reconsiderRivals(changed: BgpConnection): void {
    const accepted = this.#accepted;
    const newcomer = this.#newcomer;
    if (isRival(this.#dialled, changed)) this.#dialled.reconsider();
    if (isRival(accepted, changed)) accepted?.reconsider();
    if (isRival(newcomer, changed)) newcomer?.reconsider();
  }

  /** Dials under other settings from now on. */
  renew(delayOpenTime: number): void {
    this.#dialled = this.#make('self', delayOpenTime);
  }

  /** A connection that the peer made, while we want one. */
  accept(tcp: Connection, delayOpenTime: number): void {
    if (this.#established) {
      this.#suspect(this.#established, tcp);
      return;
    }
    // A peer that connects again has forgotten its last attempt.
    this.#accepted?.dispatch({ kind: 'tcp-fails', reason: 'the peer connected again' });
    this.#accepted = this.#answer(tcp, delayOpenTime);
  }

  /** Collision resolution, and a restarted peer's return. */
  collide(connection: BgpConnection, at: CollisionPoint, overdue: boolean): CollisionOutcome {
    if (this.#established && at === 'open') {
      return this.#collideNewcomer(connection, this.#established, overdue);
    }
    const other = this.rivalOf(connection);
    if (other === undefined) return 'go';
    const { negotiated } = connection;
    const winner = dominant(
      { routerId: negotiated!.localRouterId, asn: negotiated!.localAs },
      { routerId: negotiated!.peerRouterId, asn: negotiated!.peerAs },
    );
    const outcome =
      at === 'open'
        ? onOpen(connection.initiator, other.state, winner)
        : onKeepalive(connection.initiator, other.state, winner, overdue);
    if (outcome === 'go, end the other') {
      other.dispatch({ kind: 'collision-dump' });
      return 'go';
    }
    return outcome === 'end this' ? 'end' : outcome;
  }

  up(connection: BgpConnection): void {
    this.#established = connection;
    this.#upSince = this.#clock.now();
  }

  /** Milliseconds that it was up. */
  down(): number {
    this.#established = undefined;
    return this.#clock.now() - this.#upSince;
  }

  /** Forgets connections that have ended. */
  sweep(): void {
    if (this.#accepted && !this.#accepted.tcp) this.#accepted = undefined;
    if (this.#newcomer && !this.#newcomer.tcp) {
      this.#newcomer = undefined;
      this.#cancelProbe?.();
    }
  }

  /** If the old connection is gone, the new one counts as any other. */
  admitNewcomer(): void {
    const newcomer = this.#newcomer;
    if (newcomer === undefined || this.#established) return;
    this.#cancelProbe?.();
    this.#newcomer = undefined;
    this.#accepted = newcomer;
    newcomer.reconsider();
    if (newcomer.state === 'Active') newcomer.dispatch({ kind: 'timer', name: 'delay-open' });
  }

  /** Someone connects from the peer's address although the session is up: holds it, and asks the old connection. */
  #suspect(established: BgpConnection, tcp: Connection): void {
    established.probe();
    if (this.#clock.now() - this.#upSince < YOUNG) {
      tcp.destroy();
      return;
    }
    this.#newcomer?.dispatch({ kind: 'tcp-fails', reason: 'the peer connected again' });
    const newcomer = this.#answer(tcp, NEWCOMER_DELAY);
    this.#newcomer = newcomer;
    this.#cancelProbe?.();
    this.#cancelProbe = this.#clock.after(PROBE_TIME, () => newcomer.dispatch({ kind: 'collision-dump' }));
  }

  #answer(tcp: Connection, delayOpenTime: number): BgpConnection {
    const connection = this.#make('peer', delayOpenTime);
    connection.dispatch({ kind: 'start' });
    connection.connect(tcp);
    return connection;
  }

  /** A peer that says it has restarted needs no other proof (RFC 4724 §4.2); else the probe tells. */
  #collideNewcomer(connection: BgpConnection, old: BgpConnection, overdue: boolean): CollisionOutcome {
    const agreed = old.negotiated?.gracefulRestart !== undefined;
    if (agreed && connection.negotiated?.gracefulRestart?.restarting) {
      old.dispatch({ kind: 'tcp-fails', reason: 'the peer has restarted' });
      return 'go';
    }
    return connection === this.#newcomer && !overdue ? 'wait' : 'end';
  }
}

function isRival(one: BgpConnection | undefined, of: BgpConnection): boolean {
  return one !== undefined && one !== of && one.state !== 'Idle';
}
