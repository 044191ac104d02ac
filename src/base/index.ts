/**
 * base: the words that everybody speaks.
 *
 * Addresses and prefixes come in two shapes. As values (`Address`, `Prefix`) they are for configuration, IPAM and
 * people. As integers (`Ipv4`, the columns of `PrefixTable`) they are for hot paths, where a route must cost
 * nanoseconds and no object. `Interned` gives values numbers, and takes them back. `DeltaMap` is the one diff between what
 * is wanted and what is there. `Clock` is the one door to time. Nothing here knows what a router is, and
 * nothing but `clock.ts`, and `folder.ts` which has a door of its own, touches the world.
 */
export * from './address.ts';
export * from './backoff.ts';
export * from './byte-reader.ts';
export * from './byte-writer.ts';
export * from './clock.ts';
export * from './counted-numbers.ts';
export * from './covering.ts';
export * from './delta-map.ts';
export * from './duration.ts';
export * from './ending-clock.ts';
export * from './ending-log.ts';
export * from './entries.ts';
export * from './errors.ts';
export * from './few.ts';
export * from './file-trouble.ts';
export * from './go-pattern.ts';
export * from './interned.ts';
export * from './ipv4.ts';
export * from './ipv6.ts';
export * from './keyed-delta.ts';
export * from './letters-apart.ts';
export * from './log.ts';
export * from './loopback.ts';
export * from './paced.ts';
export * from './passes.ts';
export * from './prefix.ts';
export * from './prefix-table.ts';
export * from './repeated.ts';
export * from './retry-queue.ts';
export * from './same.ts';
export * from './socket-descriptor.ts';
export * from './stopwatch.ts';
export * from './version.ts';
export * from './virtual-clock.ts';
export * from './wireguard-key.ts';
