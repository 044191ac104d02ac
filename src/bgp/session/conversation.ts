import type { Cancel, Clock, Log } from '../../base/index.ts';
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
  type Notification,
  OPEN_ERROR,
  type Open,
} from '../wire/index.ts';
import type { Initiator } from './collision.ts';
import type { Effect, LossCause } from './effects.ts';
import type { SessionEvent } from './events.ts';
import { step } from './fsm.ts';
import type { Negotiation } from './negotiate.ts';
import { earliest, type TimerName } from './timers.ts';
import { type Fsm, type FsmSettings, IDLE, postponed, sendHoldTime } from './transition.ts';

/** A message that the peer has to agree to before the state machine sees it. */
export type Threshold = 'open' | 'keepalive';

/** What a conversation asks of and tells the peer that it belongs to. */
export interface ConversationOwner {
  dial(conversation: Conversation): void;
  cancelDial(): void;
  /** The OPEN to send now. */
  open(): Omit<Open, 'kind'>;
  negotiate(conversation: Conversation, theirs: Open): Negotiation;
  /** Whether the conversation may go on past this message: collisions are decided here. */
  judge(conversation: Conversation, threshold: Threshold, overdue: boolean): 'go' | 'wait' | 'end';
  established(conversation: Conversation): void;
  lost(conversation: Conversation, cause: LossCause, reason: string): void;
  penalty(reason: string): void;
  state(conversation: Conversation, from: SessionState, to: SessionState, reason: string): void;
  /** All events that were waiting have been handled. */
  settled(conversation: Conversation): void;
  notification(direction: 'sent' | 'received', notification: Notification): void;
  /** An UPDATE or ROUTE-REFRESH in Established. An event comes back when the session can't go on. */
  process(conversation: Conversation, framer: Framer, receivedAt: number): SessionEvent | undefined;
  drained(conversation: Conversation): void;
}

export interface ConversationCounters {
  received: number;
  sent: number;
  updatesReceived: number;
  updatesSent: number;
}

/** Milliseconds that a message may wait for the peer's decision. */
const PATIENCE = 1000;

/**
 * One connection run through the state machine: bytes become events, effects become bytes, timers become one timer
 * of the clock. What happens for every message (something was heard, something was sent) is only noted, and looked
 * at when a timer comes due.
 */
export class Conversation implements ConnectionReceiver {
  readonly initiator: Initiator;
  readonly counters: ConversationCounters;
  negotiated: Negotiated | undefined;
  theirs: Open | undefined;
  readonly #owner: ConversationOwner;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #settings: FsmSettings;
  readonly #events: SessionEvent[] = [];
  #fsm: Fsm = IDLE;
  #connection: Connection | undefined;
  #framer = new Framer();
  #busy = false;
  #reading = false;
  #receivedAt = 0;
  #heard = 0;
  #said = 0;
  #progress = 0;
  #taken = 0;
  #held: Threshold | undefined;
  #cancelPatience: Cancel | undefined;
  #cancelTimer: Cancel | undefined;
  #timerDue = 0;

  constructor(
    initiator: Initiator,
    owner: ConversationOwner,
    clock: Clock,
    log: Log,
    settings: FsmSettings,
    counters: ConversationCounters,
  ) {
    this.initiator = initiator;
    this.counters = counters;
    this.#owner = owner;
    this.#clock = clock;
    this.#log = log;
    this.#settings = settings;
  }

  get state(): SessionState {
    return this.#fsm.state;
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Whether a start is only waiting for its idle hold to end. */
  get waiting(): boolean {
    return this.#fsm.timers['idle-hold'] !== undefined;
  }

  dispatch(event: SessionEvent): void {
    this.#events.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) this.#step(next);
    } finally {
      this.#busy = false;
    }
    this.#schedule();
    this.#owner.settled(this);
  }

  /** The connection is up. */
  connect(connection: Connection): void {
    this.#connection = connection;
    this.#framer = new Framer();
    this.#taken = connection.taken;
    connection.receive(this);
    this.dispatch({ kind: 'tcp-up' });
  }

  data(chunk: Uint8Array): void {
    this.#receivedAt = this.#clock.now();
    this.#framer.push(chunk);
    this.#read();
  }

  drained(): void {
    this.#progressed();
    this.#owner.drained(this);
  }

  closed(reason: string): void {
    this.#connection = undefined;
    this.#release();
    this.dispatch({ kind: 'tcp-fails', reason });
  }

  /** Asks the peer again about the message that waits, if one does. */
  reconsider(overdue = false): void {
    if (this.#held === undefined || this.#reading) return;
    const held = this.#held;
    this.#release();
    this.#reading = true;
    const goes = this.#pass(held, overdue);
    this.#reading = false;
    if (goes) this.#read();
  }

  /** Sends encoded messages; see `PeerHandle.write`. */
  write(messages: Uint8Array): boolean {
    const connection = this.#connection;
    if (connection === undefined) return true;
    if (connection.backlog === 0) this.#progressed();
    this.#said = this.#clock.now();
    countMessages(messages, this.counters);
    return connection.write(messages);
  }

  /** A KEEPALIVE now, to learn whether the other end still knows the connection. */
  probe(): void {
    this.#perform({ kind: 'send-keepalive' });
  }

  #step(event: SessionEvent): void {
    const { fsm, effects } = step(this.#fsm, event, this.#clock.now(), this.#settings);
    this.#fsm = fsm;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
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
        this.#heard = this.#clock.now();
        this.#progressed();
        break;
      case 'lost':
        this.#owner.lost(this, effect.cause, effect.reason);
        break;
      case 'penalty':
        this.#owner.penalty(effect.reason);
        break;
      case 'state':
        this.#log.debug({ from: effect.from, to: effect.to, by: this.initiator }, effect.reason);
        this.#owner.state(this, effect.from, effect.to, effect.reason);
        if (effect.to === 'Established') this.#owner.established(this);
        break;
      case 'accept':
      case 'refuse':
      case 'process':
        break;
    }
  }

  #drop(abrupt: boolean): void {
    this.#release();
    if (this.initiator === 'self') this.#owner.cancelDial();
    const connection = this.#connection;
    this.#connection = undefined;
    if (abrupt) connection?.destroy();
    else connection?.end();
  }

  #send(message: Uint8Array): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#said = this.#clock.now();
    this.counters.sent++;
    connection.write(message);
  }

  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    const framer = this.#framer;
    while (this.#connection !== undefined && this.#framer === framer && this.#held === undefined) {
      const framing = framer.next();
      if (framing === 'incomplete') break;
      if (framing === 'malformed') {
        this.dispatch({ kind: 'header-error', notification: framer.error! });
        break;
      }
      this.#heard = this.#receivedAt;
      this.counters.received++;
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
    this.#busy = true;
    let failure: SessionEvent | undefined;
    try {
      failure = this.#owner.process(this, this.#framer, this.#receivedAt);
    } finally {
      this.#busy = false;
    }
    if (failure !== undefined) this.dispatch(failure);
    else if (this.#events.length > 0) this.dispatch(this.#events.shift()!);
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
        this.#held = threshold;
        this.#cancelPatience = this.#clock.after(PATIENCE, () => this.reconsider(true));
        return false;
      case 'end':
        this.dispatch({ kind: 'collision-dump' });
        return false;
    }
  }

  #release(): void {
    this.#cancelPatience?.();
    this.#cancelPatience = undefined;
    this.#held = undefined;
  }

  #progressed(): void {
    this.#progress = this.#clock.now();
  }

  /** Keeps one timer of the clock at the earliest due time. One that is set too early merely looks again. */
  #schedule(): void {
    const first = earliest(this.#fsm.timers);
    if (first === undefined) {
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      return;
    }
    if (this.#cancelTimer !== undefined && this.#timerDue <= first.due) return;
    this.#cancelTimer?.();
    this.#timerDue = first.due;
    this.#cancelTimer = this.#clock.after(Math.max(0, first.due - this.#clock.now()), () => this.#expire());
  }

  #expire(): void {
    this.#cancelTimer = undefined;
    const first = earliest(this.#fsm.timers);
    if (first !== undefined && first.due <= this.#clock.now()) {
      const { name } = first;
      const later = this.#restarted(name);
      if (later > this.#clock.now()) this.#fsm = postponed(this.#fsm, name, later);
      else if (name === 'hold') this.#expireHold();
      else this.dispatch({ kind: 'timer', name });
    }
    this.#schedule();
  }

  /** When the timer is really due, given what happened since it was set. */
  #restarted(name: TimerName): number {
    if (this.state !== 'Established') return 0;
    switch (name) {
      case 'hold':
        return this.#heard + this.#fsm.holdTime * 1000;
      case 'keepalive':
        this.#observe();
        return this.#said + this.#fsm.keepaliveTime * 1000 * (1 - 0.25 * this.#settings.random());
      case 'send-hold':
        this.#observe();
        return this.#progress + sendHoldTime(this.#fsm.holdTime) * 1000;
      default:
        return 0;
    }
  }

  /** Whether the peer has read anything since the last look: once per keepalive interval is often enough. */
  #observe(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (connection.backlog === 0 || connection.taken !== this.#taken) this.#progressed();
    this.#taken = connection.taken;
  }

  /** After a long pause of the event loop timers run before bytes that have long arrived: those get their turn first. */
  #expireHold(): void {
    this.#fsm = postponed(this.#fsm, 'hold', this.#clock.now() + PATIENCE);
    const connection = this.#connection;
    const heard = this.#heard;
    this.#clock.soon(() => {
      if (this.#connection !== connection || this.#heard !== heard) return;
      this.dispatch({ kind: 'timer', name: 'hold' });
    });
  }
}

function countMessages(messages: Uint8Array, counters: ConversationCounters): void {
  for (let at = 0; at + 19 <= messages.length; ) {
    counters.sent++;
    if (messages[at + 18] === MESSAGE.UPDATE) counters.updatesSent++;
    at += Math.max(19, (messages[at + 16] << 8) | messages[at + 17]);
  }
}
