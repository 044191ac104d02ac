import type { BGPFilter, BGPPeer } from '../model/index.ts';

/**
 * The contract between the brain and the hands: everything that this node should be, as one value. It depends on the
 * present resources only, never on how they came about. A section that did not change is the same object as before,
 * so a reconciler sees at a glance that it has nothing to do.
 */
export interface Desired {
  readonly bgp: DesiredBgp | undefined;
  readonly blocks: readonly DesiredBlock[];
  readonly workloads: readonly DesiredWorkload[];
  readonly pools: readonly DesiredPool[];
}

/** A block that is ours: it is announced, and what no pod has of it leads nowhere. */
export interface DesiredBlock {
  readonly cidr: string;
  /** Addresses in use, for status and metrics. */
  readonly inUse: number;
  readonly size: number;
}

/** A pod of this node. */
export interface DesiredWorkload {
  /** `namespace/name` of its WorkloadEndpoint. */
  readonly key: string;
  /** Host end of its veth. */
  readonly interfaceName: string;
  /** Its addresses as `/32` and `/128` CIDRs. */
  readonly addresses: readonly string[];
  readonly why: string;
}

export type Encapsulation = 'Never' | 'Always' | 'CrossSubnet';

export interface DesiredPool {
  readonly name: string;
  readonly cidr: string;
  readonly ipip: Encapsulation;
  readonly vxlan: Encapsulation;
  readonly natOutgoing: boolean;
  readonly disabled: boolean;
  readonly disableBgpExport: boolean;
}

export interface DesiredBgp {
  readonly asn: number;
  /** Dotted quad. */
  readonly routerId: string;
  readonly listenPort: number;
  /** Address to listen on, or all when absent. */
  readonly listenAddress?: string;
  readonly peers: readonly DesiredPeer[];
  readonly announce: readonly Announcement[];
  readonly filters: ReadonlyMap<string, BGPFilter>;
}

/** A prefix of our own to announce, and why: for people. */
export interface Announcement {
  readonly cidr: string;
  readonly why: string;
}

export type PeerType = 'node-to-node mesh' | 'global' | 'node specific';

export interface DesiredPeer {
  readonly address: string;
  readonly port: number;
  readonly asn: number;
  readonly type: PeerType;
  /** The node at the other end, or the BGPPeer's name. */
  readonly name: string;
  readonly localAddress?: string;
  readonly localAsn?: number;
  /** Set when we reflect routes to this peer (RFC 4456). */
  readonly clusterId?: string;
  /** Fields of the BGPPeer behind it; absent for mesh peers. */
  readonly spec?: BGPPeer['spec'];
  /** Seconds, from `nodeMeshMaxRestartTime` or `maxRestartTime`. */
  readonly restartTime?: number;
}
