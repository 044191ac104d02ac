import type { Node } from '../model/index.ts';
import type { DesiredPool, DesiredServices } from './desired/index.ts';
import type { Configurations } from './node-bgp.ts';

/**
 * The cluster's own prefixes: its pools, and the ranges of its Services. A disabled pool may stand for a network
 * of others, which is so kept from natOutgoing.
 */
export function ownPrefixes(pools: readonly DesiredPool[], { cidrs }: DesiredServices): readonly string[] {
  return [...new Set([...pools.filter(({ disabled }) => !disabled).map(({ cidr }) => cidr), ...cidrs])].sort();
}

/**
 * Whether routes of the cluster may come from others than nodes: where the full mesh is off, or this node is none of
 * it, a router of the data centre may be all that joins the nodes.
 */
export function carriedByOthers(self: Node | undefined, configurations: Configurations): boolean {
  const isOff = configurations.get('default')?.spec.nodeToNodeMeshEnabled === false;
  return isOff || Boolean(self?.spec.bgp?.routeReflectorClusterID);
}
