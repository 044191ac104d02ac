import { CEASE, ERROR, FSM_ERROR, MESSAGE, notification, notificationText } from '../wire/index.ts';
import type { Effect } from './effects.ts';
import type { SessionEvent } from './events.ts';
import { confirm, received } from './fsm-connecting.ts';
import type { TimerName } from './timers.ts';
import type { Step, Transition } from './transition.ts';

/*
 * The states after our OPEN has gone out: OpenSent, OpenConfirm and Established.
 */

/** The effects of a message in a session that is up: shared, for there are many thousands. */
const HEARD: readonly Effect[] = Object.freeze([{ kind: 'restart-hold' }]);
const HEARD_AND_PROCESS: readonly Effect[] = Object.freeze([{ kind: 'process' }, { kind: 'restart-hold' }]);

const COLLISION = Object.freeze(notification(ERROR.CEASE, CEASE.CONNECTION_COLLISION));

export function openSent(at: Transition, event: SessionEvent): Step {
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

export function openConfirm(at: Transition, event: SessionEvent): Step {
  switch (event.kind) {
    case 'tcp-fails':
      return at.fail(event.reason);
    case 'open':
      return at.fsmError(FSM_ERROR.IN_OPEN_CONFIRM, 'a second OPEN', MESSAGE.OPEN);
    case 'timer':
      return timer(at, event.name);
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

export function established(at: Transition, event: SessionEvent): Step {
  switch (event.kind) {
    case 'tcp-fails':
      return at.fail(event.reason);
    case 'open':
      return at.fsmError(FSM_ERROR.IN_ESTABLISHED, 'a second OPEN', MESSAGE.OPEN);
    case 'timer':
      return timer(at, event.name);
    case 'keepalive':
      return at.effects(HEARD);
    case 'update':
      return at.effects(HEARD_AND_PROCESS);
    case 'update-error':
      return at.reject(event.notification, event.reason);
    case 'route-refresh':
      if (event.error) return at.reject(event.error, notificationText(event.error));
      return at.effects(HEARD_AND_PROCESS);
    default:
      return opened(at, event);
  }
}

/** OpenConfirm and Established run the same timers. */
function timer(at: Transition, name: TimerName): Step {
  if (name === 'hold') return at.expire('no KEEPALIVE came in time');
  if (name === 'keepalive') return at.do({ kind: 'send-keepalive' }).keepaliveAgain().stay();
  if (name === 'send-hold') return at.stuck();
  return at.fsmError(0, `the ${name} timer expired`);
}

/** The common part of OpenSent, OpenConfirm and Established: there is a connection, and our OPEN went over it. */
function opened(at: Transition, event: SessionEvent): Step {
  switch (event.kind) {
    case 'manual-stop':
      at.retries(0);
      if (!event.notification) return at.idle('stopped', { kind: 'stopped' });
      return at.notify(event.notification).idle(`stopped here: ${notificationText(event.notification)}`, {
        kind: 'sent',
        notification: event.notification,
      });
    case 'automatic-stop':
      return at.reject(event.notification, notificationText(event.notification));
    case 'header-error':
      return at.reject(event.notification, notificationText(event.notification));
    case 'open-error':
      return at.reject(event.notification, event.reason);
    case 'collision-dump':
      at.notify(COLLISION).count();
      return at.idle('another connection to the peer was chosen', { kind: 'stopped' });
    case 'version-error':
      if (at.from !== 'Established') return at.idle(received(event.notification));
      return at.fail(received(event.notification), { kind: 'received', notification: event.notification });
    case 'notification':
      return at.fail(received(event.notification), { kind: 'received', notification: event.notification });
    default:
      return at.stay();
  }
}
