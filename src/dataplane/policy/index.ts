/**
 * policy: what the pods' policy says in the packet filter.
 *
 *     forward ─► known?                            established and related packets were judged before
 *             ─► from-pods (by interface) ─ jump ─► class, egress ─ jump ─► policy … ─ goto ─► egress-ok
 *                                                        └ goto ─► drop
 *     egress-ok ─► to-pods (by interface) ─ goto ─► class, ingress ─ jump ─► policy … ─► accept
 *
 * No mark carries an Allow: the egress half ends by going to the ingress half, the ingress half in `accept`. One bit
 * stands for Pass, in tiers where a rule passes. A drop is a chain of its own with a counter, so that each has a name.
 */

export { type CountedRule, countKey } from './counted.ts';
export { DROP_GROUP } from './followed.ts';
export { hooksOf } from './hooks-on-way.ts';
export type { HostSurroundings } from './host-parts.ts';
export { endpointPart } from './parts.ts';
export { PolicyReconciler } from './reconcile.ts';
export { KnownSurroundings } from './surroundings.ts';
export { PolicyTables, policyTable } from './tables.ts';
