import type { Cancel, Clock } from '../../base/index.ts';
import {
  decodeNotification,
  decodeOpen,
  ERROR,
  Framer,
  MAX_EXTENDED_MESSAGE,
  MESSAGE,
  type MessageType,
  OPEN_ERROR,
} from '../wire/index.ts';
import type { Conversation } from './conversation.ts';
import type { ConversationOwner, Threshold } from './conversation-owner.ts';
import type { SessionEvent } from './events.ts';
import type { Machine } from './machine.ts';
import { WaitingMessage } from './waiting-message.ts';

/** Milliseconds of one peer's messages before others get their turn. */
const TURN = 3;
/** Octets between two looks at the clock. */
const STRIDE = 4096;

/**
 * Reads one connection: bytes become messages, messages become events. A message with which the peer may not go on
 * yet waits, and nothing behind it is read. A peer that sends faster than its messages can be worked off has its turn
 * with all others, and is not read from in between: that TCP tells it to wait.
 */
export class Reader {
  readonly #conversation: Conversation;
  readonly #owner: ConversationOwner;
  readonly #machine: Machine;
  readonly #clock: Clock;
  readonly #framer = new Framer();
  /** Few messages ever wait. */
  #waiting: WaitingMessage | undefined;
  #busy = false;
  #stopped = false;
  #receivedAt = 0;
  /** The next turn, when messages wait for it. */
  #cancelTurn: Cancel | undefined;
  #paused = false;

  constructor(conversation: Conversation, owner: ConversationOwner, machine: Machine, clock: Clock) {
    this.#conversation = conversation;
    this.#owner = owner;
    this.#machine = machine;
    this.#clock = clock;
  }

  take(chunk: Uint8Array): void {
    this.#receivedAt = this.#clock.now();
    this.#framer.push(chunk);
    this.#read();
  }

  /** The connection is given up: nothing more is read. */
  stop(): void {
    this.#stopped = true;
    this.#waiting?.release();
    this.#cancelTurn?.();
  }

  /** Asks the peer again about the message that waits, if one does. */
  reconsider(overdue = false): void {
    const held = this.#waiting?.threshold;
    if (held === undefined || this.#busy) return;
    this.#waiting!.release();
    this.#busy = true;
    const goes = this.#pass(held, overdue);
    this.#busy = false;
    if (goes) this.#read();
  }

  #read(): void {
    if (this.#busy || this.#cancelTurn) return;
    this.#busy = true;
    this.#readMessages();
    this.#busy = false;
    this.#pause(this.#cancelTurn !== undefined || this.#waiting?.threshold !== undefined);
  }

  /** A connection that is given up is nothing to us any more. */
  #pause(paused: boolean): void {
    if (paused === this.#paused || this.#stopped) return;
    this.#paused = paused;
    const { connection } = this.#conversation;
    if (paused) connection?.pause?.();
    else connection?.resume?.();
  }

  #readMessages(): void {
    const framer = this.#framer;
    const end = this.#clock.now() + TURN;
    let octets = 0;
    while (!this.#stopped && this.#waiting?.threshold === undefined) {
      if (octets >= STRIDE) {
        octets = 0;
        if (this.#clock.now() >= end) {
          this.#cancelTurn = this.#clock.soon(() => {
            this.#cancelTurn = undefined;
            this.#read();
          });
          break;
        }
      }
      const framing = framer.next();
      if (framing === 'incomplete') break;
      if (framing === 'malformed') {
        this.#machine.dispatch({ kind: 'header-error', notification: framer.error! });
        break;
      }
      this.#machine.time.heard(this.#receivedAt);
      this.#conversation.counters.received++;
      this.#owner.witness?.(this.#conversation, 'received', framer.bytes.subarray(framer.start, framer.end));
      octets += framer.end - framer.start;
      this.#message(framer.type);
    }
  }

  #message(type: MessageType): void {
    switch (type) {
      case MESSAGE.UPDATE:
        this.#conversation.counters.updatesReceived++;
        this.#process('update');
        break;
      case MESSAGE.KEEPALIVE:
        // In Established nothing but the time matters, and that is noted.
        if (this.#machine.state === 'OpenConfirm') this.#pass('keepalive', false);
        else if (this.#machine.state !== 'Established') this.#machine.dispatch({ kind: 'keepalive' });
        break;
      case MESSAGE.OPEN:
        this.#open();
        break;
      case MESSAGE.NOTIFICATION:
        this.#notification();
        break;
      case MESSAGE.ROUTE_REFRESH:
        this.#process('route-refresh');
        break;
    }
  }

  #process(kind: 'update' | 'route-refresh'): void {
    const machine = this.#machine;
    if (machine.state !== 'Established') {
      machine.dispatch({ kind });
      return;
    }
    let outcome: SessionEvent | undefined;
    machine.hold();
    try {
      outcome = this.#owner.process(this.#conversation, this.#framer, this.#receivedAt);
    } finally {
      machine.release(outcome);
    }
  }

  #notification(): void {
    const { bytes, start, end } = this.#framer;
    const notification = decodeNotification(bytes, start, end);
    this.#owner.notification('received', notification);
    const version = notification.code === ERROR.OPEN && notification.subcode === OPEN_ERROR.UNSUPPORTED_VERSION;
    this.#machine.dispatch({ kind: version ? 'version-error' : 'notification', notification });
  }

  #open(): void {
    const { bytes, start, end } = this.#framer;
    const machine = this.#machine;
    const theirs = decodeOpen(bytes, start, end);
    if (theirs.kind === 'malformed') {
      machine.dispatch({ kind: 'open-error', notification: theirs.error, reason: theirs.reason });
      return;
    }
    if (machine.state === 'OpenConfirm' || machine.state === 'Established') {
      machine.dispatch({ kind: 'open', holdTime: 0, keepaliveTime: 0 });
      return;
    }
    const negotiation = this.#owner.negotiate(this.#conversation, theirs);
    if (negotiation.kind === 'refused') {
      machine.dispatch({ kind: 'open-error', notification: negotiation.notification, reason: negotiation.reason });
      return;
    }
    this.#conversation.agreed(theirs, negotiation.negotiated);
    if (negotiation.negotiated.extendedMessages) this.#framer.maxLength = MAX_EXTENDED_MESSAGE;
    this.#pass('open', false);
  }

  /** Lets the peer decide. False when the conversation does not go on for now. */
  #pass(threshold: Threshold, overdue: boolean): boolean {
    const verdict = this.#owner.judge(this.#conversation, threshold, overdue);
    if (this.#stopped) return false;
    switch (verdict) {
      case 'go': {
        const { holdTime, keepaliveTime } = this.#conversation.negotiated!;
        this.#machine.dispatch(
          threshold === 'open' ? { kind: 'open', holdTime, keepaliveTime } : { kind: 'keepalive' },
        );
        return true;
      }
      case 'wait':
        this.#waiting ??= new WaitingMessage(this.#clock, () => this.reconsider(true));
        this.#waiting.hold(threshold);
        return false;
      case 'end':
        this.#machine.dispatch({ kind: 'collision-dump' });
        return false;
    }
  }
}
