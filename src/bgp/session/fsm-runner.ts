import type { Clock } from '../../base/index.ts';
import type { SessionState } from '../api.ts';
import type { Effect } from './effects.ts';
import type { SessionEvent } from './events.ts';
import { step } from './fsm.ts';
import { Timekeeper } from './timekeeper.ts';
import { type Fsm, type FsmSettings, IDLE } from './transition.ts';

/** Runs one state machine: takes events one at a time, has their effects carried out, and keeps its timers. */
export abstract class FsmRunner {
  readonly #time: Timekeeper;
  readonly #clock: Clock;
  readonly #settings: FsmSettings;
  #fsm = IDLE;
  /** Events that came while another one was handled, which is rare. */
  #waiting: SessionEvent[] | undefined;
  #busy = false;

  constructor(clock: Clock, settings: FsmSettings) {
    this.#clock = clock;
    this.#settings = settings;
    this.#time = new Timekeeper(clock, settings.random, (name) => this.dispatch({ kind: 'timer', name }));
  }

  get state(): SessionState {
    return this.#fsm.state;
  }

  /** Whether a start is only waiting for its idle hold to end. */
  get waiting(): boolean {
    return this.#fsm.timers['idle-hold'] !== undefined;
  }

  /** Whether an event is being handled. */
  get busy(): boolean {
    return this.#busy;
  }

  protected get time(): Timekeeper {
    return this.#time;
  }

  /** Feeds an event to the machine. One that comes while another is handled waits for its turn. */
  dispatch(event: SessionEvent): void {
    if (this.#busy) {
      if (this.#waiting) this.#waiting.push(event);
      else this.#waiting = [event];
      return;
    }
    const before = this.#fsm;
    this.#busy = true;
    try {
      this.#step(event);
      while (this.#waiting) this.#step(this.#nextWaiting(this.#waiting));
    } finally {
      this.#busy = false;
    }
    // Of the messages of a session that is up nobody else has to hear.
    if (this.#fsm !== before) this.#time.follow(this.#fsm);
    else if (isMessage(event)) return;
    this.settled();
  }

  /** Carries out an effect. The machine is in its new state. */
  protected abstract perform(effect: Effect): void;

  /** The machine went to another state; the effects are carried out next. */
  protected abstract moved(from: SessionState, to: SessionState, reason: string): void;

  /** All events that were waiting have been handled. */
  protected abstract settled(): void;

  #nextWaiting(waiting: SessionEvent[]): SessionEvent {
    const event = waiting.shift()!;
    if (waiting.length === 0) this.#waiting = undefined;
    return event;
  }

  #step(event: SessionEvent): void {
    const before: Fsm = this.#fsm;
    const { fsm, effects, reason } = step(before, event, this.#clock.now(), this.#settings);
    this.#fsm = fsm;
    if (reason !== undefined) this.moved(before.state, fsm.state, reason);
    for (let at = 0; at < effects.length; at++) this.perform(effects[at]);
  }
}

function isMessage({ kind }: SessionEvent): boolean {
  return kind === 'keepalive' || kind === 'update' || kind === 'route-refresh';
}
