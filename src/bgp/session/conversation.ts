import type { Clock, Log } from '../../base/index.ts';
import type { SessionState } from '../api.ts';
import type { Negotiated } from '../contract.ts';
import type { Connection, ConnectionReceiver } from '../transport/index.ts';
import {
  decodeNotification,
  decodeOpen,
  ERROR,
  encodeNotification,
  encodeOpen,
  Framer,
  KEEPALIVE,
  MAX_EXTENDED_MESSAGE,
  MESSAGE,
  type MessageType,
  OPEN_ERROR,
  type Open,
} from '../wire/index.ts';
import type { Initiator } from './collision.ts';
import type { ConversationOwner, Threshold } from './conversation-owner.ts';
import type { Effect } from './effects.ts';
import type { SessionEvent } from './events.ts';
import { type Driven, Machine } from './machine.ts';
import { countSent, type MessageCounters } from './message-counters.ts';
import type { Timekeeper } from './timekeeper.ts';
import type { FsmSettings } from './transition.ts';
import { WaitingMessage } from './waiting-message.ts';

/**
 * One connection run through the state machine: bytes become events, effects become bytes.
 */
export class Conversation implements ConnectionReceiver, Driven {
  readonly initiator: Initiator;
  readonly counters: MessageCounters;
  negotiated: Negotiated | undefined;
  theirs: Open | undefined;
  readonly #owner: ConversationOwner;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #machine: Machine;
  readonly #time: Timekeeper;
  readonly #waiting: WaitingMessage;
  #reason = 'not started';
  #connection: Connection | undefined;
  #framer = new Framer();
  #reading = false;
  #receivedAt = 0;

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
    this.#time = this.#machine.time;
    this.#waiting = new WaitingMessage(clock);
  }

  get state(): SessionState {
    return this.#machine.fsm.state;
  }

  /** What led to the present state. */
  get reason(): string {
    return this.#reason;
  }

  get connection(): Connection | undefined {
    return this.#connection;
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
    this.#framer = new Framer();
    this.#time.begin(connection.taken);
    connection.receive(this);
    this.dispatch({ kind: 'tcp-up' });
  }

  data(chunk: Uint8Array): void {
    this.#receivedAt = this.#clock.now();
    this.#framer.push(chunk);
    this.#read();
  }

  drained(): void {
    this.#time.progressed();
    this.#owner.drained(this);
  }

  closed(reason: string): void {
    this.#connection = undefined;
    this.#waiting.release();
    this.dispatch({ kind: 'tcp-fails', reason });
  }

  /** Asks the peer again about the message that waits, if one does. */
  reconsider(overdue = false): void {
    const held = this.#waiting.threshold;
    if (held === undefined || this.#reading) return;
    this.#waiting.release();
    this.#reading = true;
    const goes = this.#pass(held, overdue);
    this.#reading = false;
    if (goes) this.#read();
  }

  /** Sends encoded messages; see `PeerHandle.write`. */
  write(messages: Uint8Array): boolean {
    const connection = this.#connection;
    if (connection === undefined) return true;
    if (connection.backlog === 0) this.#time.progressed();
    this.#time.said();
    countSent(messages, this.counters);
    this.#owner.witness?.(this, 'sent', messages);
    return connection.write(messages);
  }

  /** A KEEPALIVE now, to learn whether the other end still knows the connection. */
  probe(): void {
    this.perform({ kind: 'send-keepalive' });
  }

  settled(): void {
    this.#owner.settled(this);
  }

  /** An effect of the state machine. */
  perform(effect: Effect): void {
    switch (effect.kind) {
      case 'dial':
        this.#drop(false);
        this.#owner.dial(this);
        break;
      case 'send-open':
        this.#send(encodeOpen(this.#owner.open()));
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
        this.#time.heard(this.#clock.now());
        this.#time.progressed();
        break;
      case 'lost':
        this.#owner.lost(this, effect.cause, effect.reason);
        break;
      case 'penalty':
        this.#owner.penalty(effect.reason);
        break;
      case 'state':
        this.#log.debug({ from: effect.from, to: effect.to, by: this.initiator }, effect.reason);
        this.#reason = effect.reason;
        this.#owner.state(this, effect.to, effect.reason);
        if (effect.to === 'Established') this.#owner.established(this);
        break;
      case 'accept':
      case 'refuse':
      case 'process':
        break;
    }
  }

  #drop(abrupt: boolean): void {
    this.#waiting.release();
    if (this.initiator === 'self') this.#owner.cancelDial();
    const connection = this.#connection;
    this.#connection = undefined;
    if (abrupt) connection?.destroy();
    else connection?.end();
  }

  #send(message: Uint8Array): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#time.said();
    this.counters.sent++;
    this.#owner.witness?.(this, 'sent', message);
    connection.write(message);
  }

  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    const framer = this.#framer;
    while (this.#connection !== undefined && this.#framer === framer && this.#waiting.threshold === undefined) {
      const framing = framer.next();
      if (framing === 'incomplete') break;
      if (framing === 'malformed') {
        this.dispatch({ kind: 'header-error', notification: framer.error! });
        break;
      }
      this.#time.heard(this.#receivedAt);
      this.counters.received++;
      this.#owner.witness?.(this, 'received', framer.bytes.subarray(framer.start, framer.end));
      this.#message(framer.type);
    }
    this.#reading = false;
  }

  #message(type: MessageType): void {
    const { bytes, start, end } = this.#framer;
    switch (type) {
      case MESSAGE.UPDATE:
        this.counters.updatesReceived++;
        this.#process('update');
        break;
      case MESSAGE.KEEPALIVE:
        // In Established nothing but the time matters, and that is noted.
        if (this.state === 'OpenConfirm') this.#pass('keepalive', false);
        else if (this.state !== 'Established') this.dispatch({ kind: 'keepalive' });
        break;
      case MESSAGE.OPEN:
        this.#open();
        break;
      case MESSAGE.NOTIFICATION: {
        const notification = decodeNotification(bytes, start, end);
        this.#owner.notification('received', notification);
        const version = notification.code === ERROR.OPEN && notification.subcode === OPEN_ERROR.UNSUPPORTED_VERSION;
        this.dispatch({ kind: version ? 'version-error' : 'notification', notification });
        break;
      }
      case MESSAGE.ROUTE_REFRESH:
        this.#process('route-refresh');
        break;
    }
  }

  #process(kind: 'update' | 'route-refresh'): void {
    if (this.state !== 'Established') {
      this.dispatch({ kind });
      return;
    }
    this.#machine.during(() => this.#owner.process(this, this.#framer, this.#receivedAt));
  }

  #open(): void {
    const { bytes, start, end } = this.#framer;
    const theirs = decodeOpen(bytes, start, end);
    if (theirs.kind === 'malformed') {
      this.dispatch({ kind: 'open-error', notification: theirs.error, reason: theirs.reason });
      return;
    }
    if (this.state === 'OpenConfirm' || this.state === 'Established') {
      this.dispatch({ kind: 'open', holdTime: 0, keepaliveTime: 0 });
      return;
    }
    const negotiation = this.#owner.negotiate(this, theirs);
    if (negotiation.kind === 'refused') {
      this.dispatch({ kind: 'open-error', notification: negotiation.notification, reason: negotiation.reason });
      return;
    }
    this.theirs = theirs;
    this.negotiated = negotiation.negotiated;
    if (negotiation.negotiated.extendedMessages) this.#framer.maxLength = MAX_EXTENDED_MESSAGE;
    this.#pass('open', false);
  }

  /** Lets the peer decide. False when the conversation does not go on for now. */
  #pass(threshold: Threshold, overdue: boolean): boolean {
    const verdict = this.#owner.judge(this, threshold, overdue);
    if (this.#connection === undefined) return false;
    switch (verdict) {
      case 'go': {
        const { holdTime, keepaliveTime } = this.negotiated!;
        this.dispatch(threshold === 'open' ? { kind: 'open', holdTime, keepaliveTime } : { kind: 'keepalive' });
        return true;
      }
      case 'wait':
        this.#waiting.hold(threshold, () => this.reconsider(true));
        return false;
      case 'end':
        this.dispatch({ kind: 'collision-dump' });
        return false;
    }
  }
}
