/**
 * keeping: the third hand. It makes the store say what this node should: its Node, its tunnels' addresses, its keys, the
 * condition NetworkUnavailable; and, while this node leads, what belongs to all.
 *
 *     desired ─────────┐      ┌─► node-keeping ──────┐
 *     links, addresses ┼─ Kept ─► tunnel-addresses ───┼─► compare-and-swap ─► store
 *     keys, serving ───┤      ├─► wireguard-keys ────┤           ▲
 *     news of the store┘      └─► network-condition ─┘       KnownNodes
 *
 *     leader/   lease ─► collection of addresses, compaction, figures, remarks, host endpoints,
 *                    load balancers' addresses
 *
 * Each part is looked at soon after news of it, from time to time, and after a failure again (`kept`); a look that finds all
 * right costs no request. So what somebody else changes is put right, and a lost race is run again.
 */
export { NoAddress } from './autodetect.ts';
export { Keeping, type KeepingOptions } from './keeping.ts';
export type { ObjectProblem } from './leader/remarks.ts';
export { AddressInUse } from './own-node.ts';
export { type PoolSettings, poolProblems, type SettingProblem } from './pool-settings.ts';
export type { NodeSettings } from './settings.ts';
