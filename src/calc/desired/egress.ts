import type { Family } from '../../base/index.ts';
import type { HostAddresses } from './addresses.ts';

/** How what the pool's pods send out of the cluster comes to the gateway. */
export type EgressWay =
  | { readonly kind: 'here' }
  /** `via`: the gateway's own address, or for `vxlan` its tunnel's. */
  | { readonly kind: 'subnet' | 'vxlan' | 'ipip'; readonly via: string }
  /** There is no way to a gateway now: nothing leaves. */
  | { readonly kind: 'none'; readonly reason: string };

/** A pool whose pods leave the cluster with an address of their own. */
export interface EgressPool {
  readonly pool: string;
  readonly family: Family;
  readonly cidr: string;
  /** Without a length; of the pool's family. */
  readonly address: string;
  /** It is on no node's subnet: the gateway announces it by BGP. */
  readonly announced?: true;
  /** The node that is it now; absent for none. */
  readonly gateway?: string;
  readonly way: EgressWay;
  readonly why: string;
}

/** Pools with an address of their own for what leaves the cluster. */
export interface DesiredEgress {
  readonly pools: readonly EgressPool[];
  /** Networks that are in the cluster, besides the nodes: to these pods' packets go as any do. */
  readonly inside: Readonly<Record<Family, readonly string[]>>;
  readonly hosts: HostAddresses;
  /** Routing tables that may be taken, `routeTableRanges`. */
  readonly tables: readonly { readonly min: number; readonly max: number }[];
}
