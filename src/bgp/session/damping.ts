/**
 * DampPeerOscillations (RFC 4271 §8.1.1): how long to stay Idle after an error. The first error costs nothing; each
 * further one doubles the wait. What makes up for errors is time spent Established, not the mere fact of coming up
 * once more: a peer whose every session dies at its first UPDATE is held off ever longer.
 */
export interface Damping {
  /** Errors, less what time up has made good. */
  readonly level: number;
}

export const UNDAMPED: Damping = Object.freeze({ level: 0 });

/** Milliseconds. */
const FIRST_WAIT = 1000;
const MAX_WAIT = 60_000;
const MAX_LEVEL = 8;
/** Time up that halves the level. */
const HALF_LIFE = 60_000;
/** Less than this is forgiven. */
const FORGIVEN = 0.5;

/** After `up` milliseconds of being Established. */
export function decayed({ level }: Damping, up: number): Damping {
  const left = level * 0.5 ** (up / HALF_LIFE);
  return { level: left < FORGIVEN ? 0 : left };
}

export function penalised({ level }: Damping): Damping {
  return { level: Math.min(MAX_LEVEL, level + 1) };
}

/** Milliseconds to stay Idle. */
export function idleHold({ level }: Damping, random: () => number): number {
  if (level <= 1) return 0;
  return Math.min(MAX_WAIT, FIRST_WAIT * 2 ** (level - 2)) * (1 - 0.25 * random());
}
