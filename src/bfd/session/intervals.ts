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

/** How much of an interval is taken away at least, and at most (RFC 5880 §6.8.7, with a multiplier of 1 as with all). */
const [LEAST, MOST] = [0.2, 0.25];

/**
 * Milliseconds to the next packet: the interval less a random part, so that systems don't send in step. It is near to the most
 * that may be taken: who gives processors by quota takes one away for a tenth of a second, and then three times 50 ms last only if the
 * packet before was less than 40 ms ago. `random`: 0 to 1.
 */
export function jittered(interval: number, random: number): number {
  return interval * (1 - LEAST - random * (MOST - LEAST));
}
