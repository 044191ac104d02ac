/**
 * netlink: the kernel's links, addresses, routes, rules and neighbours as typed verbs, after ip(8), queueing
 * after tc(8), WireGuard devices after wg(8), and followed connections after conntrack(8).
 *
 *   Kernel ── NetlinkKernel ─┬─ client ── socket ── kernel     requests and dumps, matched by sequence number
 *                            ├─ batch ───┘                     the hot path: hundreds of routes to a system call
 *                            ├─ monitor ─ socket               notifications → events, an overflow → "list again"
 *                            ├─ table-monitor ─ socket         nftables' notifications → which table, and who changed it
 *                            ├─ packet-log ─── socket         packets that a rule hands out, with what it says of them
 *                            ├─ connection-events ─ socket    connections that begin and end, read when somebody asks
 *                            ├─ traffic-control-client         qdiscs and filters, on the same client
 *                            ├─ wireguard-client ─ client      generic netlink, on a socket that is opened when needed
 *                            └─ connections-client ─ client    netfilter's connection tracking, likewise
 *
 *   TableElements ─┬─ element-batch ─┬─ batch-socket ── kernel   changes of nftables' tables: one batch, one transaction
 *                  └─ table-reading ─┘                           all of a table, as it was at one moment
 *
 * `wire/` turns objects into bytes and back and does nothing else; `socket.ts`, `namespace.ts` and `hail.ts` are all the I/O
 * there is. Messages are in host byte order, which is little-endian on every machine that we run on. Decoders take whatever
 * comes: they answer with an object, with `undefined` for what is not ours to read, or with a typed error.
 *
 * Formats: include/uapi/linux/{netlink,rtnetlink,if_link,if_addr,fib_rules,neighbour,pkt_sched,pkt_cls,genetlink,
 * wireguard}.h, include/uapi/linux/netfilter/{nfnetlink,nfnetlink_conntrack,nfnetlink_log,nf_tables}.h of the kernel.
 */

export * from './device-names.ts';
export { openTableElements } from './element-batch.ts';
export { isKernelError, KernelError } from './errors.ts';
export { hailLink } from './hail.ts';
export * from './ip-text.ts';
export * from './kernel.ts';
export { leave } from './leave.ts';
export { type KernelOptions, openKernel } from './netlink-kernel.ts';
export { sysctlRead, sysctlWord, sysctlWrite } from './sysctl.ts';
export * from './table-changes.ts';
export type * from './table-dump.ts';
export type * from './table-elements.ts';
export type * from './table-objects.ts';
export { formatBucket, formatIngressFilter, formatQdisc } from './tc-text.ts';
