import type { Cancel, Clock } from '../../base/index.ts';
import type { SessionState } from '../api.ts';
import type { Connection } from '../transport/index.ts';
import { dominant, type Initiator, onKeepalive, onOpen } from './collision.ts';
import type { Conversation } from './conversation.ts';
import type { Judgement, Threshold } from './conversation-owner.ts';

const RANK: Readonly<Record<SessionState, number>> = {
  Idle: 0,
  Connect: 1,
  Active: 2,
  OpenSent: 3,
  OpenConfirm: 4,
  Established: 5,
};

/** Seconds that a second connection waits in silence while we find out whether the first is still alive; never reached. */
const NEWCOMER_DELAY = 3600;
/** Milliseconds for the peer to answer the probe of the first one with a reset. */
const PROBE_TIME = 1000;
/** Milliseconds that a session must be up before another connection means more than a dial that was under way. */
const YOUNG = 5000;

/** Whether a conversation in state `a` has come further than one in `b`. */
export function isFurther(a: SessionState, b: SessionState): boolean {
  return RANK[a] > RANK[b];
}

/** Who makes conversations. */
export interface Converser {
  /** One for a connection that `initiator` starts; `delayOpenTime` in seconds. */
  converse(initiator: Initiator, delayOpenTime: number): Conversation;
}

/**
 * The conversations with one peer, ours (`dialled`) and the peer's, and which of them survives: two that come up at
 * once by the rules of `collision.ts`, one that comes later by asking whether the old one is still alive.
 */
export class Arbiter {
  readonly #clock: Clock;
  readonly #converser: Converser;
  #dialled: Conversation;
  #accepted: Conversation | undefined;
  /** A connection that came while another was Established: the peer may have restarted. */
  #newcomer: Conversation | undefined;
  #cancelProbe: Cancel | undefined;
  #established: Conversation | undefined;
  #upSince = 0;

  constructor(clock: Clock, converser: Converser, delayOpenTime: number) {
    this.#clock = clock;
    this.#converser = converser;
    this.#dialled = converser.converse('self', delayOpenTime);
  }

  get dialled(): Conversation {
    return this.#dialled;
  }

  get established(): Conversation | undefined {
    return this.#established;
  }

  get all(): readonly Conversation[] {
    return [this.#dialled, this.#accepted, this.#newcomer].filter((one) => one !== undefined);
  }

  /** The conversation that has come furthest. */
  get lead(): Conversation {
    let lead = this.#dialled;
    if (this.#accepted && isFurther(this.#accepted.state, lead.state)) lead = this.#accepted;
    if (this.#newcomer && isFurther(this.#newcomer.state, lead.state)) lead = this.#newcomer;
    return lead;
  }

  /** No connection at all, nor one that is being judged. */
  get alone(): boolean {
    return !this.#accepted && !this.#newcomer && !this.#dialled.connection;
  }

  /** The first rival of a conversation: another that has a connection or dials for one. */
  rivalOf(conversation: Conversation): Conversation | undefined {
    if (isRival(this.#dialled, conversation)) return this.#dialled;
    if (isRival(this.#accepted, conversation)) return this.#accepted;
    return isRival(this.#newcomer, conversation) ? this.#newcomer : undefined;
  }

  /** What waits in the rivals of a conversation, which has changed, may go on now. */
  reconsiderRivals(changed: Conversation): void {
    const accepted = this.#accepted;
    const newcomer = this.#newcomer;
    if (isRival(this.#dialled, changed)) this.#dialled.reconsider();
    if (isRival(accepted, changed)) accepted?.reconsider();
    if (isRival(newcomer, changed)) newcomer?.reconsider();
  }

  /** Dials under other settings from now on. */
  renew(delayOpenTime: number): void {
    this.#dialled = this.#converser.converse('self', delayOpenTime);
  }

  /** A connection that the peer made, while we want one. */
  accept(connection: Connection, delayOpenTime: number): void {
    if (this.#established) {
      this.#suspect(this.#established, connection);
      return;
    }
    // A peer that connects again has forgotten its last attempt.
    this.#accepted?.dispatch({ kind: 'tcp-fails', reason: 'the peer connected again' });
    this.#accepted = this.#answer(connection, delayOpenTime);
  }

  /** Collision resolution, and a restarted peer's return. */
  judge(conversation: Conversation, threshold: Threshold, overdue: boolean): Judgement {
    if (this.#established && threshold === 'open') {
      return this.#judgeNewcomer(conversation, this.#established, overdue);
    }
    const other = this.rivalOf(conversation);
    if (other === undefined) return 'go';
    const { negotiated } = conversation;
    const winner = dominant(
      { routerId: negotiated!.localRouterId, asn: negotiated!.localAs },
      { routerId: negotiated!.peerRouterId, asn: negotiated!.peerAs },
    );
    const verdict =
      threshold === 'open'
        ? onOpen(conversation.initiator, other.state, winner)
        : onKeepalive(conversation.initiator, other.state, winner, overdue);
    if (verdict === 'go, end the other') {
      other.dispatch({ kind: 'collision-dump' });
      return 'go';
    }
    return verdict === 'end this' ? 'end' : verdict;
  }

  up(conversation: Conversation): void {
    this.#established = conversation;
    this.#upSince = this.#clock.now();
  }

  /** Milliseconds that it was up. */
  down(): number {
    this.#established = undefined;
    return this.#clock.now() - this.#upSince;
  }

  /** Forgets conversations that have ended. */
  sweep(): void {
    if (this.#accepted && !this.#accepted.connection) this.#accepted = undefined;
    if (this.#newcomer && !this.#newcomer.connection) {
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
  #suspect(established: Conversation, connection: Connection): void {
    established.probe();
    if (this.#clock.now() - this.#upSince < YOUNG) {
      connection.destroy();
      return;
    }
    this.#newcomer?.dispatch({ kind: 'tcp-fails', reason: 'the peer connected again' });
    const newcomer = this.#answer(connection, NEWCOMER_DELAY);
    this.#newcomer = newcomer;
    this.#cancelProbe?.();
    this.#cancelProbe = this.#clock.after(PROBE_TIME, () => newcomer.dispatch({ kind: 'collision-dump' }));
  }

  #answer(connection: Connection, delayOpenTime: number): Conversation {
    const conversation = this.#converser.converse('peer', delayOpenTime);
    conversation.dispatch({ kind: 'start' });
    conversation.connect(connection);
    return conversation;
  }

  /** A peer that says it has restarted needs no other proof (RFC 4724 §4.2); else the probe tells. */
  #judgeNewcomer(conversation: Conversation, old: Conversation, overdue: boolean): Judgement {
    const agreed = old.negotiated?.gracefulRestart !== undefined;
    if (agreed && conversation.negotiated?.gracefulRestart?.restarting) {
      old.dispatch({ kind: 'tcp-fails', reason: 'the peer has restarted' });
      return 'go';
    }
    return conversation === this.#newcomer && !overdue ? 'wait' : 'end';
  }
}

function isRival(one: Conversation | undefined, of: Conversation): boolean {
  return one !== undefined && one !== of && one.state !== 'Idle';
}
