import { unreachable } from '../../base/index.ts';
import type { SessionState } from '../api.ts';
import { CEASE, ERROR, FSM_ERROR, MESSAGE, type Notification, notification, notificationText } from '../wire/index.ts';
import type { SessionEvent } from './events.ts';
import { stopped, type TimerName } from './timers.ts';
import { type Fsm, type FsmSettings, type Step, Transition } from './transition.ts';

/*
 * The finite state machine of RFC 4271 §8.2.2 for one connection, as a pure function. Where it departs from the
 * letter: no NOTIFICATION answers a NOTIFICATION; header errors are answered with their own code in every state; a
 * dial that fails leads to Active, so that a peer that is merely not up yet is tried again soon; unexpected messages
 * are named as RFC 6608 wants; a second OPEN on a connection is such a message, since collisions are the peer's
 * business (`peer.ts`), which feeds only the OPENs of winners in here.
 */

/** What `event` does to a connection at time `now` (milliseconds of the clock). */
export function step(fsm: Fsm, event: SessionEvent, now: number, settings: FsmSettings): Step {
  if (event.kind !== 'timer') return HANDLERS[fsm.state](new Transition(fsm, now, settings), event);
  if (fsm.timers[event.name] === undefined) return { fsm, effects: [] };
  const fired = { ...fsm, timers: stopped(fsm.timers, event.name) };
  return HANDLERS[fsm.state](new Transition(fired, now, settings), event);
}

/** Seconds to wait for an OPEN: the "large value" of RFC 4271. */
const OPEN_HOLD_TIME = 240;

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
  return at.do({ kind: 'dial' }).retry().to('Connect', 'dialling');
}

/** Connect and Active differ in what a timer and a failure of TCP do; with DelayOpen running they have a connection. */
function connecting(at: Transition, event: SessionEvent): Step {
  const delayed = at.runs('delay-open');
  switch (event.kind) {
    case 'start':
      return at.stay();
    case 'manual-stop':
      return at.retries(0).idle(event.reason ?? 'stopped');
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
        : sendOpen(at, 'TCP connection is up, OPEN sent');
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
      return at.from === 'Connect' ? at.stay() : at.to('Connect', 'dialling again');
    case 'delay-open':
      return sendOpen(at, 'waited for the peer to speak first, OPEN sent');
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
    .to('OpenConfirm', 'OPEN accepted');
}

function openSent(at: Transition, event: SessionEvent): Step {
  switch (event.kind) {
    case 'tcp-fails':
      // A connection that the peer made does not come back; one that we made is tried again.
      return at.stopAll().do({ kind: 'close', abrupt: false }).retry().to('Active', event.reason);
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
      return at.to('Established', 'KEEPALIVE: established');
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
      at.retries(0);
      if (!event.notification) return at.idle('stopped', { kind: 'stopped' });
      return at.notify(event.notification).idle('stopped', { kind: 'sent', notification: event.notification });
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
