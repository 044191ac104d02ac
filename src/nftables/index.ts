/**
 * nftables: programming the packet filter as a transaction of values.
 *
 *   Transaction (objects + verbs) ──► Nft.run ─┬─ text ──► nft -f -                         all or nothing
 *                                              └─ elements only ──► netlink: one batch      all or nothing
 *   TableListing ◄── zod ◄── nft -j ◄── Nft.list                         what a reconciler compares with
 *
 * A table is the unit of ownership: after a crash our table's name tells what is ours, a rule's comment which rule it is.
 * The text of a transaction is what runs, what the debug log shows and what tests compare. We go by the `nft` program
 * rather than by netlink because its language is the stable and documented interface, and readable; nft 1.0.6 (Debian 12)
 * is the oldest we use, so there is no `destroy`: `removeTable` adds before it deletes. Elements of sets and maps, by far the
 * most frequent change, need no program: `element-data.ts` reads their words as nft does, and what it does not know goes by nft.
 */
export * from './errors.ts';
export { fingerprint } from './fingerprint.ts';
export type * from './listing.ts';
export { type Nft, type NftOptions, openNft, openRulesets, type RulesetSource } from './nft.ts';
export type { Chain, ChainHook, MapElement, NamedMap, NamedSet, NftRule, Table, TableFamily } from './objects.ts';
export type { Operation } from './operation.ts';
export type { Ruleset } from './ruleset.ts';
export { Transaction } from './transaction.ts';
export { type Walk, type WalkedPacket, walk, walkHooks } from './walk.ts';
