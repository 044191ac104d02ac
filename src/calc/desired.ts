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
  readonly tunnels: DesiredTunnels;
}

/** The tunnels that some pool asks for. */
export interface DesiredTunnels {
  readonly ipip: DesiredIpip | undefined;
  readonly vxlan4: DesiredVxlan | undefined;
  readonly vxlan6: DesiredVxlan | undefined;
}

/** `tunl0`: routes through it come from BGP. */
export interface DesiredIpip {
  /** The node's own tunnel address, once one is assigned. */
  readonly address: string | undefined;
  /** The node's own subnet, inside which CrossSubnet needs no tunnel; undefined when its address has no length. */
  readonly subnet: string | undefined;
}

/** A VXLAN device, the nodes behind it and the routes to their blocks: from IPAM alone, without BGP. */
export interface DesiredVxlan {
  readonly family: 4 | 6;
  readonly vni: number;
  readonly port: number;
  /** The node's own address, which packets are sent from. */
  readonly underlay: string;
  /** Address and MAC of the device itself. */
  readonly address: string | undefined;
  readonly mac: string;
  readonly peers: readonly DesiredVtep[];
  readonly routes: readonly DesiredVxlanRoute[];
}

/** A node at the other end. */
export interface DesiredVtep {
  readonly node: string;
  readonly underlay: string;
  readonly address: string;
  readonly mac: string;
}

export interface DesiredVxlanRoute {
  readonly cidr: string;
  /** `tunnel`: via the node's VTEP on the VXLAN device; `subnet`: via the node itself (CrossSubnet, same subnet). */
  readonly mode: 'tunnel' | 'subnet';
  readonly via: string;
  readonly why: string;
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
