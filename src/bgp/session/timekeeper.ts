import type { Cancel, Clock } from '../../base/index.ts';
import type { Connection } from '../transport/index.ts';
import { earliest, nextDue, type TimerName } from './timers.ts';
import { type Fsm, IDLE, postponed, sendHoldTime } from './transition.ts';

/** Milliseconds that a hold timer which is late leaves to bytes that have long arrived. */
const GRACE = 1000;

/**
 * Keeps the timers of one state machine with one timer of the clock. What happens for every message (something was
 * heard, something was sent) is only noted, and looked at when a timer comes due: then it moves on by what was noted.
 */
export class Timekeeper {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #expired: (name: TimerName) => void;
  /** The machine, with its timers moved on by what was noted. */
  #fsm = IDLE;
  #tcp: Connection | undefined;
  #heard = 0;
  #said = 0;
  #progress = 0;
  #taken = 0;
  #cancel: Cancel | undefined;
  #due = 0;

  /** `expired` is called when a timer is really due. */
  constructor(clock: Clock, random: () => number, expired: (name: TimerName) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#expired = expired;
  }

  /** The TCP connection whose progress counts from now on; none after its end. */
  watch(tcp: Connection | undefined): void {
    this.#tcp = tcp;
    if (tcp) this.#taken = tcp.taken;
  }

  /** HoldTimer restarts, as of then. */
  heard(at: number): void {
    this.#heard = at;
  }

  /** KeepaliveTimer restarts. */
  said(): void {
    this.#said = this.#clock.now();
  }

  /** SendHoldTimer restarts: the peer reads what we send. */
  progressed(): void {
    this.#progress = this.#clock.now();
  }

  /** The machine has gone on: its timers are these now. */
  follow(fsm: Fsm): void {
    this.#fsm = fsm;
    this.#schedule();
  }

  /** Keeps the clock's timer at the earliest due time. One that is set too early merely looks again. */
  #schedule(): void {
    const due = nextDue(this.#fsm.timers);
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
    const { timers } = this.#fsm;
    const name = earliest(timers);
    if (name !== undefined && timers[name]! <= this.#clock.now()) {
      const later = this.#restarted(name);
      if (later > this.#clock.now()) this.#fsm = postponed(this.#fsm, name, later);
      else if (name === 'hold') this.#expireHold();
      else this.#expired(name);
    }
    this.#schedule();
  }

  /** When the timer is really due, given what happened since it was set. */
  #restarted(name: TimerName): number {
    const { state, holdTime, keepaliveTime } = this.#fsm;
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
    const tcp = this.#tcp;
    if (tcp === undefined) return;
    if (tcp.backlog === 0 || tcp.taken !== this.#taken) this.progressed();
    this.#taken = tcp.taken;
  }

  /** After a long pause of the event loop timers run before bytes that have long arrived: those get their turn first. */
  #expireHold(): void {
    this.#fsm = postponed(this.#fsm, 'hold', this.#clock.now() + GRACE);
    const tcp = this.#tcp;
    const heard = this.#heard;
    this.#clock.soon(() => {
      if (this.#tcp === tcp && this.#heard === heard) this.#expired('hold');
    });
  }
}
