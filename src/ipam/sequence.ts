/** As JSON gives it: a `bigint` where a number wouldn't be exact. */
export type Sequence = number | bigint;

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;

/**
 * Sequence numbers tell one allocation of an address from the next. A block is born with the time in nanoseconds,
 * so that one which is deleted and made again doesn't repeat the numbers of its former life.
 */
export function firstSequence(wallTime: number): bigint {
  return BigInt(Math.trunc(wallTime)) * NANOSECONDS_PER_MILLISECOND;
}

export function nextSequence(sequence: Sequence | undefined): bigint {
  return BigInt(sequence ?? 0) + 1n;
}

export function sameSequence(a: Sequence | undefined, b: Sequence | undefined): boolean {
  return BigInt(a ?? 0) === BigInt(b ?? 0);
}
