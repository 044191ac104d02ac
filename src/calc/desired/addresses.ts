import { Entries, type Family } from '../../base/index.ts';

/** A block that is ours: it is announced, and what no pod has of it leads nowhere. */
export interface DesiredBlock {
  readonly cidr: string;
  /** Addresses in use, for status and metrics. */
  readonly inUse: number;
  readonly size: number;
}

/**
 * How packets travel to what lies in a pool. `vxlan`: by the device, with routes that follow from IPAM's blocks and not from
 * BGP. `…-cross-subnet`: only what leaves the node's own subnet is encapsulated.
 */
export type Encapsulation = 'none' | 'vxlan' | 'vxlan-cross-subnet' | 'ipip' | 'ipip-cross-subnet';

export interface DesiredPool {
  readonly name: string;
  readonly cidr: string;
  readonly encapsulation: Encapsulation;
  readonly natOutgoing: boolean;
  readonly disabled: boolean;
  readonly disableBgpExport: boolean;
  /** For addresses of services only: no pod is ever behind it. */
  readonly loadBalancerOnly?: boolean;
}

/**
 * Calico's `all-hosts-net` of each family: the nodes' own addresses, and networks of nodes that are not in the datastore. No
 * one lies in another. The key is a bare address, or the CIDR of a network; the value is the CIDR.
 */
export type HostAddresses = Readonly<Record<Family, Entries<string>>>;

export const NO_HOSTS: HostAddresses = { 4: Entries.of<string>(), 6: Entries.of<string>() };
