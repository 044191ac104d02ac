/**
 * rpki: which AS may announce which prefix, as a cache tells us (RFC 8210), and what follows for a route (RFC 6811).
 *
 *     cache ─► transport ─► RtrFramer ─► RtrSession ─ End of Data ─► ValidatedPrefixes ─► valid, invalid, not-found
 *     cache ◄─ transport ◄──────────── queries
 *
 * The cache has checked the signatures; we believe it, so the way to it must be a trusted one. What it says is applied
 * at End of Data, whole or not at all: no route is judged by half an answer. Data outlives a lost connection up to its
 * expiry; then there is none, and every route is not-found. Each cache has its link and session, and the data of one counts:
 * `RtrClient` says whose. The links dial, all else is pure and has its time from the clock. Router keys (BGPsec) are read and
 * passed over.
 */
export { type RtrCacheStatus, RtrClient, type RtrClientOptions, type RtrStatus } from './client.ts';
