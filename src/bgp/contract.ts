import type { Family } from '../base/index.ts';
import type { AddressFamily, PeerConfig } from './api.ts';

/**
 * The seams inside the library, on one page:
 *
 *     bytes ─► transport ─► session (fsm) ─ UPDATE ─► wire.decodeUpdate ─► UpdateView ─► rib
 *     bytes ◄─ transport ◄─ session ◄──────────── slabs ◄── export group ◄─────────────── rib
 */

/** The outcome of both OPENs: everything that the codec and the RIB need to know of a session. */
export interface Negotiated {
  readonly peerAs: number;
  readonly localAs: number;
  readonly ibgp: boolean;
  /** As an unsigned integer. */
  readonly peerRouterId: number;
  readonly localRouterId: number;
  /** Seconds; 0 for none. */
  readonly holdTime: number;
  readonly keepaliveTime: number;
  readonly families: readonly AddressFamily[];
  readonly fourOctetAs: boolean;
  readonly extendedMessages: boolean;
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  /** Families for which path identifiers are sent / received (RFC 7911). */
  readonly addPathSend: readonly AddressFamily[];
  readonly addPathReceive: readonly AddressFamily[];
  /** Families whose IPv4 NLRI may have IPv6 next hops (RFC 8950). */
  readonly extendedNextHop: readonly AddressFamily[];
  readonly gracefulRestart?: {
    /** Seconds the peer asks us to keep its routes. */
    readonly restartTime: number;
    readonly restarting: boolean;
    readonly notification: boolean;
    readonly families: readonly { readonly family: AddressFamily; readonly forwarding: boolean }[];
  };
  readonly longLived?: readonly {
    readonly family: AddressFamily;
    readonly staleTime: number;
    readonly forwarding: boolean;
  }[];
  readonly role?: number;
  /** Text addresses of the TCP connection. */
  readonly localAddress: string;
  readonly peerAddress: string;
}

/** NLRI of one section of an UPDATE as columns: words at `addresses[i × words]`. */
export interface NlriColumns {
  /** AFI and SAFI: whose table they belong in. */
  of: AddressFamily;
  /** The family of the addresses. */
  family: Family;
  count: number;
  readonly addresses: Uint32Array;
  readonly lengths: Uint8Array;
  /** Path identifiers; 0 where ADD-PATH is not in use. */
  readonly pathIds: Uint32Array;
}

/**
 * One decoded UPDATE. It is scratch, filled again for each message: nothing in it may be kept.
 * Attributes are canonical: NEXT_HOP and MP_* taken out, AS_PATH in four-octet form (AS4_PATH merged), discarded ones
 * dropped, sorted by type, ready to be interned by their bytes.
 */
export interface UpdateView {
  readonly withdrawn4: NlriColumns;
  readonly announced4: NlriColumns;
  readonly mpWithdrawn: NlriColumns;
  readonly mpAnnounced: NlriColumns;
  readonly attributes: Uint8Array;
  attributesLength: number;
  /** NEXT_HOP of the announced4 section, as an unsigned integer. */
  nextHop4: number;
  /** Next hop of the mpAnnounced section: 4, 16 or 32 octets (global, then link-local). */
  readonly mpNextHop: Uint8Array;
  mpNextHopLength: number;
  /** RFC 7606: the announced prefixes count as withdrawn. */
  treatAsWithdraw: boolean;
  /** Set when the message is an End-of-RIB marker. */
  endOfRib: AddressFamily | undefined;
}

/** One peer, as the session layer shows it to the speaker. */
export interface PeerHandle {
  readonly config: PeerConfig;
  readonly negotiated: Negotiated | undefined;
  /**
   * Hands whole encoded messages to the kernel, in order. False when the socket wants a pause: call no more until
   * `SessionHandler.drained`.
   */
  write(messages: Uint8Array): boolean;
  /** Bytes handed over that the kernel has not taken yet. */
  readonly backlog: number;
  /** Sends a NOTIFICATION and ends the session. */
  reset(code: number, subcode: number, data?: Uint8Array, reason?: string): void;
}

/** The calls of the session layer to the speaker. Calls come in order and never overlap. */
export interface SessionHandler {
  established(peer: PeerHandle, negotiated: Negotiated): void;
  update(peer: PeerHandle, view: UpdateView, receivedAt: number): void;
  refresh(peer: PeerHandle, family: AddressFamily, subtype: 'request' | 'begin' | 'end'): void;
  drained(peer: PeerHandle): void;
  /**
   * `keep`: families whose routes stay as stale (graceful restart), with the seconds to keep them, and how many of
   * those are the restart time, after which they are long-lived stale.
   */
  closed(
    peer: PeerHandle,
    reason: string,
    keep: readonly { readonly family: AddressFamily; readonly seconds: number; readonly restartTime: number }[],
  ): void;
}
