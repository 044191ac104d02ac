import type { Cancel, Clock } from '../../base/index.ts';
import type { Connection } from '../transport/index.ts';
import { earliest, nextDue, type TimerName } from './timers.ts';
import { type Fsm, postponed, sendHoldTime } from './transition.ts';

/** The connection whose time is kept. */
export interface Timed {
  fsm: Fsm;
  readonly connection: Connection | undefined;
  /** The timer is really due. */
  expired(name: TimerName): void;
}

/** Milliseconds that a hold timer which is late leaves to bytes that have long arrived. */
const GRACE = 1000;

/**
 * Keeps the timers of one state machine with one timer of the clock. What happens for every message (something was
 * heard, something was sent) is only noted, and looked at when a timer comes due: then it moves on by what was noted.
 */
export class Timekeeper {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #timed: Timed;
  #heard = 0;
  #said = 0;
  #progress = 0;
  #taken = 0;
  #cancel: Cancel | undefined;
  #due = 0;

  constructor(clock: Clock, random: () => number, timed: Timed) {
    this.#clock = clock;
    this.#random = random;
    this.#timed = timed;
  }

  /** A connection begins that has taken so many bytes before. */
  begin(taken: number): void {
    this.#taken = taken;
  }

  heard(at: number): void {
    this.#heard = at;
  }

  said(): void {
    this.#said = this.#clock.now();
  }

  /** The peer reads what we send. */
  progressed(): void {
    this.#progress = this.#clock.now();
  }

  /** Keeps the clock's timer at the earliest due time. One that is set too early merely looks again. */
  schedule(): void {
    const due = nextDue(this.#timed.fsm.timers);
    if (due === Number.POSITIVE_INFINITY) {
      this.#cancel?.();
      this.#cancel = undefined;
      return;
    }
    if (this.#cancel !== undefined && this.#due <= due) return;
    this.#cancel?.();
    this.#due = due;
    this.#cancel = this.#clock.after(Math.max(0, due - this.#clock.now()), () => this.#look());
  }

  #look(): void {
    this.#cancel = undefined;
    const { timers } = this.#timed.fsm;
    const name = earliest(timers);
    if (name !== undefined && timers[name]! <= this.#clock.now()) {
      const later = this.#restarted(name);
      if (later > this.#clock.now()) this.#timed.fsm = postponed(this.#timed.fsm, name, later);
      else if (name === 'hold') this.#expireHold();
      else this.#timed.expired(name);
    }
    this.schedule();
  }

  /** When the timer is really due, given what happened since it was set. */
  #restarted(name: TimerName): number {
    const { state, holdTime, keepaliveTime } = this.#timed.fsm;
    if (state !== 'Established') return 0;
    switch (name) {
      case 'hold':
        return this.#heard + holdTime * 1000;
      case 'keepalive':
        this.#observe();
        return this.#said + keepaliveTime * 1000 * (1 - 0.25 * this.#random());
      case 'send-hold':
        this.#observe();
        return this.#progress + sendHoldTime(holdTime) * 1000;
      default:
        return 0;
    }
  }

  /** Whether the peer has read anything since the last look: once per keepalive interval is often enough. */
  #observe(): void {
    const { connection } = this.#timed;
    if (connection === undefined) return;
    if (connection.backlog === 0 || connection.taken !== this.#taken) this.progressed();
    this.#taken = connection.taken;
  }

  /** After a long pause of the event loop timers run before bytes that have long arrived: those get their turn first. */
  #expireHold(): void {
    this.#timed.fsm = postponed(this.#timed.fsm, 'hold', this.#clock.now() + GRACE);
    const { connection } = this.#timed;
    const heard = this.#heard;
    this.#clock.soon(() => {
      if (this.#timed.connection === connection && this.#heard === heard) this.#timed.expired('hold');
    });
  }
}
