/**
 * bmp: what peers say, told to a collector as it happens (RFC 7854).
 *
 *     SessionRecord ─► BmpClient ─► collector        initiation, peer up and down, route monitoring, statistics
 *
 * Routes are those of Adj-RIB-In before policy: UPDATEs go on as they came, and a collector that connects later gets
 * the tables as UPDATEs made anew. `messages.ts` is pure; the client has no state but who is up, and a bounded one on
 * its connection.
 */
export { BmpClient, type BmpClientOptions } from './client.ts';
export * from './messages.ts';
