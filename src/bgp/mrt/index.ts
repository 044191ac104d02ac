/**
 * mrt: what peers say and what is in the tables, written down in the format that route collectors publish
 * (RFC 6396, 8050).
 *
 *     SessionRecord ─► MrtMessages ─► sink        BGP4MP_ET: each message and change of state
 *     tables ─► tableDump ─► records              TABLE_DUMP_V2: peer index, then a record for each prefix
 *
 * Pure: where records go is up to whoever hands in the sink.
 */
export { MrtMessages } from './messages.ts';
export * from './records.ts';
