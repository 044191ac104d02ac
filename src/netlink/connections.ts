import type { Family } from '../base/index.ts';

/** Connections as the kernel's connection tracking knows them, after conntrack(8). */

/** Packets of one direction. */
export interface Flow {
  readonly source: string;
  readonly destination: string;
  /** Of TCP, UDP, UDP-Lite, SCTP and DCCP. */
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Of ICMP and ICMPv6. */
  readonly icmp?: { readonly type: number; readonly code: number; readonly id: number };
}

export interface TrackedConnection {
  readonly family: Family;
  /** IP protocol number. */
  readonly protocol: number;
  /** As its first packet came in, before any translation. */
  readonly original: Flow;
  /** As answers come in; where nothing is translated, the reverse of `original`. */
  readonly reply: Flow;
  /** The kernel's number for it: who comes later with the same addresses and ports has another. */
  readonly id: number;
  /** 0 for most. */
  readonly zone: number;
}

export interface ConnectionFilter {
  /** Only those that have one of these in either direction, as source or destination. Text as `formatAddress` writes it. */
  readonly addresses?: ReadonlySet<string>;
}
