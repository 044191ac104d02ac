import type { AttributeList } from './pool/attribute-list.ts';

/** Our own role towards a peer, by its number on the wire (RFC 9234 §4.1). */
const ROLE = { provider: 0, rs: 1, rsClient: 2, customer: 3, peer: 4 } as const;

const towardsCustomers: readonly number[] = [ROLE.provider, ROLE.rs];
const towardsOthers: readonly number[] = [ROLE.customer, ROLE.rsClient, ROLE.peer];

/** Judges a route that comes in by its Only to Customer attribute (RFC 9234 §5): it leaked, or it must be marked. */
export function onlyToCustomerIn(role: number, attributes: AttributeList, peerAs: number): 'leak' | 'mark' | undefined {
  const marked = attributes.value('otc');
  if (marked === undefined) return towardsOthers.includes(role) ? 'mark' : undefined;
  if (towardsCustomers.includes(role)) return 'leak';
  return role === ROLE.peer && marked !== peerAs ? 'leak' : undefined;
}

/** Whether a route must not go to a peer towards which we have this role. */
export function staysWithCustomers(role: number, attributes: AttributeList): boolean {
  return towardsOthers.includes(role) && attributes.value('otc') !== undefined;
}

/** Whether a route without the mark gets ours on the way out. */
export function marksOut(role: number): boolean {
  return towardsCustomers.includes(role) || role === ROLE.peer;
}
