/**
 * filter: the packet filter's tables, all of ours.
 *
 *     nat, tunnels, wireguard, endpoints, services, qos        rooms: each says what it has to say, as `Contents`
 *           │ contents
 *        tables.ts ─► FilterTable { parts }                    which room speaks in which table
 *           │ room.want
 *     FilterReconciler ─► KeptTable ── Composition             what it should be, object by object
 *                             │     ── KernelTable             what the kernel has, object by object
 *                             │ changeTo: the difference, as one transaction
 *                             ▼
 *                          Nft.run                             Nft.list only where it is not known what the kernel has
 *
 * A table is composed of parts. A part is what stands or falls by itself: when the kernel refuses a transaction, its parts
 * are tried by halves, and the one that is refused is named and tried again later, while the others hold. Parts may share
 * chains, sets and maps. What is acknowledged is remembered, so a change costs what it says: a set as large as the cluster
 * comes as `Entries`, and one node is one element. Only at the start, after a change by somebody else (which the
 * kernel tells of, with its table), and at the timer's full look is a table listed and compared: chains by their rules'
 * comments, each of which ends in a fingerprint, sets and maps element by element.
 *
 * A room that comes next (policy) takes a `FilterRoom`, gives each policy, class of endpoints and set a part of its own, with an
 * `order` by which what is led to comes first, and hears with `standing` whether a part is in the kernel.
 */
export {
  addresses,
  addressType,
  type Contents,
  FORWARD,
  isOf,
  ON_ARRIVAL,
  outermost,
  outermostOf,
  POSTROUTING,
  PREROUTING,
  type ReasonedEntry,
  type ReasonedRule,
  wordOf,
} from './contents.ts';
export { commentOf } from './pieces.ts';
export { type FilterEntry, FilterReconciler, type FilterRoom } from './reconcile.ts';
export type { FailedFilter } from './standing.ts';
export { type FilterPart, type FilterTable, nameOf, tableOf } from './table.ts';
