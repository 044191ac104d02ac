import type { Entries } from '../../base/index.ts';
import { type HostAddresses, NO_HOSTS } from './addresses.ts';

/** The tunnels that some pool asks for, and those that encrypt, whatever the pool. */
export interface DesiredTunnels {
  readonly ipip: DesiredIpip | undefined;
  readonly vxlan4: DesiredVxlan | undefined;
  readonly vxlan6: DesiredVxlan | undefined;
  readonly wireguard4: DesiredWireguard | undefined;
  readonly wireguard6: DesiredWireguard | undefined;
  /** The hosts that IPIP and VXLAN are taken from: none while neither is asked for. */
  readonly hosts: HostAddresses;
  readonly fromPods: DesiredPodTunnels;
}

/** The encapsulated packets that pods may send, whether any pool asks for a tunnel or not. */
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
  hosts: NO_HOSTS,
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
  /** Nodes, by address, whose `tunl0` is not there yet: they are sent to as before until it is. */
  readonly lacking?: Entries<string> | undefined;
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
