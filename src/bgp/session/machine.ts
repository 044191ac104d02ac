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
  readonly #events: SessionEvent[] = [];
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
    this.#events.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) this.#step(next);
    } finally {
      this.#busy = false;
    }
    this.time.schedule();
    this.#driven.settled();
  }

  /** Does something during which events wait; the one that it gives, if any, comes last. */
  during(action: () => SessionEvent | undefined): void {
    this.#busy = true;
    let outcome: SessionEvent | undefined;
    try {
      outcome = action();
    } finally {
      this.#busy = false;
    }
    if (outcome !== undefined) this.dispatch(outcome);
    else if (this.#events.length > 0) this.dispatch(this.#events.shift()!);
  }

  #step(event: SessionEvent): void {
    const { fsm, effects } = step(this.fsm, event, this.#clock.now(), this.#settings);
    this.fsm = fsm;
    for (const effect of effects) this.#driven.perform(effect);
  }
}
