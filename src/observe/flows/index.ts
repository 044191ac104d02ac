/**
 * flows: who talked to whom, as the kernel tells it: connections that begin and end, and packets that policy dropped.
 *
 *     connection events ─┐  own pods   same ends, protocol and port,   a number for each,
 *     dropped packets ───┴─► only ───► within one window: one record ─► the oldest goes when there is no room
 *
 * All of it is pure, and counts on numbers alone: names, verdicts and text are made of a record when somebody asks for it.
 */
export type { DeniedPacket, FlowRecord } from './flow.ts';
export { OwnAddresses, wordsOf } from './own-addresses.ts';
export { FlowRing } from './ring.ts';
