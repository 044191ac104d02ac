import type { AddressFamily } from '../api.ts';
import type { Negotiated } from '../contract.ts';
import { maxLongLivedStaleTime, maxRestartTime, type StaleLimits } from '../stale-limits.ts';
import { CEASE, ERROR, type Notification } from '../wire/index.ts';
import type { LossCause } from './effects.ts';

export interface KeptFamily {
  readonly family: AddressFamily;
  /** How long the routes may stay without the peer. */
  readonly seconds: number;
  /** The part of it that is the restart time; the rest they are long-lived stale. */
  readonly restartTime: number;
}

/**
 * The peer's routes that outlive the session, as the helper of RFC 4724 §4.2: after a loss of TCP always; after
 * a NOTIFICATION or a hold time that ran out only if both sides set the N bit (RFC 8538), and never after a Hard
 * Reset. Long-lived stale time (RFC 9494) comes on top of the restart time. The peer names both, up to a limit.
 */
export function retained(negotiated: Negotiated, cause: LossCause, limits: StaleLimits = {}): readonly KeptFamily[] {
  const restart = negotiated.gracefulRestart;
  if (restart === undefined || !survives(cause, restart.notification)) return [];
  const longLived = negotiated.longLived ?? [];
  return restart.families
    .map(({ family }) => {
      const { staleTime = 0 } = longLived.find((mark) => mark.family === family) ?? {};
      const restartTime = Math.min(restart.restartTime, maxRestartTime(limits));
      return { family, seconds: restartTime + Math.min(staleTime, maxLongLivedStaleTime(limits)), restartTime };
    })
    .filter(({ seconds }) => seconds > 0);
}

function survives(cause: LossCause, bothNotify: boolean): boolean {
  switch (cause.kind) {
    case 'lost':
      return true;
    case 'hold':
      return bothNotify;
    case 'sent':
    case 'received':
      return bothNotify && !isForGood(cause.notification);
    case 'stopped':
      return false;
  }
}

/**
 * A Hard Reset says so; and where BFD has found the way to be broken, nothing is forwarded that could be waited with
 * (RFC 5882 §4.3).
 */
function isForGood({ code, subcode }: Notification): boolean {
  return code === ERROR.CEASE && (subcode === CEASE.HARD_RESET || subcode === CEASE.BFD_DOWN);
}
