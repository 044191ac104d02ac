/** The packet filter's news of packets. */

/** The count of a rule of a packet filter's table. */
export interface RuleCount {
  readonly chain: string;
  /** The rule's comment, in nft's word; absent where it has none. */
  readonly comment?: string | undefined;
  readonly packets: number;
  readonly bytes: number;
}

/** A chain of a packet filter's table, whoever made it; family and table as nft writes them. */
export interface TableChain {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
}

/**
 * The source and destination of a packet, as its first octets say (RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 9260, RFC
 * 792).
 */
export interface PacketHeader {
  readonly source: string;
  readonly destination: string;
  /** IP protocol number; of IPv6 that after the extension headers. */
  readonly protocol: number;
  /** Of TCP, UDP, UDP-Lite and SCTP; absent in later fragments and where too little of the packet is there. */
  readonly sourcePort?: number | undefined;
  readonly destinationPort?: number | undefined;
  /** Of ICMP and ICMPv6. */
  readonly icmp?: { readonly type: number; readonly code: number } | undefined;
}

/** A packet that a rule with `log group` handed out, or word that some were lost; 0: nobody knows how many. */
export type LoggedPacketEvent =
  | ({ readonly kind: 'packet' } & LoggedPacket)
  | { readonly kind: 'lost'; readonly packets: number };

export interface LoggedPacket extends PacketHeader {
  /** The prefix that the rule gives it. */
  readonly prefix: string;
  readonly mark: number;
  /** Indices of the interfaces; undefined where the hook has none. */
  readonly inDevice: number | undefined;
  readonly outDevice: number | undefined;
}
