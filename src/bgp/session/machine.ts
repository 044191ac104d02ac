import type { Clock } from '../../base/index.ts';
import type { SessionState } from '../api.ts';
import type { Connection } from '../transport/index.ts';
import type { Effect } from './effects.ts';
import type { SessionEvent } from './events.ts';
import { step } from './fsm.ts';
import { type Timed, Timekeeper } from './timekeeper.ts';
import type { TimerName } from './timers.ts';
import { type Fsm, type FsmSettings, IDLE } from './transition.ts';

/** What a machine drives. */
export interface Driven {
  readonly connection: Connection | undefined;
  perform(effect: Effect): void;
  /** The effects have been carried out, and the state is another one. */
  moved(from: SessionState, to: SessionState, reason: string): void;
  /** All events that were waiting have been handled. */
  settled(): void;
}

/** The state machine at work: takes events one at a time, has their effects carried out, and keeps its timers. */
export class Machine implements Timed {
  readonly time: Timekeeper;
  fsm: Fsm = IDLE;
  readonly #clock: Clock;
  readonly #settings: FsmSettings;
  readonly #driven: Driven;
  /** Events that came while another one was handled, which is rare. */
  #waiting: SessionEvent[] | undefined;
  #busy = false;

  constructor(clock: Clock, settings: FsmSettings, driven: Driven) {
    this.#clock = clock;
    this.#settings = settings;
    this.#driven = driven;
    this.time = new Timekeeper(clock, settings.random, this);
  }

  get state(): SessionState {
    return this.fsm.state;
  }

  get connection(): Connection | undefined {
    return this.#driven.connection;
  }

  expired(name: TimerName): void {
    this.dispatch({ kind: 'timer', name });
  }

  /** An event that comes while another one is handled waits for its turn. */
  dispatch(event: SessionEvent): void {
    if (this.#busy) {
      if (this.#waiting) this.#waiting.push(event);
      else this.#waiting = [event];
      return;
    }
    this.#busy = true;
    try {
      this.#step(event);
      while (this.#waiting) this.#step(this.#nextWaiting(this.#waiting));
    } finally {
      this.#busy = false;
    }
    this.time.schedule();
    this.#driven.settled();
  }

  /** From now on events wait, until `release`: a message is being handed on. */
  hold(): void {
    this.#busy = true;
  }

  /** What waited is handled; `outcome`, what came of the message, last. */
  release(outcome: SessionEvent | undefined): void {
    this.#busy = false;
    if (outcome !== undefined) {
      if (this.#waiting) this.#waiting.push(outcome);
      else this.dispatch(outcome);
    }
    if (this.#waiting) this.dispatch(this.#nextWaiting(this.#waiting));
  }

  #nextWaiting(waiting: SessionEvent[]): SessionEvent {
    const event = waiting.shift()!;
    if (waiting.length === 0) this.#waiting = undefined;
    return event;
  }

  #step(event: SessionEvent): void {
    const before = this.fsm.state;
    const { fsm, effects, reason } = step(this.fsm, event, this.#clock.now(), this.#settings);
    this.fsm = fsm;
    for (let at = 0; at < effects.length; at++) this.#driven.perform(effects[at]);
    if (reason !== undefined) this.#driven.moved(before, fsm.state, reason);
  }
}
