import { type Family, parsePrefix } from '../../base/index.ts';
import type { DesiredPool } from '../../calc/desired.ts';
import { type NamedSet, type Table, Transaction } from '../../nftables/index.ts';

/** Our own table in each family: its name is how we know it again after a crash. */
export function natTable(family: Family): Table {
  return { family: family === 4 ? 'ip' : 'ip6', name: 'vrouter-nat' };
}

/** Pools whose pods are hidden behind their node, and everything that is reached without hiding. */
function sets(family: Family): { readonly masquerade: NamedSet; readonly inside: NamedSet } {
  const type = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
  const shape = { type, flags: ['interval'], autoMerge: true } as const;
  return { masquerade: { name: 'masq-ipam-pools', ...shape }, inside: { name: 'network-ip-pools', ...shape } };
}

/**
 * natOutgoing: a packet from a pool that has it, to anywhere outside all pools (disabled ones included, whether they
 * have natOutgoing or not), leaves with the node's own address. Undefined when no pool of the family has it: then
 * there is no table. The whole table is one transaction, so that no packet sees half of it; connections that are
 * translated already stay so, since conntrack remembers them.
 */
export function natTransaction(family: Family, pools: readonly DesiredPool[]): Transaction | undefined {
  const own = pools.filter(({ cidr }) => parsePrefix(cidr).family === family);
  const hidden = own.filter((pool) => pool.natOutgoing).map(({ cidr }) => cidr);
  if (hidden.length === 0) return undefined;
  const { masquerade, inside } = sets(family);
  const word = family === 4 ? 'ip' : 'ip6';
  const all = own.map(({ cidr }) => cidr);
  return new Transaction(natTable(family))
    .removeTable()
    .addTable()
    .addSet(masquerade)
    .addElements(masquerade, hidden)
    .addSet(inside)
    .addElements(inside, all)
    .replaceChain({ name: 'nat-outgoing', base: { type: 'nat', hook: 'postrouting', priority: 100 } }, [
      {
        expression: `${word} saddr @${masquerade.name} ${word} daddr != @${inside.name} masquerade`,
        comment: natComment(hidden, all),
      },
    ]);
}

/** The rule's comment: a fingerprint of the table's contents, by which a restarted daemon sees that it is up to date. */
function natComment(hidden: readonly string[], all: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const char of `${hidden.join()} ${all.join()}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return `natOutgoing ${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

/** The comment that a transaction would leave, for comparison with what is there. */
export function commentOf(transaction: Transaction): string | undefined {
  const rule = transaction.operations.find((operation) => operation.kind === 'add rule');
  return rule?.kind === 'add rule' ? rule.rule.comment : undefined;
}
