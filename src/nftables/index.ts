/**
 * nftables: programming the packet filter as a transaction of values.
 *
 *   Transaction (objects + verbs) ──► Nft.run ─┬─ text ──► nft -f -                         all or nothing
 *                                              └─ known words ──► netlink: one batch        all or nothing
 *   TableListing ◄── zod ◄── nft -j ◄── Nft.list                         what a reconciler compares with
 *
 * A table is the unit of ownership: after a crash our table's name tells what is ours, a rule's comment which rule it is.
 * The text of a transaction is what runs, what the debug log shows and what tests compare. We go by the `nft` program
 * rather than by netlink because its language is the stable and documented interface, and readable; nft 1.0.6 (Debian 12)
 * is the oldest we use, so there is no `destroy`: `removeTable` adds before it deletes. The frequent changes need no program:
 * `element-data.ts` and `rule-words.ts` read the words of elements, and of the rules that policy is made of, as nft does, and
 * `table-changes.ts` puts them together. What they do not know goes by nft, and so does what the kernel refuses of them.
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
