import type { Clock, Log } from '../../base/index.ts';
import type { SessionState, SpeakerEvent } from '../api.ts';
import { type Notification, notificationText } from '../wire/index.ts';

/** How a peer stands, as the world is told of it: its state, since when and why, in status, log and events. */
export class ReportedState {
  readonly #peer: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listener: (event: SpeakerEvent) => void;
  #state: SessionState = 'Idle';
  #since: number;
  /** The same by a clock that nobody sets. */
  #moved: number;
  /** Why it last went to Idle or Active. */
  #reason = 'not started';
  /** The last error that was more than an unanswered dial, since it was last up. */
  #error: string | undefined;

  constructor(peer: string, clock: Clock, log: Log, listener: (event: SpeakerEvent) => void) {
    this.#peer = peer;
    this.#clock = clock;
    this.#log = log;
    this.#listener = listener;
    this.#since = clock.wallTime();
    this.#moved = clock.now();
  }

  get state(): SessionState {
    return this.#state;
  }

  get since(): number {
    return this.#since;
  }

  /** Milliseconds since then, whatever becomes of the wall clock. */
  get age(): number {
    return this.#clock.now() - this.#moved;
  }

  /** A peer that said why it left and then refuses to talk: both are worth knowing. */
  get explanation(): string {
    const error = this.#error;
    return error === undefined || error === this.#reason ? this.#reason : `${this.#reason}; before that: ${error}`;
  }

  started(): void {
    this.#begin();
  }

  /** A connection went to this state. */
  moved(to: SessionState, reason: string): void {
    if (to === 'Idle' || to === 'Active') this.#reason = reason;
    if (to === 'Established') this.#error = undefined;
  }

  failed(reason: string): void {
    this.#error = reason;
  }

  show(state: SessionState, reason: string): void {
    const from = this.#state;
    if (state === from) return;
    this.#state = state;
    const level = from === 'Established' ? 'warn' : 'info';
    this.#log[level]({ from, to: state }, reason);
    if (from === 'Established' || state === 'Established') this.#begin();
    this.tell({ kind: 'state', peer: this.#peer, from, to: state, reason });
  }

  notification(direction: 'sent' | 'received', error: Notification): void {
    const { code, subcode } = error;
    const text = notificationText(error);
    this.tell({ kind: 'notification', peer: this.#peer, direction, code, subcode, text });
  }

  tell(event: SpeakerEvent): void {
    this.#listener(event);
  }

  #begin(): void {
    this.#since = this.#clock.wallTime();
    this.#moved = this.#clock.now();
  }
}
