import type { Notification } from '../wire/index.ts';

/**
 * Why an Established session ended, as far as graceful restart cares: `lost` TCP broke or was replaced by the
 * restarted peer's new connection; `hold` the peer fell silent; `stopped` silently, by our own will.
 */
export type LossCause =
  | { readonly kind: 'lost' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'sent'; readonly notification: Notification }
  | { readonly kind: 'received'; readonly notification: Notification };

/** Everything that one connection can want done: the outputs of `fsm.ts`, to be carried out in order once it is in its new state. */
export type Effect =
  /** Connect to the peer; a dial under way and an open connection are given up first. */
  | { readonly kind: 'dial' }
  | { readonly kind: 'send-open' }
  | { readonly kind: 'send-keepalive' }
  | { readonly kind: 'send-notification'; readonly notification: Notification }
  /** Give up the dial or the connection. `abrupt`: the peer does not read, so there is no use in waiting for it. */
  | { readonly kind: 'close'; readonly abrupt: boolean }
  /** The session is up: routes may flow. */
  | { readonly kind: 'established' }
  /** It no longer is: the peer's routes go, or become stale. */
  | { readonly kind: 'lost'; readonly cause: LossCause; readonly reason: string }
  /** The UPDATE or ROUTE-REFRESH that was fed in is to be processed. */
  | { readonly kind: 'process' }
  /** HoldTimer starts again. It is noted only, and the timer moves when it comes due: this happens for each message. */
  | { readonly kind: 'restart-hold' }
  /** ConnectRetryCounter went up because of an error: the next start is held back (DampPeerOscillations). */
  | { readonly kind: 'penalty'; readonly reason: string };
