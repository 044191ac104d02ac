import { unreachable } from '../../base/index.ts';
import { type Notification, notificationText } from '../wire/index.ts';
import type { SessionEvent } from './events.ts';
import type { TimerName } from './timers.ts';
import type { Step, Transition } from './transition.ts';

/*
 * The states before our OPEN has gone out: Idle, Connect and Active.
 */

/** Seconds to wait for an OPEN: the "large value" of RFC 4271. */
const OPEN_HOLD_TIME = 240;

export function idle(at: Transition, event: SessionEvent): Step {
  switch (event.kind) {
    case 'start':
      return event.after ? at.set('idle-hold', event.after).stay() : start(at);
    case 'manual-stop':
      // A start that was put off must not come to pass.
      return at.stop('idle-hold').stay();
    case 'timer':
      return event.name === 'idle-hold' ? start(at) : at.stay();
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
export function connecting(at: Transition, event: SessionEvent): Step {
  const delayed = at.runs('delay-open');
  switch (event.kind) {
    case 'start':
      return at.stay();
    case 'manual-stop':
      return at.retries(0).idle(event.reason ?? 'stopped');
    case 'automatic-stop':
      return at.fail(notificationText(event.notification));
    case 'timer':
      return timer(at, event.name);
    case 'tcp-up':
      at.stop('connect-retry');
      return at.settings.delayOpenTime > 0
        ? at.set('delay-open', at.settings.delayOpenTime * 1000).stay()
        : sendOpen(at, 'TCP connection is up, OPEN sent');
    case 'tcp-fails':
      if (at.from === 'Active') return at.fail(event.reason);
      // The wait for the next dial has run since this one began, and is not made longer by how this one ended.
      if (at.runs('connect-retry')) return at.to('Active', event.reason);
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

function timer(at: Transition, name: TimerName): Step {
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
    .stop('connect-retry')
    .stop('delay-open')
    .do({ kind: 'send-open' })
    .set('hold', OPEN_HOLD_TIME * 1000)
    .to('OpenSent', reason);
}

/** An OPEN was accepted; in OpenSent, or with DelayOpen running. */
export function confirm(
  at: Transition,
  { holdTime, keepaliveTime }: { readonly holdTime: number; readonly keepaliveTime: number },
): Step {
  return at
    .stop('connect-retry')
    .stop('delay-open')
    .do({ kind: 'send-keepalive' })
    .negotiated(holdTime, keepaliveTime)
    .holdAgain()
    .keepaliveAgain()
    .to('OpenConfirm', 'OPEN accepted');
}

/** A NOTIFICATION as the reason for a change of state. */
export function received(error: Notification): string {
  return `the peer says: ${notificationText(error)}`;
}
