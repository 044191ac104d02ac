import type { Entries } from '../base/index.ts';
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
  readonly nat: DesiredNat;
  readonly services: DesiredServices;
  readonly spoofing: readonly DesiredSpoofing[];
  readonly host: DesiredHost;
}

/** Settings of the node itself. */
export interface DesiredHost {
  /** Whether the node forwards packets; if not, that is left as it is. */
  readonly forwarding: boolean;
  /** Names of the links whose MTU bounds pods and tunnels, as a regular expression; undefined for Calico's own. */
  readonly uplinks: string | undefined;
  /** The source that the host itself uses towards its pods, by family; absent for what the kernel chooses. */
  readonly routeSource: { readonly 4?: string; readonly 6?: string };
}

/** How natOutgoing translates; which packets, the pools say. */
export interface DesiredNat {
  /** CIDRs of the nodes themselves, where these are reached without translation too; undefined where they are not. */
  readonly hosts: readonly string[] | undefined;
  /** Source of translated packets; undefined for the address of the link that they leave by. */
  readonly address: string | undefined;
  /** Source ports for TCP and UDP as `min-max`; undefined for what the kernel chooses. */
  readonly ports: string | undefined;
  /** Only what leaves by this link is translated: a name, or with `+` at its end the beginning of names. */
  readonly outInterface: string | undefined;
  /** What reaches this node for one of them is for a pod of it. */
  readonly floatingIps: readonly (FloatingIp & { readonly why: string })[];
  /** Pods whose packets are marked when they leave for outside all pools; absent for none. */
  readonly dscp?: readonly DesiredDscp[];
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
  /** What becomes of a forwarded packet to one of them that nothing has translated. */
  readonly loops: 'Drop' | 'Reject' | 'Disabled';
}

/** The tunnels that some pool asks for, and those that encrypt, whatever the pool. */
export interface DesiredTunnels {
  readonly ipip: DesiredIpip | undefined;
  readonly vxlan4: DesiredVxlan | undefined;
  readonly vxlan6: DesiredVxlan | undefined;
  readonly wireguard4: DesiredWireguard | undefined;
  readonly wireguard6: DesiredWireguard | undefined;
  /** Whom IPIP and VXLAN are taken from, as CIDRs (Calico's `all-hosts-net`): none while neither is asked for. */
  readonly hosts: readonly string[];
  readonly fromPods: DesiredPodTunnels;
}

/** What pods may send that looks as if it came out of a tunnel, whether any pool asks for one or not. */
export interface DesiredPodTunnels {
  readonly ipip: boolean;
  readonly vxlan: boolean;
  readonly vxlanPort: number;
}

export const NO_TUNNELS: DesiredTunnels = {
  ipip: undefined,
  vxlan4: undefined,
  vxlan6: undefined,
  wireguard4: undefined,
  wireguard6: undefined,
  hosts: [],
  fromPods: { ipip: false, vxlan: false, vxlanPort: 4789 },
};

/** `tunl0`: routes through it come from BGP. */
export interface DesiredIpip {
  /** The node's own tunnel address, once one is assigned. */
  readonly address: string | undefined;
  /** The node's own subnet, inside which CrossSubnet needs no tunnel; undefined when its address has no length. */
  readonly subnet: string | undefined;
  /** Undefined for what the host's links allow. */
  readonly mtu?: number | undefined;
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
  /** Undefined for what the host's links allow. */
  readonly mtu?: number | undefined;
  /** By node. */
  readonly peers: Entries<DesiredVtep>;
  /** By CIDR. */
  readonly routes: Entries<DesiredVxlanRoute>;
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

/** A WireGuard device, the nodes behind it, and which way each node's addresses go: by a routing table of its own. */
export interface DesiredWireguard {
  readonly family: 4 | 6;
  /** Its name. */
  readonly device: string;
  /** The node's own address, to which others send what is encrypted. */
  readonly underlay: string;
  /** Address of the device itself, once one is assigned; the node's own with host encryption. */
  readonly address: string | undefined;
  /** Undefined for what the host's links allow. */
  readonly mtu: number | undefined;
  readonly listenPort: number;
  /** One bit: set on what the device sends, so that it is not encrypted again. */
  readonly mark: number;
  readonly rulePriority: number;
  /** Numbers of tables that one may be taken from. */
  readonly tables: readonly { readonly min: number; readonly max: number }[];
  /** Traffic between the nodes themselves is encrypted too. */
  readonly hostEncryption: boolean;
  /** By node. */
  readonly peers: Entries<DesiredWireguardPeer>;
  /** By CIDR. */
  readonly routes: Entries<DesiredWireguardRoute>;
}

/** A node that can decrypt. */
export interface DesiredWireguardPeer {
  readonly node: string;
  /** Base64, as wg(8) prints it. */
  readonly publicKey: string;
  /** Address and port. */
  readonly endpoint: string;
  /** Seconds; 0 for off. */
  readonly keepalive: number;
  readonly allowedIps: readonly string[];
}

export interface DesiredWireguardRoute {
  readonly cidr: string;
  /** `tunnel`: encrypted; `throw`: by the ordinary routes. */
  readonly mode: 'tunnel' | 'throw';
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
  readonly floatingIps: readonly FloatingIp[];
  /** Networks that it may send from besides; none unless FelixConfiguration lets pods ask for them. */
  readonly sourcePrefixes: readonly string[];
  /** Absent when nothing is limited. */
  readonly qos?: DesiredQos;
  readonly why: string;
}

/** What a pod's traffic is limited to, seen from the pod: ingress is what it receives. */
export interface DesiredQos {
  readonly ingress: DesiredLimits;
  readonly egress: DesiredLimits;
  /** 0 to 63; no limit, but the mark of what the pod sends to outside all pools. */
  readonly dscp?: number;
  /** What is wrong with how the limits were given; those that are here hold nevertheless. */
  readonly problems: readonly string[];
}

/** Limits of one direction; what is absent is not limited. Bursts come with what they belong to. */
export interface DesiredLimits {
  /** Bits a second. */
  readonly bandwidth?: number;
  /** Bits that may pass at once after a pause. */
  readonly burst?: number;
  /** Bits a second at which a burst passes. */
  readonly peakrate?: number;
  /** Octets that may pass faster than even that. */
  readonly minburst?: number;
  /** Packets a second. */
  readonly packetRate?: number;
  readonly packetBurst?: number;
  /** TCP connections at one time. */
  readonly maxConnections?: number;
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
  /** For addresses of services only: no pod is ever behind it. */
  readonly loadBalancerOnly?: boolean;
}

export interface DesiredBgp {
  readonly asn: number;
  /** Dotted quad. */
  readonly routerId: string;
  readonly listenPort: number;
  readonly listenAddresses: readonly string[];
  readonly peers: readonly DesiredPeer[];
  readonly announce: readonly Announcement[];
  readonly filters: ReadonlyMap<string, BGPFilter>;
  /** What was asked for and has no session, or not such a one, and why. */
  readonly problems: readonly string[];
  /** The priority (metric) of ordinary routes of each family, which internal peers are told of as LOCAL_PREF. */
  readonly priorities: { readonly 4: number; readonly 6: number };
}

/** A prefix of our own to announce, and why: for people. */
export interface Announcement {
  readonly cidr: string;
  readonly why: string;
  /** The pod's interface, for filters that ask where a route leads; absent for blocks. */
  readonly interfaceName?: string;
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
