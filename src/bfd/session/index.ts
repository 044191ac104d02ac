/**
 * bfd/session: one neighbour's liveness (RFC 5880 §6), and who of several a packet is for. Pure: the clock, chance and the
 * network are handed in.
 */
export type { BfdTimers } from './intervals.ts';
export { BfdSession } from './session.ts';
export {
  type BfdAccount,
  type BfdNeighbour,
  type BfdSessions,
  type BfdWay,
  sessionsOf,
} from './sessions.ts';
