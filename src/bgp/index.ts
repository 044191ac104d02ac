/**
 * bgp: a BGP-4 speaker as a library (RFC 4271 and its successors; the list is in README.md).
 *
 *     bytes ─► transport ─► session ─► wire ─► rib ─► best routes, to whoever embeds it
 *     bytes ◄─ transport ◄─ session ◄───────── rib ◄─ routes of our own
 *
 * `Speaker` is the door: say who the peers are and which routes are ours, hear of best routes and events, ask why.
 * It knows nothing of kernels, clusters or files; it imports `base` alone. `transport` is the only folder with I/O,
 * the clock is handed in, and with `MemoryNetwork` and a virtual clock a whole network of speakers runs in a test.
 */
/** The library takes the system's clock by itself; who embeds it may hand in another, such as one that a test winds. */
export { type Clock, type Family, formatIpv4, formatIpv6, systemClock, VirtualClock } from '../base/index.ts';
export type * from './api.ts';
export { BmpClient, type BmpClientOptions } from './bmp/index.ts';
export { MrtMessages } from './mrt/index.ts';
export { parseCommunity } from './policy/index.ts';
export { type RtrCacheStatus, RtrClient, type RtrClientOptions, type RtrStatus } from './rpki/index.ts';
export { Speaker } from './speaker.ts';
export { MemoryNetwork, type Transport } from './transport/index.ts';
