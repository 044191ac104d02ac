import type { RtrIntervals } from './pdu.ts';

/** The intervals that version 0 does not send (RFC 8210 §6). */
export const USUAL_INTERVALS: RtrIntervals = Object.freeze({ refresh: 3600, retry: 600, expire: 7200 });

/** The intervals of a cache, brought within what RFC 8210 §6 allows: expiry comes after refresh and retry. */
export function intervalsWithin({ refresh, retry, expire }: RtrIntervals): RtrIntervals {
  const [kept, again] = [bounded(refresh, 1, 86_400), bounded(retry, 1, 7200)];
  return { refresh: kept, retry: again, expire: Math.max(bounded(expire, 600, 172_800), kept + 1, again + 1) };
}

function bounded(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
