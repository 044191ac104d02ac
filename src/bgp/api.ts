import type { Clock, Family, Log, Prefix } from '../base/index.ts';

/**
 * The speaker, as a program that embeds it sees it. Configuration is declarative: `configure` and `originate` take the
 * whole of what should be, and may be called with the same value as often as one likes.
 */
export interface SpeakerApi {
  /** Starts listening and dialling. Rejects if one of the addresses can't be listened on; all else goes on then. */
  start(): Promise<void>;
  /** Tries again where it could not listen. Rejects as long as there is such an address. */
  listen(): Promise<void>;
  /**
   * Ends all sessions; best routes that were reported stay as they are. `restart`: silently, so that peers keep our
   * routes (RFC 4724); `shutdown`: Cease, and with RFC 8538 a Hard Reset, so that they drop them at once.
   */
  stop(how: 'restart' | 'shutdown', reason?: string): Promise<void>;
  /**
   * The peers that there should be: new ones start, missing ones end (Cease 6/3), changed ones are reset only if they
   * must. `ParseError`: an address or a prefix of them is none.
   */
  configure(peers: readonly PeerConfig[]): void;
  /** The same at the cost of what has changed: peers that are new or other, and the names of those that are to go. */
  adjust(changed: readonly PeerConfig[], gone: readonly string[]): void;
  /**
   * The routes of our own that there should be. `ParseError`: a prefix (`routes[0].prefix`), next hop or community is
   * none.
   */
  originate(routes: readonly Origination[]): void;
  /**
   * The same at the cost of what has changed: routes that are new or other, and the prefixes of those that are to go.
   */
  adjustOriginated(changed: readonly Origination[], gone: readonly string[]): void;
  /**
   * Resolves when every peer that is up has been sent all that there is to announce, with what was originated before
   * this call; or when the speaker stops. A peer that does not read can make it wait until its session ends.
   */
  announced(): Promise<void>;
  /** Best routes learned from peers, in batches, as they change. At most one listener. */
  onBest(listener: (changes: BestChanges) => void): void;
  /** All present best routes again through the listener, as if new. */
  replayBest(): void;
  /** Listens to what happens in sessions, as it happens. At most one listener. */
  onEvent(listener: (event: SpeakerEvent) => void): void;
  /**
   * The way to a peer is broken, as something has found out that is faster than the hold time, such as BFD (RFC 5882
   * §4.1): a session that is up ends at once (Cease 6/10, RFC 9384) and nothing of the peer's is kept. Of a peer that
   * is away and awaited, the routes go only if `forwardingLost`: what failed does not merely restart along with it
   * (§4.3).
   */
  pathFailed(peer: string, reason: string, forwardingLost: boolean): void;
  /**
   * The way to a peer works again: one that is not up yet is dialled at once, however long it would have been waited.
   */
  pathRestored(peer: string): void;
  /** How all peers are doing, those of a prefix too that are there now. */
  peers(): readonly PeerStatus[];
  /** Says that `nextHopCost` or `nextHopInterface` would answer differently now. */
  nextHopsChanged(): void;
  /** Says that `originValidity` would answer differently now. */
  originsChanged(): void;
  /** Asks a peer that is up, and can, to send its routes again (RFC 2918). */
  refresh(peer: string): void;
  /** Why a prefix (CIDR text) is routed as it is, and who was told of it. `ParseError` when it is no CIDR. */
  explain(prefix: string): RouteExplanation;
  /**
   * One table of a peer, by the peer's name: at most `limit` routes of it, and how many there are. A peer that is not
   * known, or has no session and left nothing, has none.
   */
  routesOf(peer: string, selection: RouteSelection, limit: number): PeerRoutes;
}

/**
 * The routes to see of a peer: all that it announced, what its import filter and the loop checks let in of that or
 * refused, and which best routes it was told of, or not.
 */
export type RouteSelection = 'received' | 'accepted' | 'filtered' | 'advertised' | 'not-exported';

/** Some of a peer's routes. `total`: how many there are in all. */
export interface PeerRoutes {
  readonly total: number;
  readonly routes: readonly PeerRoute[];
}

/**
 * A path with its prefix (CIDR text). Attributes are those after the import policy; of a route that was announced,
 * before the export policy. `reason`: of what was not exported, why; of all else, why it is not the best.
 */
export interface PeerRoute extends PathExplanation {
  readonly prefix: string;
}

/** Every path to a prefix with what became of it, the best one first; every peer that is up and what it was told. */
export interface RouteExplanation {
  readonly paths: readonly PathExplanation[];
  readonly announcements: readonly { readonly peer: string; readonly announced: boolean; readonly reason?: string }[];
}

/** One path to a prefix, with what became of it. */
export interface PathExplanation {
  /** The peer's address, or `local`. */
  readonly peer: string;
  readonly best: boolean;
  /** Why it is not the best: refused, looped, or the step of the decision process that it lost on. */
  readonly reason?: string;
  /** An address, or `self`: our own on each session. */
  readonly nextHop: string;
  readonly localPref: number;
  readonly asPath: readonly number[];
  readonly origin: 'igp' | 'egp' | 'incomplete';
  readonly med: number;
  readonly communities: readonly string[];
  /** `rt:64512:100`, `soo:…`, or the octets in hex. */
  readonly extendedCommunities: readonly string[];
  readonly largeCommunities: readonly string[];
  readonly originatorId?: string;
  /** Of a path that a peer has told, where the speaker has a way to know. */
  readonly originValidity?: OriginValidity;
  readonly stale: boolean;
}

/** RFC 6811 §2: what validated ROA payloads that cover a route say of its origin. */
export type OriginValidity = 'valid' | 'invalid' | 'not-found';

/** An AFI and SAFI of RFC 4760: unicast routes of IPv4 or IPv6. */
export type AddressFamily = 'ipv4-unicast' | 'ipv6-unicast';

/**
 * The settings of a speaker from its start to its end; those that may change meanwhile goes through `configure` and
 * `originate`. An AS number is an unsigned integer of 32 bits. The constructor throws `ParseError` when `routerId` is
 * no dotted quad.
 */
export interface SpeakerOptions {
  readonly asn: number;
  /** Dotted quad. */
  readonly routerId: string;
  readonly listen: readonly { readonly address: string; readonly port: number }[];
  readonly clock?: Clock;
  readonly log?: Log;
  /**
   * Set after a restart with forwarding kept: which families' routes are still in the kernel (the F bit of RFC 4724).
   */
  readonly restarted?: { readonly forwarding: readonly AddressFamily[] };
  /** External peers without a filter get and give no routes (RFC 8212). Default false. */
  readonly ebgpRequiresPolicy?: boolean;
  /** Most next hops of one route (ECMP); default 16. */
  readonly maximumPaths?: number;
  /** Hears each message and each coming and going of sessions, for those who keep history (BMP, MRT). */
  readonly onRecord?: (record: SessionRecord) => void;
  /** Interior cost of reaching a next hop, `undefined` if it can't be reached; default: all cost 0. */
  readonly nextHopCost?: (address: string) => number | undefined;
  /** The interface that a next hop is reached by, for filters that ask; default: of none it is known. */
  readonly nextHopInterface?: (address: string) => string | undefined;
  /**
   * Judges a route by its origin, such as `RtrClient.validate`; for filters that ask. `origin`: the AS that its path
   * ends in, ours where it has none, undefined where it ends in an AS_SET. Undefined is no judgement, and matches
   * nothing.
   */
  readonly originValidity?: (prefix: Prefix, origin: number | undefined) => OriginValidity | undefined;
}

/** A peer as it should be. All times are in seconds. */
export interface PeerConfig {
  /**
   * The peer's address as text; it names the peer unless `name` does. Or a prefix (`10.0.0.0/16`): whoever connects
   * from within it becomes a peer with this configuration, and is forgotten when it has been away for a minute.
   */
  readonly address: string;
  readonly port?: number;
  /**
   * The name that events and calls know the peer by. Several peers at one address, on different ports, each need one;
   * they are dialled only, since nobody could tell which of them has come.
   */
  readonly name?: string;
  /** 0 for any but our own. */
  readonly remoteAs: number;
  /** Most peers at a time where `address` is a prefix; default 1000. */
  readonly maxPeers?: number;
  /** Default: the speaker's own. */
  readonly localAs?: number;
  /** The address that sessions come from and that next-hop-self announces; default: the kernel's choice. */
  readonly localAddress?: string;
  /** Default: the family of `address`. */
  readonly families?: readonly AddressFamily[];
  /** Never dial; wait for the peer. Default false. */
  readonly passive?: boolean;
  /** Seconds; 0 for none. Default 90. */
  readonly holdTime?: number;
  /** Seconds, 1 at least; default, and at most, a third of the negotiated hold time. */
  readonly keepaliveTime?: number;
  /** Seconds before another dial; default 120, first attempts much sooner. */
  readonly connectRetryTime?: number;
  readonly password?: string;
  /** The peer is at most so many hops away (RFC 5082); 0, as without it, for anywhere. */
  readonly ttlSecurity?: number;
  /** TCP hop limit for eBGP over several hops. */
  readonly multihop?: number;
  readonly nextHop?: 'auto' | 'self' | 'keep';
  readonly routeReflector?: { readonly clusterId: string };
  readonly gracefulRestart?: { readonly time: number };
  /** Seconds to ask the peer to keep our routes beyond the restart time (RFC 9494). Needs `gracefulRestart`. */
  readonly longLivedStaleTime?: number;
  /**
   * Offer that routes outlive NOTIFICATIONs and hold times too (the N bit of RFC 8538). Default false, as BIRD does:
   * then they outlive a loss of TCP alone.
   */
  readonly gracefulNotification?: boolean;
  /**
   * Most seconds that the peer's routes are kept while it is away, however many it asks for, and again after its return
   * if it does not end its table (RFC 4724 §4.2); default 600, or our own restart time if that is longer.
   */
  readonly maxRestartTime?: number;
  /** The same for long-lived stale routes (RFC 9494 §4.2), on top; default a day, or our own time if that is longer. */
  readonly maxLongLivedStaleTime?: number;
  /** Our role towards the peer (RFC 9234); eBGP only. */
  readonly role?: 'provider' | 'rs' | 'rs-client' | 'customer' | 'peer';
  /** Refuse a peer that names no role. */
  readonly strictRole?: boolean;
  /** Seconds to let the peer send its OPEN first (DelayOpenTime of RFC 4271); default 0. */
  readonly delayOpenTime?: number;
  readonly addPath?: 'none' | 'send' | 'receive' | 'both';
  readonly allowLocalAs?: number;
  /** Most prefixes of each family; more end the session (RFC 4486). */
  readonly maxPrefixes?: number;
  /** Seconds to stay away after that; default: as after any error, longer each time. */
  readonly maxPrefixesRestart?: number;
  /** Takes private AS numbers (RFC 6996) out of the paths that an external peer is told, but for the peer's own. */
  readonly removePrivateAs?: boolean;
  /**
   * Bits a second of the link by which the peer reaches us: it is told so of routes with us as next hop, and may share by it
   * (draft-ietf-idr-link-bandwidth). Default: nothing is said.
   */
  readonly linkBandwidth?: number;
  readonly importFilter?: Filter;
  readonly exportFilter?: Filter;
  readonly description?: string;
}

/**
 * Ordered rules; the first that matches decides. `default` decides when none does. Equal filters (by their text)
 * share one export group.
 */
export interface Filter {
  readonly name: string;
  readonly rules: readonly FilterRule[];
  readonly default: 'accept' | 'reject';
}

/** One rule of a filter: what it matches, and what becomes of that. `set` is for what is accepted. */
export interface FilterRule {
  readonly name?: string;
  readonly match: FilterMatch;
  readonly action: 'accept' | 'reject';
  /**
   * Marks routes that the rule rejects on their way in as such that the peer should not announce: the status counts it
   * apart.
   */
  readonly guards?: boolean;
  readonly set?: {
    readonly addCommunities?: readonly string[];
    readonly prependAsPath?: readonly number[];
    readonly localPref?: number;
    readonly med?: number;
  };
}

/** All that is given must hold; an empty match holds always. */
export interface FilterMatch {
  /**
   * The route's prefix equals / does not equal / lies in / does not lie in `cidr`, with its length within the range.
   */
  readonly prefix?: {
    readonly cidr: string;
    readonly operator: 'equal' | 'not-equal' | 'in' | 'not-in';
    readonly min?: number;
    readonly max?: number;
  };
  /** Where the route comes from: learned by BGP, or originated here. */
  readonly source?: 'bgp' | 'local';
  readonly peerType?: 'ebgp' | 'ibgp';
  readonly community?: string;
  readonly asPathPrefix?: readonly number[];
  /** The LOCAL_PREF that counts for the route: 100 where it has none. */
  readonly localPref?: number;
  /**
   * The interface that the route leads out of, its name or a pattern with `*`; no route without an interface matches.
   */
  readonly interface?: string;
  /** In import filters: what `SpeakerOptions.originValidity` says of it. Nothing else matches. */
  readonly originValidity?: OriginValidity;
  /** Free words attached to originated routes. */
  readonly tag?: string;
}

/** A route of our own. Two of one prefix are one route, the last one counts. */
export interface Origination {
  /** CIDR text. */
  readonly prefix: string;
  /** Default: the session's local address. */
  readonly nextHop?: string;
  readonly localPref?: number;
  readonly med?: number;
  /** Of any kind: `64512:100`, `64512:1:2`, `rt:64512:100`, `no-export`. */
  readonly communities?: readonly string[];
  readonly tag?: string;
  /** Where the route leads here, for filters that ask. */
  readonly interface?: string;
}

/**
 * Changes to best routes as columns: entry `i` has its address words at `addresses[i × words]`, its length at
 * `lengths[i]`, and at `nextHops[i]` an index into `nextHopSets`, or 0 for "no route any more" (`nextHopSets[0]` is
 * empty). Arrays belong to the speaker and are valid during the call only. An index stands for one set as long as some
 * route is reported with it; after the call that took the last route from it, it may be given to another set, which is
 * another object.
 */
export interface BestChanges {
  readonly family: Family;
  readonly count: number;
  readonly addresses: Uint32Array;
  readonly lengths: Uint8Array;
  readonly nextHops: Uint32Array;
  readonly nextHopSets: readonly NextHopSet[];
  /** When the first byte of the UPDATE behind the oldest of these changes was read (`Clock.now`), for measuring. */
  readonly since: number;
}

/** Next hops of one route, sorted; several for ECMP. `localPref` is the best path's, for route metrics. */
export interface NextHopSet {
  readonly addresses: readonly string[];
  readonly localPref: number;
  /** The share of each address, 1 to 100, where peers have told the bandwidths of their links and these differ. */
  readonly weights?: readonly number[];
}

/** Messages of RFC 4271 §4 and RFC 2918, as counters name them. */
export type MessageName = 'open' | 'update' | 'notification' | 'keepalive' | 'refresh';

/** The states of RFC 4271 §8.2.2. */
export type SessionState = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established';

/** The action on a malformed UPDATE (RFC 7606), weakest first: see `MalformedUpdates`. */
export type MalformedAction = 'discard' | 'withdraw' | 'reset';

/** The faults of a peer's UPDATEs (RFC 7606), since it was configured. */
export interface MalformedUpdates {
  /** Of which attributes or impossible prefixes were dropped, the rest having counted. */
  readonly discard: number;
  /** Whose announced prefixes were taken for withdrawn. */
  readonly withdraw: number;
  /** That ended the session. */
  readonly reset: number;
  /** The latest one; `at` is `Clock.wallTime`. */
  readonly last?: { readonly at: number; readonly action: MalformedAction; readonly reason: string };
  /**
   * Prefixes that are withdrawn because what the peer last said of them was malformed: 1,000 of a family at most, and
   * the first few as text.
   */
  readonly withdrawn: { readonly count: number; readonly prefixes: readonly string[] };
}

/** How many prefixes of a peer there are; `largest`: received of the family that has most. */
export interface PrefixCounts {
  readonly received: number;
  readonly accepted: number;
  readonly advertised: number;
  readonly largest: number;
}

/** How a peer is doing now. Counters begin with its configuration; `holdTime` is in seconds. */
export interface PeerStatus {
  /** The name in events: the one that it was configured with, or its address. */
  readonly name: string;
  readonly address: string;
  readonly remoteAs: number;
  readonly state: SessionState;
  /** `Clock.wallTime` of the last change of state into or out of Established, or of configuration. */
  readonly since: number;
  /** Why it is not Established: the last error or NOTIFICATION in words. */
  readonly reason?: string;
  readonly routerId?: string;
  readonly negotiated?: {
    readonly holdTime: number;
    readonly families: readonly AddressFamily[];
    readonly fourOctetAs: boolean;
    readonly capabilities: readonly string[];
  };
  readonly prefixes: PrefixCounts;
  /** The routes that guarding rules reject, while the peer announces them: how many, and the first few as text. */
  readonly guarded?: { readonly count: number; readonly prefixes: readonly string[] };
  readonly messages: {
    readonly received: number;
    readonly sent: number;
    readonly updatesReceived: number;
    readonly updatesSent: number;
    readonly byType?: {
      readonly received: Readonly<Record<MessageName, number>>;
      readonly sent: Readonly<Record<MessageName, number>>;
    };
  };
  readonly malformed: MalformedUpdates;
  readonly flaps: number;
  readonly gracefulRestart?: 'helping' | 'restarting';
  readonly description?: string;
}

/** The news of a speaker as they happen, for logs and metrics. `peer` is the name of the peer. */
export type SpeakerEvent =
  | {
      readonly kind: 'state';
      readonly peer: string;
      readonly from: SessionState;
      readonly to: SessionState;
      readonly reason: string;
    }
  | {
      readonly kind: 'notification';
      readonly peer: string;
      readonly direction: 'sent' | 'received';
      readonly code: number;
      readonly subcode: number;
      readonly text: string;
    }
  /**
   * An RFC 7606 case: what was done about which attribute, with the offending bytes, and the whole UPDATE, in hex. Both
   * are made when they are asked for.
   */
  | {
      readonly kind: 'malformed';
      readonly peer: string;
      readonly action: MalformedAction;
      readonly attribute?: number;
      readonly reason: string;
      readonly bytes: string;
      readonly update: string;
    }
  /** Once after the start: the peers that are up have sent the tables that they promised, or it took too long. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'end-of-rib'; readonly peer: string; readonly family: AddressFamily };

/** The two ends of a session. */
export interface SessionEnds {
  /** The address that names the peer in the configuration. */
  readonly peer: string;
  readonly peerAs: number;
  readonly localAs: number;
  /** The peer's BGP Identifier as an unsigned integer, 0 while it is not known. */
  readonly routerId: number;
  readonly local: { readonly address: string; readonly port: number };
  readonly remote: { readonly address: string; readonly port: number };
  /** Whether AS numbers in UPDATEs have four octets. */
  readonly fourOctetAs: boolean;
}

/** Something that happened in a session. `bytes` is one whole message, valid during the call only. */
export type SessionRecord = SessionEnds &
  (
    | { readonly kind: 'message'; readonly direction: 'sent' | 'received'; readonly bytes: Uint8Array }
    | { readonly kind: 'up' }
    | { readonly kind: 'down'; readonly reason: string }
  );
