import type { Entries } from '../../base/index.ts';

export interface DesiredBgp {
  readonly asn: number;
  /** Dotted quad. */
  readonly routerId: string;
  readonly listenPort: number;
  readonly listenAddresses: readonly string[];
  /** By `address port`, as Calico tells peers apart. */
  readonly peers: Entries<DesiredPeer>;
  /** By CIDR. */
  readonly announce: Entries<Announcement>;
  /** By name. */
  readonly filters: ReadonlyMap<string, DesiredFilter>;
  /** The sessions that were asked for and are missing or different, and why. */
  readonly problems: readonly string[];
  /** The LOCAL_PREF of ordinary routes of each family, as Calico makes it of their metric. */
  readonly localPrefs: { readonly 4: number; readonly 6: number };
  /** The communities that routes are announced with, besides those of the peers' own filters. */
  readonly communities: readonly PrefixCommunities[];
  /** Prefixes of services whose routes this node passes on for others, being a route reflector. */
  readonly reflected?: readonly string[];
  /** Patterns of interfaces whose networks no filter lets out; `*` stands for anything. */
  readonly ignoredInterfaces?: readonly string[];
  /** External peers without filters get and give no routes (RFC 8212). */
  readonly ebgpRequiresPolicy?: boolean;
  /** The caches that tell which AS may announce what (RFC 8210), in order of preference. */
  readonly rpkiCaches?: readonly { readonly address: string; readonly port: number }[];
  /** The fate of external peers' routes whose origin is invalid by that; default: Accept. */
  readonly rpkiInvalid?: 'Accept' | 'Reject';
  /** Pools and services of the cluster, as CIDRs, of which others than nodes are not believed. */
  readonly ownPrefixes?: readonly string[];
  /** Others than nodes carry the cluster's routes, and are believed unless a peer's settings say otherwise. */
  readonly carriedByOthers?: boolean;
  /**
   * How peers that are to be watched by BFD are, by the interface that leads to them: the first that matches counts.
   */
  readonly bfd?: readonly BfdInterface[];
}

/** One line of a BFDConfiguration. Intervals are in milliseconds. */
export interface BfdInterface {
  /** A name, the beginning of names and `*`, or `*`. */
  readonly pattern: string;
  readonly receiveInterval: number;
  readonly sendInterval: number;
  readonly idleInterval: number;
  readonly multiplier: number;
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

export type PeerType = 'node-to-node mesh' | 'global' | 'node specific' | 'local workload';

/** The limits of a peer, beyond Calico's fields. */
export interface PeerLimits {
  /** Whose routes are spoken of; absent for that of the session's own addresses. */
  readonly families?: readonly (4 | 6)[];
  /** Most prefixes of each family: more end the session. */
  readonly maxPrefixes?: number;
  /** Per cent of them from which on the status warns. */
  readonly maxPrefixesWarning?: number;
  /** Seconds after which the session may come again; absent for not before something is changed. */
  readonly maxPrefixesRestart?: number;
  /** The role of the node towards the peer (RFC 9234). */
  readonly role?: 'provider' | 'rs' | 'rs-client' | 'customer' | 'peer';
  /** No session with a peer that names no role. */
  readonly strictRole?: boolean;
  /** Takes private AS numbers out of the paths that the peer is told. */
  readonly removePrivateAS?: boolean;
  /** Whether the peer and this node tell each other of several paths to a prefix (RFC 7911). */
  readonly addPath?: 'none' | 'send' | 'receive' | 'both';
  /** Bits a second of the link by which the peer reaches this node: it is told of it, and may share by it. */
  readonly linkBandwidth?: number;
  /** Whether it is believed what it says of `DesiredBgp.ownPrefixes`. */
  readonly acceptOwnPrefixes?: boolean;
}

export interface DesiredPeer extends PeerLimits {
  /** `%eth1` stands for whoever is at the other end of that link. A link-local address has its link behind `%`. */
  readonly address: string;
  readonly port: number;
  readonly asn: number;
  readonly type: PeerType;
  /** The other end is a node of the cluster. */
  readonly ofCluster?: true;
  /** The node at the other end, or the BGPPeer's name. */
  readonly name: string;
  /** Absent where the kernel chooses. */
  readonly localAddress?: string;
  /** It comes to us, and is never dialled: a pod of this node. */
  readonly passive?: true;
  /** The router on the node's own link by which the peer is reached. */
  readonly reachableBy?: string;
  readonly localAsn?: number;
  /** Set when we reflect routes to this peer (RFC 4456). */
  readonly clusterId?: string;
  /** Names of filters, in their order; one that is not among `DesiredBgp.filters` does not exist. */
  readonly filters: readonly string[];
  /** `self`: always our own address; `keep`: as it came; `auto`: as RFC 4271 §5.1.3 has it. */
  readonly nextHop: 'auto' | 'self' | 'keep';
  /** Seconds, from `nodeMeshMaxRestartTime` or `maxRestartTime`. */
  readonly restartTime?: number;
  /** Seconds between KEEPALIVEs. */
  readonly keepaliveTime?: number;
  /** Most hops that the peer may be away (RFC 5082); absent for no such check. */
  readonly ttlSecurity?: number;
  /** Of TCP MD5 (RFC 2385), 1 to 80 octets. */
  readonly password?: string;
  /** How often our own AS may be in the paths that it tells of. */
  readonly allowLocalAs?: number;
  /** Watched by BFD: if no router is in between, or in any case. */
  readonly failureDetection?: 'direct' | 'any';
}

/** One list of a filter: by direction and family. */
export type FilterList = 'exportV4' | 'importV4' | 'exportV6' | 'importV6';

/** A BGPFilter, read. */
export interface DesiredFilter {
  readonly name: string;
  readonly lists: { readonly [List in FilterList]: readonly DesiredFilterRule[] };
  /** Rules that are not understood, and so match nothing, and why. */
  readonly problems: readonly string[];
}

/** The first rule that matches a route decides. All that is given has to match. */
export interface DesiredFilterRule {
  /** Where it is written: for people. */
  readonly name: string;
  readonly match: {
    readonly prefix?: {
      readonly cidr: string;
      readonly operator: 'equal' | 'not-equal' | 'in' | 'not-in';
      readonly min?: number;
      readonly max?: number;
    };
    /** Learned by BGP, and not our own. */
    readonly source?: 'bgp';
    /** The link that it leads by; `*` at the end stands for anything. */
    readonly interface?: string;
    readonly peerType?: 'ebgp' | 'ibgp';
    readonly community?: string;
    readonly asPathPrefix?: readonly number[];
    readonly localPref?: number;
  };
  readonly action: 'accept' | 'reject';
  /** The changes to an accepted route. */
  readonly set?: {
    readonly addCommunities?: readonly string[];
    /** Put in front, the first of them foremost. */
    readonly prependAsPath?: readonly number[];
    readonly localPref?: number;
  };
}
