import type { Family } from '../base/index.ts';

/**
 * The kernel's news of a connection, in numbers: there may be thousands a second, so one object serves for all of
 * them, and whoever wants to keep something copies it.
 */
export interface ConnectionEvent {
  kind: 'new' | 'update' | 'destroy';
  family: Family;
  /** IP protocol number. */
  protocol: number;
  /**
   * Four words each, of IPv4 the first alone: who began it, whom it was sent to, and who answers, which is another one
   * where the destination was translated.
   */
  readonly addresses: Uint32Array;
  /** 0 where the protocol has none. */
  sourcePort: number;
  destinationPort: number;
  answererPort: number;
  /** −1 where it is not ICMP's or ICMPv6's. */
  icmpType: number;
  icmpCode: number;
  /** Since it began; told when it ends, and where `nf_conntrack_acct` is on, else 0. */
  packets: number;
  octets: number;
  /** Those of the other direction. */
  answeredPackets: number;
  answeredOctets: number;
}

/** The news of connections from now on, kept by the kernel until they are read. */
export interface ConnectionEvents {
  /**
   * Hands on what has come, in the order in which it came, at most `most`; how many those were. The listener must not
   * keep the event.
   */
  read(listener: (event: ConnectionEvent) => void, most: number): number;
  /** How many were lost so far because nobody read them in time, or could not be read. */
  readonly lost: number;
  stop(): void;
}
