import type { AddressFamily } from 'bgp-speaker-ts';

/** How a daemon is to see one neighbour: us. The family of the addresses is that of the session. */
export interface Neighbour {
  readonly address: string;
  readonly localAddress: string;
  /** Of the link that both addresses are local to. */
  readonly interface?: string;
  readonly asn: number;
  readonly families: readonly AddressFamily[];
  /** Wait for the neighbour to connect. */
  readonly passive: boolean;
  readonly password?: string;
  /** Seconds. */
  readonly holdTime: number;
  /** From the daemon's point of view. */
  readonly addPath?: 'send' | 'receive';
  /** Routes are kept for this many seconds, and are to be kept for us. */
  readonly restartTime?: number;
  /** Seconds that routes are kept for beyond `restartTime` (RFC 9494). */
  readonly longLivedStaleTime?: number;
  /** The daemon's role towards us (RFC 9234). */
  readonly role?: 'provider';
  /** IPv4 routes with IPv6 next hops (RFC 8950). */
  readonly extendedNextHop?: boolean;
  /** BFD decides whether the neighbour is there. */
  readonly bfd?: BfdHops;
}

/** How far away a neighbour may be for BFD (RFC 5881, 5883). */
export type BfdHops = 'one' | 'several';

/** Milliseconds between packets of BFD's, and how many of them may be lacking. */
export const [BFD_INTERVAL, BFD_MULTIPLIER] = [300, 3];

export interface Route {
  readonly prefix: string;
  /** `64512:1` */
  readonly communities?: readonly string[];
  /** `rt:64512:1` */
  readonly extendedCommunities?: readonly string[];
  /** `64512:1:2` */
  readonly largeCommunities?: readonly string[];
  /** Of a link, in Mbit/s. */
  readonly linkBandwidth?: number;
  /** For several paths of one prefix. */
  readonly pathId?: number;
}

/** A route as the daemon says that it has it from its first neighbour; communities are written as in `Route`. */
export interface SeenRoute {
  readonly prefix: string;
  readonly nextHop: string;
  readonly communities: readonly string[];
  readonly extendedCommunities: readonly string[];
  readonly largeCommunities: readonly string[];
  /** What a Link Bandwidth community says, in Mbit/s. */
  readonly linkBandwidth?: number;
}

/** A link's bandwidth in Mbit/s as communities have it: octets a second as an IEEE float, in hex. */
export function floatOf(megabits: number): string {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, megabits * OCTETS);
  return `0x${bits.getUint32(0).toString(16)}`;
}

/** The same the other way. */
export function megabitsOf(float: string): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setUint32(0, Number(float));
  return bits.getFloat32(0) / OCTETS;
}

/** A second's octets of a megabit. */
export const OCTETS = 125_000;

export interface Setup {
  readonly asn: number;
  readonly routerId: string;
  readonly neighbours: readonly [Neighbour, ...Neighbour[]];
  /** What it announces from the start. */
  readonly routes: readonly Route[];
}

/** Where a daemon may be: a directory of its own for its files, and the namespace to live in. */
export interface Place {
  readonly directory: string;
  readonly namespace: string;
  /** Different for each daemon of a run. */
  readonly number: number;
}

/** One running daemon. */
export interface Peer {
  /** Resolves once it answers. After a stop or a kill, comes back with the routes it had, as after a restart. */
  start(): Promise<void>;
  /** Ends it as a supervisor would. */
  stop(): Promise<void>;
  /** Ends it at once, without a word to anybody. */
  kill(): Promise<void>;
  established(): Promise<boolean>;
  /** Routes that it has from its first neighbour. */
  routes(family: AddressFamily): Promise<readonly SeenRoute[]>;
  announce(routes: readonly Route[]): Promise<void>;
  withdraw(prefixes: readonly string[]): Promise<void>;
  /** Has it ask its first neighbour for its routes (RFC 2918). */
  askRefresh(): Promise<void>;
  /** Ends the session with its first neighbour for the reason given (RFC 9003), and tells the reason that it sent. */
  shutdown(text: string): Promise<string>;
  /** Whether BFD with its first neighbour is up; where it has any. */
  bfd?(): Promise<boolean>;
  /** All that it has to say of its sessions: status and log. */
  sessionText(): Promise<string>;
}

/** A kind of daemon. */
export interface PeerKind {
  readonly name: string;
  /** Path of the program, to see whether it is here. */
  readonly program: string;
  /** The Debian package that has it. */
  readonly debianPackage: string;
  /** Cases that it has no means for, and why. */
  readonly lacks: Readonly<Record<string, string>>;
  /** While it dials, it says nothing on a connection of ours before our OPEN. */
  readonly waitsForOpen?: true;
  /** It passes routes on from one neighbour to another. */
  readonly propagates: boolean;
  create(setup: Setup, place: Place): Peer;
}
