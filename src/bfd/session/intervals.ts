/** The timers that a session is asked to keep to. Intervals are in milliseconds. */
export interface BfdTimers {
  /** bfd.DesiredMinTxInterval while the session is Up. */
  readonly sendInterval: number;
  /** bfd.RequiredMinRxInterval. */
  readonly receiveInterval: number;
  /** bfd.DesiredMinTxInterval while it is not Up; a second at least (RFC 5880 §6.8.3). */
  readonly idleInterval: number;
  /** bfd.DetectMult: 1 to 255. */
  readonly multiplier: number;
}

const LEAST_IDLE = 1000;

/** The interval to ask for while the session is not Up, in milliseconds. */
export function idleInterval({ idleInterval: wanted, sendInterval }: BfdTimers): number {
  return Math.max(LEAST_IDLE, wanted, sendInterval);
}

/**
 * Milliseconds to the next packet: the interval less a random quarter at most, so that systems don't send in step. With
 * a multiplier of 1, a tenth at least is taken away too (RFC 5880 §6.8.7). `random`: 0 to 1.
 */
export function jittered(interval: number, multiplier: number, random: number): number {
  const [least, most] = multiplier === 1 ? [0.1, 0.25] : [0, 0.25];
  return interval * (1 - least - random * (most - least));
}
