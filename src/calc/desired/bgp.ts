import type { BGPFilter, BGPPeer } from '../../model/index.ts';

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
  /** What routes are told with, beside what the peers' own filters say. */
  readonly communities: readonly PrefixCommunities[];
}

/** Communities (`64512:100`, `64512:1:2`) of all routes inside a prefix. */
export interface PrefixCommunities {
  readonly cidr: string;
  readonly communities: readonly string[];
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
