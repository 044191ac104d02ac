import type { Family } from '../../base/index.ts';

/** A packet that policy dropped. */
export interface DeniedPacket {
  readonly family: Family;
  readonly protocol: number;
  /** Words of source and destination, four each, of IPv4 the first alone. */
  readonly addresses: Uint32Array;
  /** 0 where the protocol has none, or the packet was too short to tell. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** −1 where it is not ICMP's or ICMPv6's. */
  readonly icmpType: number;
  readonly icmpCode: number;
  /** The rule that dropped it, in words. */
  readonly why: string;
}

/** The traffic within one window between two ends, by one protocol, to one port. */
export interface FlowRecord {
  /** Counts up from 1; the later one began later. */
  readonly number: number;
  /** Milliseconds since 1970: of the first event, and of the last. */
  readonly first: number;
  readonly last: number;
  readonly events: number;
  readonly family: Family;
  readonly protocol: number;
  readonly source: string;
  /** Of the first connection or packet; 0 for none. */
  readonly sourcePort: number;
  /** The end that answers. */
  readonly destination: string;
  readonly destinationPort: number;
  /** The destination before translation: a Service's address. */
  readonly service?: { readonly address: string; readonly port: number };
  readonly icmp?: { readonly type: number; readonly code: number };
  /** The rule that dropped it; undefined: the kernel has let it through. */
  readonly denied: string | undefined;
  /** Connections that began and that ended meanwhile; they may be others. */
  readonly begun: number;
  readonly ended: number;
  /** Of the connections that ended, from their beginning on; of what was denied, those that were told. */
  readonly packets: number;
  readonly octets: number;
  readonly answeredPackets: number;
  readonly answeredOctets: number;
}
