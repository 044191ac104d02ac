import type { Notification } from '../wire/index.ts';
import type { TimerName } from './timers.ts';

/**
 * Everything that can happen to one connection: the inputs of `fsm.ts`. Numbers are the events of RFC 4271 §8.1;
 * the RFC's many starts differ in settings only, so there is one, and so it is with the two kinds of "TCP is up".
 * 14 and 15, someone who wants to connect, are no events here: the listener admits by address (`Listener.admit`), and a
 * connection that it took begins with a machine of its own (`PeerConnections.accept`).
 */
export type SessionEvent =
  /** 1, 3–7: the peer is wanted. With `after` milliseconds only once that idle hold is over (DampPeerOscillations). */
  | { readonly kind: 'start'; readonly after?: number }
  /** 2: the operator wants it no more. Without a NOTIFICATION the end is silent, so that peers keep routes (RFC 4724). */
  | { readonly kind: 'manual-stop'; readonly notification?: Notification; readonly reason?: string }
  /** 8: the speaker itself ends it, say at a prefix limit. */
  | { readonly kind: 'automatic-stop'; readonly notification: Notification }
  /** 9–13, and 29 of RFC 9687: one that is not running is ignored. */
  | { readonly kind: 'timer'; readonly name: TimerName }
  /** 16, 17: the TCP connection is up, dialled by us or by the peer. */
  | { readonly kind: 'tcp-up' }
  /** 18: it could not be made, or is gone. */
  | { readonly kind: 'tcp-fails'; readonly reason: string }
  /** 19, 20: a valid OPEN that lost no collision; the times in seconds as negotiated. */
  | { readonly kind: 'open'; readonly holdTime: number; readonly keepaliveTime: number }
  /** 21 */
  | { readonly kind: 'header-error'; readonly notification: Notification }
  /** 22 */
  | { readonly kind: 'open-error'; readonly notification: Notification; readonly reason: string }
  /** 23: the other connection to the same peer was chosen. */
  | { readonly kind: 'collision-dump' }
  /** 24: a NOTIFICATION that the version is wrong. */
  | { readonly kind: 'version-error'; readonly notification: Notification }
  /** 25: any other NOTIFICATION. */
  | { readonly kind: 'notification'; readonly notification: Notification }
  /** 26 */
  | { readonly kind: 'keepalive' }
  /** 27 */
  | { readonly kind: 'update' }
  /** 28, and only what RFC 7606 left of it: the session can't go on. */
  | { readonly kind: 'update-error'; readonly notification: Notification; readonly reason: string }
  /** RFC 2918; a bad one (RFC 7313) carries what to answer. */
  | { readonly kind: 'route-refresh'; readonly error?: Notification };
