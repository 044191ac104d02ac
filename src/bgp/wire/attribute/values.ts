/** ORIGIN, lower is better (RFC 4271 §5.1.1). */
export const ORIGIN = { IGP: 0, EGP: 1, INCOMPLETE: 2 } as const;

export type Origin = (typeof ORIGIN)[keyof typeof ORIGIN];

export interface AsPathSegment {
  /** Unordered (AS_SET) or ordered (AS_SEQUENCE). */
  readonly kind: 'set' | 'sequence';
  /** Up to 255 of them. */
  readonly asns: readonly number[];
}

export interface LargeCommunity {
  readonly global: number;
  readonly local1: number;
  readonly local2: number;
}

/** An optional transitive attribute that this library does not understand, kept to be passed on. */
export interface UnknownAttribute {
  readonly type: number;
  /** With the Partial bit, without the extended-length bit. */
  readonly flags: number;
  readonly value: Uint8Array;
}

/** The attributes of a route, apart from next hop and NLRI. IPv4 addresses and identifiers are unsigned integers. */
export interface AttributeValues {
  readonly origin?: Origin;
  readonly asPath?: readonly AsPathSegment[];
  readonly med?: number;
  readonly localPref?: number;
  readonly atomicAggregate?: boolean;
  readonly aggregator?: { readonly asn: number; readonly address: number };
  readonly communities?: readonly number[];
  readonly originatorId?: number;
  readonly clusterList?: readonly number[];
  /** Eight octets each, as one number. */
  readonly extendedCommunities?: readonly bigint[];
  readonly largeCommunities?: readonly LargeCommunity[];
  /** Only to Customer (RFC 9234): the AS number that set it. */
  readonly otc?: number;
  readonly unknown?: readonly UnknownAttribute[];
}
