import { unreachable } from '../../base/index.ts';
import type { SessionState } from '../api.ts';
import { CEASE, ERROR, FSM_ERROR, MESSAGE, type Notification, notification, notificationText } from '../wire/index.ts';
import type { Effect, LossCause } from './effects.ts';
import type { SessionEvent } from './events.ts';
import { NO_TIMERS, stopped, type TimerName, type Timers } from './timers.ts';

/*
 * The finite state machine of RFC 4271 §8.2.2 for one connection, as a pure function. Where it departs from the
 * letter: no NOTIFICATION answers a NOTIFICATION; header errors are answered with their own code in every state; a
 * dial that fails leads to Active, so that a peer that is merely not up yet is tried again soon; unexpected messages
 * are named as RFC 6608 wants; a second OPEN on a connection is such a message, since collisions are the peer's
 * business (`peer.ts`), which feeds only the OPENs of winners in here.
 */

/** One connection: its state, its timers, and the numbers they run with. */
export interface Fsm {
  readonly state: SessionState;
  readonly timers: Timers;
  /** ConnectRetryCounter: attempts since the last start or the last Established. */
  readonly retries: number;
  /** Negotiated, in seconds; 0 for none. */
  readonly holdTime: number;
  readonly keepaliveTime: number;
}

/** The session attributes of RFC 4271 §8 that steer a connection. */
export interface FsmSettings {
  /** False for connections that the peer made and for peers that are only waited for. */
  readonly dials: boolean;
  /** Seconds between dials in the long run. */
  readonly connectRetryTime: number;
  /** Seconds to let the peer speak first; 0 to speak at once. */
  readonly delayOpenTime: number;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
}

export interface Step {
  readonly fsm: Fsm;
  readonly effects: readonly Effect[];
}

export const IDLE: Fsm = Object.freeze({ state: 'Idle', timers: NO_TIMERS, retries: 0, holdTime: 0, keepaliveTime: 0 });

/** Milliseconds before the second dial; each wait is twice the last, up to ConnectRetryTime. */
const FIRST_RETRY = 500;
/** Seconds to wait for an OPEN: the "large value" of RFC 4271. */
const OPEN_HOLD_TIME = 240;
/** Seconds without progress in sending before a session is given up, at least (RFC 9687). */
const MIN_SEND_HOLD_TIME = 480;

/** What `event` does to a connection at time `now` (milliseconds of the clock). */
export function step(fsm: Fsm, event: SessionEvent, now: number, settings: FsmSettings): Step {
  if (event.kind !== 'timer') return HANDLERS[fsm.state](new Transition(fsm, now, settings), event);
  if (fsm.timers[event.name] === undefined) return { fsm, effects: [] };
  const fired = { ...fsm, timers: stopped(fsm.timers, event.name) };
  return HANDLERS[fsm.state](new Transition(fired, now, settings), event);
}

/**
 * A running timer moved to `due`: for the owner of a connection, who notes when something was heard or sent and
 * restarts the timer only once it has come due.
 */
export function postponed(fsm: Fsm, name: TimerName, due: number): Fsm {
  return { ...fsm, timers: { ...fsm.timers, [name]: due } };
}

type Handler = (at: Transition, event: SessionEvent) => Step;

const HANDLERS: Readonly<Record<SessionState, Handler>> = {
  Idle: idle,
  Connect: (at, event) => connecting(at, event),
  Active: (at, event) => connecting(at, event),
  OpenSent: openSent,
  OpenConfirm: openConfirm,
  Established: established,
};

function idle(at: Transition, event: SessionEvent): Step {
  switch (event.kind) {
    case 'start':
      return event.after ? at.set('idle-hold', event.after).stay() : start(at);
    case 'timer':
      return event.name === 'idle-hold' ? start(at) : at.stay();
    case 'tcp-request':
      return at.do({ kind: 'refuse' }).stay();
    default:
      return at.stay();
  }
}

function start(at: Transition): Step {
  at.stopAll().retries(0);
  if (!at.settings.dials) return at.to('Active', 'waiting for the peer to connect');
  return at.do({ kind: 'dial' }).retry().to('Connect', 'connecting');
}

/** Connect and Active differ in what a timer and a failure of TCP do; with DelayOpen running they have a connection. */
function connecting(at: Transition, event: SessionEvent): Step {
  const delayed = at.runs('delay-open');
  switch (event.kind) {
    case 'start':
      return at.stay();
    case 'manual-stop':
      return at.retries(0).idle('stopped');
    case 'automatic-stop':
      return at.fail(notificationText(event.notification));
    case 'timer':
      return connectingTimer(at, event.name);
    case 'tcp-request':
      return at.do({ kind: event.valid ? 'accept' : 'refuse' }).stay();
    case 'tcp-up':
      at.stop('connect-retry');
      return at.settings.delayOpenTime > 0
        ? at.set('delay-open', at.settings.delayOpenTime * 1000).stay()
        : sendOpen(at, 'connected');
    case 'tcp-fails':
      if (at.from === 'Active') return at.fail(event.reason);
      return at.stop('delay-open').retry().to('Active', event.reason);
    case 'open':
      return delayed ? confirm(at.do({ kind: 'send-open' }), event) : at.fail('an OPEN without a connection');
    case 'header-error':
    case 'open-error':
      return at.fail(event.kind === 'open-error' ? event.reason : notificationText(event.notification));
    case 'collision-dump':
      return at.count().idle('another connection to the peer was chosen');
    case 'version-error':
      return delayed ? at.idle(received(event.notification)) : at.fail(received(event.notification));
    case 'notification':
      return at.fail(received(event.notification));
    case 'keepalive':
    case 'update':
    case 'update-error':
    case 'route-refresh':
      return at.fail(`${event.kind} before an OPEN`);
    default:
      return unreachable(event);
  }
}

function connectingTimer(at: Transition, name: TimerName): Step {
  switch (name) {
    case 'connect-retry':
      at.stop('delay-open').do({ kind: 'dial' }).retry();
      return at.from === 'Connect' ? at.stay() : at.to('Connect', 'connecting again');
    case 'delay-open':
      return sendOpen(at, 'the peer let us speak first');
    default:
      return at.fail(`the ${name} timer expired`);
  }
}

function sendOpen(at: Transition, reason: string): Step {
  return at
    .stop('connect-retry', 'delay-open')
    .do({ kind: 'send-open' })
    .set('hold', OPEN_HOLD_TIME * 1000)
    .to('OpenSent', reason);
}

function confirm(at: Transition, { holdTime, keepaliveTime }: { holdTime: number; keepaliveTime: number }): Step {
  return at
    .stop('connect-retry', 'delay-open')
    .do({ kind: 'send-keepalive' })
    .negotiated(holdTime, keepaliveTime)
    .holdAgain()
    .keepaliveAgain()
    .to('OpenConfirm', 'OPEN received');
}

function openSent(at: Transition, event: SessionEvent): Step {
  switch (event.kind) {
    case 'tcp-fails':
      // A connection that the peer made does not come back; one that we made is tried again.
      return at.stopAll().do(close()).retry().to('Active', event.reason);
    case 'open':
      return confirm(at, event);
    case 'timer':
      return event.name === 'hold'
        ? at.expire('no OPEN came in time')
        : at.fsmError(0, `the ${event.name} timer expired`);
    case 'keepalive':
      return at.fsmError(FSM_ERROR.IN_OPEN_SENT, 'KEEPALIVE before OPEN', MESSAGE.KEEPALIVE);
    case 'update':
    case 'update-error':
      return at.fsmError(FSM_ERROR.IN_OPEN_SENT, 'UPDATE before OPEN', MESSAGE.UPDATE);
    case 'route-refresh':
      return at.fsmError(FSM_ERROR.IN_OPEN_SENT, 'ROUTE-REFRESH before OPEN', MESSAGE.ROUTE_REFRESH);
    default:
      return opened(at, event);
  }
}

function openConfirm(at: Transition, event: SessionEvent): Step {
  switch (event.kind) {
    case 'tcp-fails':
      return at.fail(event.reason);
    case 'open':
      return at.fsmError(FSM_ERROR.IN_OPEN_CONFIRM, 'a second OPEN', MESSAGE.OPEN);
    case 'timer':
      return openConfirmTimer(at, event.name);
    case 'keepalive':
      at.holdAgain().sendHoldAgain().retries(0).do({ kind: 'established' });
      return at.to('Established', 'KEEPALIVE received');
    case 'update':
    case 'update-error':
      return at.fsmError(FSM_ERROR.IN_OPEN_CONFIRM, 'UPDATE before KEEPALIVE', MESSAGE.UPDATE);
    case 'route-refresh':
      return at.fsmError(FSM_ERROR.IN_OPEN_CONFIRM, 'ROUTE-REFRESH before KEEPALIVE', MESSAGE.ROUTE_REFRESH);
    default:
      return opened(at, event);
  }
}

function openConfirmTimer(at: Transition, name: TimerName): Step {
  if (name === 'hold') return at.expire('no KEEPALIVE came in time');
  if (name === 'keepalive') return at.do({ kind: 'send-keepalive' }).keepaliveAgain().stay();
  if (name === 'send-hold') return at.stuck();
  return at.fsmError(0, `the ${name} timer expired`);
}

function established(at: Transition, event: SessionEvent): Step {
  switch (event.kind) {
    case 'tcp-fails':
      return at.fail(event.reason);
    case 'open':
      return at.fsmError(FSM_ERROR.IN_ESTABLISHED, 'a second OPEN', MESSAGE.OPEN);
    case 'timer':
      return openConfirmTimer(at, event.name);
    case 'keepalive':
      return at.holdAgain().stay();
    case 'update':
      return at.do({ kind: 'process' }).holdAgain().stay();
    case 'update-error':
      return at.reject(event.notification, event.reason);
    case 'route-refresh':
      if (event.error) return at.reject(event.error, notificationText(event.error));
      return at.do({ kind: 'process' }).holdAgain().stay();
    default:
      return opened(at, event);
  }
}

/** What OpenSent, OpenConfirm and Established have in common: there is a connection, and our OPEN went over it. */
function opened(at: Transition, event: SessionEvent): Step {
  switch (event.kind) {
    case 'manual-stop':
      if (event.notification) at.notify(event.notification);
      return at.retries(0).idle('stopped', { kind: 'stopped' });
    case 'automatic-stop':
      return at.reject(event.notification, notificationText(event.notification));
    case 'header-error':
      return at.reject(event.notification, notificationText(event.notification));
    case 'open-error':
      return at.reject(event.notification, event.reason);
    case 'collision-dump':
      at.notify(notification(ERROR.CEASE, CEASE.CONNECTION_COLLISION)).count();
      return at.idle('another connection to the peer was chosen', { kind: 'stopped' });
    case 'version-error':
      if (at.from !== 'Established') return at.idle(received(event.notification));
      return at.fail(received(event.notification), { kind: 'received', notification: event.notification });
    case 'notification':
      return at.fail(received(event.notification), { kind: 'received', notification: event.notification });
    case 'tcp-request':
      return at.do({ kind: event.valid ? 'accept' : 'refuse' }).stay();
    default:
      return at.stay();
  }
}

function received(error: Notification): string {
  return `the peer says: ${notificationText(error)}`;
}

function close(abrupt = false): Effect {
  return { kind: 'close', abrupt };
}

/** The step under construction: gathers effects and timers in the words of the RFC. */
class Transition {
  readonly settings: FsmSettings;
  readonly #before: Fsm;
  readonly #now: number;
  readonly #effects: Effect[] = [];
  #after: Fsm;

  constructor(fsm: Fsm, now: number, settings: FsmSettings) {
    this.#before = fsm;
    this.#after = fsm;
    this.#now = now;
    this.settings = settings;
  }

  get from(): SessionState {
    return this.#before.state;
  }

  runs(name: TimerName): boolean {
    return this.#before.timers[name] !== undefined;
  }

  do(effect: Effect): this {
    this.#effects.push(effect);
    return this;
  }

  set(name: TimerName, delay: number): this {
    return this.#change({ timers: { ...this.#after.timers, [name]: this.#now + delay } });
  }

  stop(...names: TimerName[]): this {
    return this.#change({ timers: stopped(this.#after.timers, ...names) });
  }

  stopAll(): this {
    return this.#change({ timers: NO_TIMERS });
  }

  retries(retries: number): this {
    return this.#change({ retries });
  }

  count(): this {
    return this.retries(this.#after.retries + 1);
  }

  /** Starts ConnectRetryTimer: soon at first, then ever later (§10 wants the jitter). */
  retry(): this {
    const { dials, connectRetryTime } = this.settings;
    if (!dials) return this;
    const wait = Math.min(connectRetryTime * 1000, FIRST_RETRY * 2 ** Math.min(this.#after.retries, 30));
    return this.count().set('connect-retry', this.#jittered(wait));
  }

  negotiated(holdTime: number, keepaliveTime: number): this {
    return this.#change({ holdTime, keepaliveTime });
  }

  holdAgain(): this {
    const { holdTime } = this.#after;
    return holdTime > 0 ? this.set('hold', holdTime * 1000) : this.stop('hold');
  }

  keepaliveAgain(): this {
    const { keepaliveTime } = this.#after;
    return keepaliveTime > 0 ? this.set('keepalive', this.#jittered(keepaliveTime * 1000)) : this.stop('keepalive');
  }

  sendHoldAgain(): this {
    const { holdTime } = this.#after;
    return holdTime > 0 ? this.set('send-hold', sendHoldTime(holdTime) * 1000) : this;
  }

  notify(notification: Notification): this {
    return this.do({ kind: 'send-notification', notification });
  }

  /** N(code/subcode), then X+. */
  reject(error: Notification, reason: string): Step {
    return this.notify(error).fail(reason, { kind: 'sent', notification: error });
  }

  fsmError(subcode: number, reason: string, message?: number): Step {
    return this.reject(notification(ERROR.FSM, subcode, message === undefined ? [] : [message]), reason);
  }

  expire(reason: string): Step {
    const text = this.from === 'Established' ? `nothing heard for ${this.#before.holdTime} s` : reason;
    return this.notify(notification(ERROR.HOLD_TIMER_EXPIRED)).fail(`hold timer expired: ${text}`, { kind: 'hold' });
  }

  /** RFC 9687: the peer does not read; a NOTIFICATION would only join the queue. */
  stuck(): Step {
    const error = notification(ERROR.SEND_HOLD_TIMER_EXPIRED);
    return this.fail('the peer has not read for too long', { kind: 'sent', notification: error }, true);
  }

  /** X+ → Idle. */
  fail(reason: string, cause: LossCause = { kind: 'lost' }, abrupt = false): Step {
    return this.count().do({ kind: 'penalty', reason }).idle(reason, cause, abrupt);
  }

  /** X → Idle. */
  idle(reason: string, cause: LossCause = { kind: 'lost' }, abrupt = false): Step {
    this.stopAll().negotiated(0, 0).do(close(abrupt));
    if (this.from === 'Established') this.do({ kind: 'lost', cause, reason });
    return this.to('Idle', reason);
  }

  to(state: SessionState, reason: string): Step {
    this.#change({ state });
    this.do({ kind: 'state', from: this.from, to: state, reason });
    return this.stay();
  }

  stay(): Step {
    return { fsm: this.#after, effects: this.#effects };
  }

  #jittered(delay: number): number {
    return delay * (1 - 0.25 * this.settings.random());
  }

  #change(fields: Partial<Fsm>): this {
    this.#after = { ...this.#after, ...fields };
    return this;
  }
}

/** Seconds: RFC 9687 §3. */
export function sendHoldTime(holdTime: number): number {
  return Math.max(MIN_SEND_HOLD_TIME, 2 * holdTime);
}
