import type { PeerConfig } from './api.ts';

/** The limits of a configuration on how long a peer's routes may be kept for it. */
export type StaleLimits = Pick<
  PeerConfig,
  'gracefulRestart' | 'longLivedStaleTime' | 'maxRestartTime' | 'maxLongLivedStaleTime'
>;

/** Seconds, unless the configuration says otherwise. */
const MAX_RESTART_TIME = 600;
const MAX_LONG_LIVED_STALE_TIME = 86_400;

/** Most seconds that stale routes wait for the peer, and then for the end of its table (RFC 4724 §4.2). */
export function maxRestartTime({ maxRestartTime: limit, gracefulRestart }: StaleLimits): number {
  return limit ?? Math.max(MAX_RESTART_TIME, gracefulRestart?.time ?? 0);
}

/** Most seconds that they stay beyond that (RFC 9494 §4.2). */
export function maxLongLivedStaleTime({ maxLongLivedStaleTime: limit, longLivedStaleTime = 0 }: StaleLimits): number {
  return limit ?? Math.max(MAX_LONG_LIVED_STALE_TIME, longLivedStaleTime);
}
