import type { SessionState } from '../api.ts';
import { ERROR, type Notification, notification } from '../wire/index.ts';
import type { Effect, LossCause } from './effects.ts';
import { type DraftTimers, draftOf, NO_TIMERS, type TimerName, type Timers } from './timers.ts';

/** One connection: its state, its timers, and the numbers they run with. */
export interface Fsm {
  readonly state: SessionState;
  readonly timers: Timers;
  /** ConnectRetryCounter: attempts since the last start or the last Established. */
  readonly retries: number;
  /** Negotiated, in seconds; 0 for none. */
  readonly holdTime: number;
  readonly keepaliveTime: number;
}

/** The session attributes of RFC 4271 §8 that steer a connection. */
export interface FsmSettings {
  /** False for connections that the peer made and for peers that are only waited for. */
  readonly dials: boolean;
  /** Seconds between dials in the long run. */
  readonly connectRetryTime: number;
  /** Seconds to let the peer speak first; 0 to speak at once. */
  readonly delayOpenTime: number;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
}

/** The outcome of an event. */
export interface Step {
  /** The same object as before if nothing of it has changed. */
  readonly fsm: Fsm;
  readonly effects: readonly Effect[];
  /** Why the state changed, if it did. */
  readonly reason: string | undefined;
}

export const IDLE: Fsm = Object.freeze({ state: 'Idle', timers: NO_TIMERS, retries: 0, holdTime: 0, keepaliveTime: 0 });

/** Most steps do nothing but change the state. */
const NO_EFFECTS: readonly Effect[] = Object.freeze([]);

/** Milliseconds before the second dial; each wait is twice the last, up to ConnectRetryTime. */
const FIRST_RETRY = 500;
/** Seconds without progress in sending before a session is given up, at least (RFC 9687). */
const MIN_SEND_HOLD_TIME = 480;

/**
 * A running timer moved to `due`: for the owner of a connection, who notes when something was heard or sent and
 * restarts the timer only once it has come due.
 */
export function postponed(fsm: Fsm, name: TimerName, due: number): Fsm {
  const timers = draftOf(fsm.timers);
  timers[name] = due;
  return { ...fsm, timers };
}

type Draft = { -readonly [Field in keyof Fsm]: Fsm[Field] };

/** The step under construction: gathers effects and timers in the words of the RFC. */
export class Transition {
  readonly settings: FsmSettings;
  readonly #before: Fsm;
  readonly #now: number;
  /** A copy, once something differs. */
  #after: Draft | undefined;
  /** The timers of `#after`, once they are a copy. */
  #timers: DraftTimers | undefined;
  #effects: Effect[] | undefined;
  #reason: string | undefined;

  constructor(fsm: Fsm, now: number, settings: FsmSettings) {
    this.settings = settings;
    this.#before = fsm;
    this.#now = now;
  }

  get from(): SessionState {
    return this.#before.state;
  }

  runs(name: TimerName): boolean {
    return this.#before.timers[name] !== undefined;
  }

  do(effect: Effect): this {
    if (this.#effects === undefined) this.#effects = [effect];
    else this.#effects.push(effect);
    return this;
  }

  set(name: TimerName, delay: number): this {
    return this.#setTimer(name, this.#now + delay);
  }

  stop(name: TimerName): this {
    return (this.#after ?? this.#before).timers[name] === undefined ? this : this.#setTimer(name, undefined);
  }

  stopAll(): this {
    this.#timers = undefined;
    this.#draft().timers = NO_TIMERS;
    return this;
  }

  retries(retries: number): this {
    this.#draft().retries = retries;
    return this;
  }

  count(): this {
    return this.retries((this.#after ?? this.#before).retries + 1);
  }

  /** Starts ConnectRetryTimer: soon at first, then ever later (§10 wants the jitter). */
  retry(): this {
    const { dials, connectRetryTime } = this.settings;
    if (!dials) return this;
    const wait = Math.min(connectRetryTime * 1000, FIRST_RETRY * 2 ** Math.min(this.#draft().retries, 30));
    return this.count().set('connect-retry', this.#jittered(wait));
  }

  negotiated(holdTime: number, keepaliveTime: number): this {
    const after = this.#draft();
    after.holdTime = holdTime;
    after.keepaliveTime = keepaliveTime;
    return this;
  }

  holdAgain(): this {
    const { holdTime } = this.#draft();
    return holdTime > 0 ? this.set('hold', holdTime * 1000) : this.stop('hold');
  }

  keepaliveAgain(): this {
    const { keepaliveTime } = this.#draft();
    return keepaliveTime > 0 ? this.set('keepalive', this.#jittered(keepaliveTime * 1000)) : this.stop('keepalive');
  }

  sendHoldAgain(): this {
    const { holdTime } = this.#draft();
    return holdTime > 0 ? this.set('send-hold', sendHoldTime(holdTime) * 1000) : this;
  }

  notify(notification: Notification): this {
    return this.do({ kind: 'send-notification', notification });
  }

  /** N(code/subcode), then X+. */
  reject(error: Notification, reason: string): Step {
    return this.notify(error).fail(reason, { kind: 'sent', notification: error });
  }

  fsmError(subcode: number, reason: string, message?: number): Step {
    return this.reject(notification(ERROR.FSM, subcode, message === undefined ? [] : [message]), reason);
  }

  expire(reason: string): Step {
    const text = this.from === 'Established' ? `nothing heard for ${this.#before.holdTime} s` : reason;
    return this.notify(notification(ERROR.HOLD_TIMER_EXPIRED)).fail(`hold timer expired: ${text}`, { kind: 'hold' });
  }

  /** RFC 9687: the peer does not read; a NOTIFICATION would only join the queue. */
  stuck(): Step {
    const error = notification(ERROR.SEND_HOLD_TIMER_EXPIRED);
    return this.fail('the peer has not read for too long', { kind: 'sent', notification: error }, true);
  }

  /** X+ → Idle. */
  fail(reason: string, cause: LossCause = { kind: 'lost' }, abrupt = false): Step {
    return this.count().do({ kind: 'penalty', reason }).idle(reason, cause, abrupt);
  }

  /** X → Idle. */
  idle(reason: string, cause: LossCause = { kind: 'lost' }, abrupt = false): Step {
    this.stopAll().negotiated(0, 0).do({ kind: 'close', abrupt });
    if (this.from === 'Established') this.do({ kind: 'lost', cause, reason });
    return this.to('Idle', reason);
  }

  to(state: SessionState, reason: string): Step {
    this.#draft().state = state;
    this.#reason = reason;
    return this.stay();
  }

  stay(): Step {
    return { fsm: this.#after ?? this.#before, effects: this.#effects ?? NO_EFFECTS, reason: this.#reason };
  }

  /** Stays as it is, with these effects alone. */
  effects(effects: readonly Effect[]): Step {
    return { fsm: this.#before, effects, reason: undefined };
  }

  #draft(): Draft {
    if (this.#after === undefined) {
      const { state, timers, retries, holdTime, keepaliveTime } = this.#before;
      this.#after = { state, timers, retries, holdTime, keepaliveTime };
    }
    return this.#after;
  }

  #setTimer(name: TimerName, due: number | undefined): this {
    if (this.#timers === undefined) {
      const after = this.#draft();
      this.#timers = draftOf(after.timers);
      after.timers = this.#timers;
    }
    this.#timers[name] = due;
    return this;
  }

  #jittered(delay: number): number {
    return delay * (1 - 0.25 * this.settings.random());
  }
}

/** Seconds: RFC 9687 §3. */
export function sendHoldTime(holdTime: number): number {
  return Math.max(MIN_SEND_HOLD_TIME, 2 * holdTime);
}
