import type { Cancel, Clock, Log } from '../../base/index.ts';
import type { SessionState } from '../api.ts';
import type { Negotiated } from '../contract.ts';
import type { Connection, ConnectionReceiver } from '../transport/index.ts';
import {
  decodeNotification,
  decodeOpen,
  ERROR,
  encodeNotification,
  type Framer,
  KEEPALIVE,
  MAX_EXTENDED_MESSAGE,
  MESSAGE,
  type Notification,
  OPEN_ERROR,
  type Open,
} from '../wire/index.ts';
import type { Initiator } from './collision.ts';
import type { Effect, LossCause } from './effects.ts';
import type { SessionEvent } from './events.ts';
import { FsmRunner } from './fsm-runner.ts';
import { countReceived, countSent, type MessageCounters } from './message-counters.ts';
import type { Negotiation } from './negotiate.ts';
import { MessageReader, type MessageReceiver } from './reader.ts';
import type { FsmSettings } from './transition.ts';

/** Milliseconds that a message may wait for the other connection. */
const PATIENCE = 1000;

/** A message at which collisions are decided, before the state machine sees it. */
export type CollisionPoint = 'open' | 'keepalive';

/** Whether a connection goes on past it now, later, or never. */
export type CollisionOutcome = 'go' | 'wait' | 'end';

/** The peer that a connection belongs to, as the connection sees it. */
export interface ConnectionOwner {
  dial(connection: BgpConnection): void;
  cancelDial(): void;
  /** The OPEN to send now, encoded. */
  open(): Uint8Array;
  negotiate(connection: BgpConnection, theirs: Open): Negotiation;
  /** Collision detection. `overdue`: the message has waited long enough. */
  collide(connection: BgpConnection, at: CollisionPoint, overdue: boolean): CollisionOutcome;
  /** A connection went to this state. */
  moved(to: SessionState, reason: string): void;
  established(connection: BgpConnection): void;
  lost(connection: BgpConnection, cause: LossCause, reason: string): void;
  penalty(reason: string): void;
  /** All events that were waiting have been handled. */
  settled(connection: BgpConnection): void;
  notification(direction: 'sent' | 'received', notification: Notification): void;
  /** An UPDATE or ROUTE-REFRESH in Established. An event comes back when the session can't go on. */
  process(connection: BgpConnection, framer: Framer, receivedAt: number): SessionEvent | undefined;
  drained(connection: BgpConnection): void;
  /** Sees whole messages as they are on the wire; there only if someone wants to. */
  readonly record:
    | ((connection: BgpConnection, direction: 'sent' | 'received', messages: Uint8Array) => void)
    | undefined;
}

const UPDATE: SessionEvent = Object.freeze({ kind: 'update' });
const ROUTE_REFRESH: SessionEvent = Object.freeze({ kind: 'route-refresh' });
const HEARD_KEEPALIVE: SessionEvent = Object.freeze({ kind: 'keepalive' });

/**
 * One connection to a peer and its state machine, of which RFC 4271 §8 speaks: what its `MessageReader` reads become
 * events, and effects become bytes, and news for the peer that it belongs to.
 */
export class BgpConnection extends FsmRunner implements ConnectionReceiver, MessageReceiver {
  readonly initiator: Initiator;
  readonly #counters: MessageCounters;
  readonly #owner: ConnectionOwner;
  readonly #clock: Clock;
  readonly #log: Log;
  #reason = 'not started';
  #tcp: Connection | undefined;
  #reader: MessageReader | undefined;
  #theirs: Open | undefined;
  #negotiated: Negotiated | undefined;
  /** The message that waits for the other connection, and the end of its patience. */
  #held: { readonly at: CollisionPoint; readonly cancel: Cancel } | undefined;

  constructor(
    initiator: Initiator,
    owner: ConnectionOwner,
    clock: Clock,
    log: Log,
    settings: FsmSettings,
    counters: MessageCounters,
  ) {
    super(clock, settings);
    this.initiator = initiator;
    this.#counters = counters;
    this.#owner = owner;
    this.#clock = clock;
    this.#log = log;
  }

  /** The cause of the present state. */
  get reason(): string {
    return this.#reason;
  }

  get tcp(): Connection | undefined {
    return this.#tcp;
  }

  /** The peer's OPEN. */
  get theirs(): Open | undefined {
    return this.#theirs;
  }

  /** The agreement that both OPENs come to. */
  get negotiated(): Negotiated | undefined {
    return this.#negotiated;
  }

  /** The TCP connection is up. */
  connect(tcp: Connection): void {
    this.#tcp = tcp;
    this.#reader = new MessageReader(tcp, this, this.#clock);
    this.time.watch(tcp);
    tcp.receive(this);
    this.dispatch({ kind: 'tcp-up' });
  }

  data(chunk: Uint8Array): void {
    this.#reader?.take(chunk);
  }

  drained(): void {
    this.time.progressed();
    this.#owner.drained(this);
  }

  closed(reason: string): void {
    this.#forgetTcp();
    this.dispatch({ kind: 'tcp-fails', reason });
  }

  /** Sends encoded messages; see `PeerHandle.write`. */
  write(messages: Uint8Array): boolean {
    const tcp = this.#tcp;
    if (tcp === undefined) return true;
    if (tcp.backlog === 0) this.time.progressed();
    this.time.said();
    countSent(messages, this.#counters);
    this.#owner.record?.(this, 'sent', messages);
    return tcp.write(messages);
  }

  /** A KEEPALIVE now, to learn whether the other end still knows the connection. */
  probe(): void {
    this.#send(KEEPALIVE);
  }

  message(framer: Framer): boolean {
    countReceived(framer.type, this.#counters);
    this.#owner.record?.(this, 'received', framer.bytes.subarray(framer.start, framer.end));
    switch (framer.type) {
      case MESSAGE.UPDATE:
        this.dispatch(UPDATE);
        return true;
      case MESSAGE.KEEPALIVE:
        if (this.state === 'OpenConfirm') return this.#pass('keepalive', false);
        this.dispatch(HEARD_KEEPALIVE);
        return true;
      case MESSAGE.OPEN:
        return this.#open(framer);
      case MESSAGE.NOTIFICATION:
        this.#notification(framer);
        return true;
      case MESSAGE.ROUTE_REFRESH:
        this.dispatch(ROUTE_REFRESH);
        return true;
    }
  }

  malformed(notification: Notification): void {
    this.dispatch({ kind: 'header-error', notification });
  }

  /** Asks the peer again about a message that waits, if one does. */
  reconsider(overdue = false): void {
    const held = this.#held;
    if (held) this.#reader?.retry(() => this.#pass(held.at, overdue));
  }

  protected override perform(effect: Effect): void {
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
        this.time.heard(this.#clock.now());
        this.time.progressed();
        this.#owner.established(this);
        break;
      case 'lost':
        this.#owner.lost(this, effect.cause, effect.reason);
        break;
      case 'process':
        this.#process();
        break;
      case 'restart-hold':
        this.time.heard(this.#reader?.receivedAt ?? 0);
        break;
      case 'penalty':
        this.#owner.penalty(effect.reason);
        break;
    }
  }

  protected override moved(from: SessionState, to: SessionState, reason: string): void {
    this.#log.debug({ from, to, by: this.initiator }, reason);
    this.#reason = reason;
    this.#owner.moved(to, reason);
  }

  protected override settled(): void {
    this.#owner.settled(this);
    this.#reader?.read();
  }

  #process(): void {
    const { framer, receivedAt } = this.#reader!;
    const outcome = this.#owner.process(this, framer, receivedAt);
    if (outcome) this.dispatch(outcome);
  }

  #notification({ bytes, start, end }: Framer): void {
    const notification = decodeNotification(bytes, start, end);
    this.#owner.notification('received', notification);
    const version = notification.code === ERROR.OPEN && notification.subcode === OPEN_ERROR.UNSUPPORTED_VERSION;
    this.dispatch({ kind: version ? 'version-error' : 'notification', notification });
  }

  #open(framer: Framer): boolean {
    const theirs = decodeOpen(framer.bytes, framer.start, framer.end);
    if (theirs.kind === 'malformed') {
      this.dispatch({ kind: 'open-error', notification: theirs.error, reason: theirs.reason });
      return true;
    }
    if (this.state === 'OpenConfirm' || this.state === 'Established') {
      this.dispatch({ kind: 'open', holdTime: 0, keepaliveTime: 0 });
      return true;
    }
    const negotiation = this.#owner.negotiate(this, theirs);
    if (negotiation.kind === 'refused') {
      this.dispatch({ kind: 'open-error', notification: negotiation.notification, reason: negotiation.reason });
      return true;
    }
    this.#theirs = theirs;
    this.#negotiated = negotiation.negotiated;
    // Of a peer that reads no long messages one is a fault, as it is to BIRD and FRR, though our OPEN says that we do.
    if (negotiation.negotiated.extendedMessages) framer.maxLength = MAX_EXTENDED_MESSAGE;
    return this.#pass('open', false);
  }

  /** Collision detection. False when the connection does not go on for now. */
  #pass(at: CollisionPoint, overdue: boolean): boolean {
    const reader = this.#reader;
    this.#letGo();
    const outcome = this.#owner.collide(this, at, overdue);
    if (reader === undefined || reader.stopped) return false;
    if (outcome === 'wait') {
      this.#held = { at, cancel: this.#clock.after(PATIENCE, () => this.reconsider(true)) };
      return false;
    }
    const { holdTime, keepaliveTime } = this.#negotiated!;
    if (outcome === 'end') this.dispatch({ kind: 'collision-dump' });
    else this.dispatch(at === 'open' ? { kind: 'open', holdTime, keepaliveTime } : HEARD_KEEPALIVE);
    return outcome === 'go';
  }

  #letGo(): void {
    this.#held?.cancel();
    this.#held = undefined;
  }

  #forgetTcp(): void {
    this.#letGo();
    this.#reader?.stop();
    this.#reader = undefined;
    this.#tcp = undefined;
    this.time.watch(undefined);
  }

  #drop(abrupt: boolean): void {
    if (this.initiator === 'self') this.#owner.cancelDial();
    const tcp = this.#tcp;
    this.#forgetTcp();
    if (abrupt) tcp?.destroy();
    else tcp?.end();
  }

  #send(message: Uint8Array): void {
    const tcp = this.#tcp;
    if (tcp === undefined) return;
    this.time.said();
    countSent(message, this.#counters);
    this.#owner.record?.(this, 'sent', message);
    tcp.write(message);
  }
}
