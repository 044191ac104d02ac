import type { Clock, Log } from '../../base/index.ts';
import type { SessionState } from '../api.ts';
import type { Negotiated } from '../contract.ts';
import type { Connection, ConnectionReceiver } from '../transport/index.ts';
import { encodeNotification, KEEPALIVE, type Open } from '../wire/index.ts';
import type { Initiator } from './collision.ts';
import type { ConversationOwner } from './conversation-owner.ts';
import type { Effect } from './effects.ts';
import type { SessionEvent } from './events.ts';
import { type Driven, Machine } from './machine.ts';
import { countSent, type MessageCounters } from './message-counters.ts';
import { Reader } from './reader.ts';
import type { FsmSettings } from './transition.ts';

/**
 * One connection run through the state machine: what comes from it is made into events by its `Reader`; effects of
 * the machine become bytes, and news for the peer that it belongs to.
 */
export class Conversation implements ConnectionReceiver, Driven {
  readonly initiator: Initiator;
  readonly counters: MessageCounters;
  readonly #owner: ConversationOwner;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #machine: Machine;
  #reason = 'not started';
  #connection: Connection | undefined;
  #reader: Reader | undefined;
  #theirs: Open | undefined;
  #negotiated: Negotiated | undefined;

  constructor(
    initiator: Initiator,
    owner: ConversationOwner,
    clock: Clock,
    log: Log,
    settings: FsmSettings,
    counters: MessageCounters,
  ) {
    this.initiator = initiator;
    this.counters = counters;
    this.#owner = owner;
    this.#clock = clock;
    this.#log = log;
    this.#machine = new Machine(clock, settings, this);
  }

  get state(): SessionState {
    return this.#machine.state;
  }

  /** What led to the present state. */
  get reason(): string {
    return this.#reason;
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** The peer's OPEN. */
  get theirs(): Open | undefined {
    return this.#theirs;
  }

  get negotiated(): Negotiated | undefined {
    return this.#negotiated;
  }

  /** Whether a start is only waiting for its idle hold to end. */
  get waiting(): boolean {
    return this.#machine.fsm.timers['idle-hold'] !== undefined;
  }

  dispatch(event: SessionEvent): void {
    this.#machine.dispatch(event);
  }

  /** The connection is up. */
  connect(connection: Connection): void {
    this.#connection = connection;
    this.#reader = new Reader(this, this.#owner, this.#machine, this.#clock);
    this.#machine.time.begin(connection.taken);
    connection.receive(this);
    this.dispatch({ kind: 'tcp-up' });
  }

  data(chunk: Uint8Array): void {
    this.#reader?.take(chunk);
  }

  drained(): void {
    this.#machine.time.progressed();
    this.#owner.drained(this);
  }

  closed(reason: string): void {
    this.#connection = undefined;
    this.#stopReading();
    this.dispatch({ kind: 'tcp-fails', reason });
  }

  /** Asks the peer again about a message that waits, if one does. */
  reconsider(): void {
    this.#reader?.reconsider();
  }

  /** What both OPENs come to. */
  agreed(theirs: Open, negotiated: Negotiated): void {
    this.#theirs = theirs;
    this.#negotiated = negotiated;
  }

  /** Sends encoded messages; see `PeerHandle.write`. */
  write(messages: Uint8Array): boolean {
    const connection = this.#connection;
    if (connection === undefined) return true;
    const { time } = this.#machine;
    if (connection.backlog === 0) time.progressed();
    time.said();
    countSent(messages, this.counters);
    this.#owner.witness?.(this, 'sent', messages);
    return connection.write(messages);
  }

  /** A KEEPALIVE now, to learn whether the other end still knows the connection. */
  probe(): void {
    this.#send(KEEPALIVE);
  }

  perform(effect: Effect): void {
    switch (effect.kind) {
      case 'dial':
        this.#drop(false);
        this.#owner.dial(this);
        break;
      case 'send-open':
        this.#send(this.#owner.open());
        break;
      case 'send-keepalive':
        this.#send(KEEPALIVE);
        break;
      case 'send-notification':
        this.#send(encodeNotification(effect.notification));
        this.#owner.notification('sent', effect.notification);
        break;
      case 'close':
        this.#drop(effect.abrupt);
        break;
      case 'established':
        this.#machine.time.heard(this.#clock.now());
        this.#machine.time.progressed();
        break;
      case 'lost':
        this.#owner.lost(this, effect.cause, effect.reason);
        break;
      case 'penalty':
        this.#owner.penalty(effect.reason);
        break;
      case 'accept':
      case 'refuse':
      case 'process':
        break;
    }
  }

  moved(from: SessionState, to: SessionState, reason: string): void {
    this.#log.debug({ from, to, by: this.initiator }, reason);
    this.#reason = reason;
    this.#owner.moved(to, reason);
    if (to === 'Established') this.#owner.established(this);
  }

  settled(): void {
    this.#owner.settled(this);
  }

  #stopReading(): void {
    this.#reader?.stop();
    this.#reader = undefined;
  }

  #drop(abrupt: boolean): void {
    this.#stopReading();
    if (this.initiator === 'self') this.#owner.cancelDial();
    const connection = this.#connection;
    this.#connection = undefined;
    if (abrupt) connection?.destroy();
    else connection?.end();
  }

  #send(message: Uint8Array): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#machine.time.said();
    this.counters.sent++;
    this.#owner.witness?.(this, 'sent', message);
    connection.write(message);
  }
}
