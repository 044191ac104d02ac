import type { HostAddresses } from './addresses.ts';
import type { DesiredEgress } from './egress.ts';

/** How natOutgoing translates; which packets, the pools say. */
export interface DesiredNat {
  /** The nodes themselves, where these are reached without translation too; undefined where they are not. */
  readonly hosts: HostAddresses | undefined;
  /** Source of translated packets; undefined for the address of the link that they leave by. */
  readonly address: string | undefined;
  /** Source ports for TCP and UDP as `min-max`; undefined for what the kernel chooses. */
  readonly ports: string | undefined;
  /** Only what leaves by this link is translated: a name, or with `+` at its end the beginning of names. */
  readonly outInterface: string | undefined;
  /** Floating addresses: packets to them are for a pod of this node. */
  readonly floatingIps: readonly (FloatingIp & { readonly why: string })[];
  /** Pods whose packets are marked when they leave for outside all pools; absent for none. */
  readonly dscp?: readonly DesiredDscp[];
  /**
   * Pools whose pods leave the cluster with an address of their own, by a gateway: nowhere else are they translated.
   */
  readonly egress?: DesiredEgress;
}

/** A mark for what the pod with these addresses (CIDRs of one) sends. */
export interface DesiredDscp {
  readonly addresses: readonly string[];
  /** 0 to 63. */
  readonly value: number;
  readonly why: string;
}

/** An address by which a pod can be reached, and knows nothing of: packets to it are translated to the pod's own. */
export interface FloatingIp {
  readonly external: string;
  /** One of the pod's own, of the same family. */
  readonly internal: string;
}

/** A pod that may send from addresses that are not its own, and which. */
export interface DesiredSpoofing {
  readonly interfaceName: string;
  readonly prefixes: readonly string[];
  readonly why: string;
}

/** Where services have their addresses. */
export interface DesiredServices {
  readonly cidrs: readonly string[];
  /** The fate of a forwarded packet to one of them that nothing has translated. */
  readonly loops: 'Drop' | 'Reject' | 'Disabled';
  /** The node has routes of Services' addresses to its loopback, which nothing may take. */
  readonly toLoopback?: boolean;
}
