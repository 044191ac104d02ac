import type { DesiredPool } from '../calc/desired/index.ts';

/**
 * How traffic to a learned prefix travels, as its pool says; its index is stored beside each route. `vxlan`: such pools
 * are routed from IPAM's blocks, not from BGP. `ipip-cross`: only what leaves the node's own subnet goes by `tunl0`.
 * `service`: what the cluster's services have for addresses leads nowhere; each node translates them for itself.
 */
export const CARRIAGES = ['direct', 'vxlan', 'ipip', 'ipip-cross', 'service'] as const;
export type Carriage = (typeof CARRIAGES)[number];
/** Those whose routes BGP tells of and the kernel doesn't get. */
export const KEPT_OUT: readonly (Carriage | undefined)[] = ['vxlan', 'service'];

export function carriageOf({ vxlan, ipip, cidr }: DesiredPool): Carriage {
  if (vxlan !== 'Never') return 'vxlan';
  if (ipip === 'Never' || cidr.includes(':')) return 'direct';
  return ipip === 'Always' ? 'ipip' : 'ipip-cross';
}

/** What a choice says of it: the number of a set of next hops, and one of these. */
export function carriageAt(choice: number): Carriage | undefined {
  if (choice === 0) return undefined;
  return CARRIAGES[(choice - 1) % CARRIAGES.length];
}
