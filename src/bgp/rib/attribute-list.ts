/** Path attribute type codes that the RIB reads or writes (RFC 4271 §5, 4456, 1997, 4360, 8092). */
export const attributeType = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  communities: 8,
  originatorId: 9,
  clusterList: 10,
  extendedCommunities: 16,
  largeCommunities: 32,
  onlyToCustomer: 35,
} as const;

/** LOCAL_PREF of a route that has none. */
export const DEFAULT_LOCAL_PREF = 100;

const OPTIONAL = 0x80;
const TRANSITIVE = 0x40;
const EXTENDED = 0x10;
const AS_SET = 1;
const AS_SEQUENCE = 2;

/** One attribute: `flags` without the extended-length bit, which follows from the value. */
export interface RawAttribute {
  readonly type: number;
  readonly flags: number;
  readonly value: Uint8Array;
}

/**
 * A set of path attributes that can be edited, read from and written back to canonical bytes (sorted by type).
 * For the rare moments when a route is changed; what is done per route works on the pool's integer columns.
 */
export class AttributeList {
  readonly #attributes = new Map<number, RawAttribute>();

  /** Reads canonical bytes, which the codec has checked already. */
  static from(bytes: Uint8Array): AttributeList {
    const list = new AttributeList();
    for (let at = 0; at + 3 <= bytes.length; ) {
      const extended = (bytes[at] & EXTENDED) !== 0;
      const length = extended ? (bytes[at + 2] << 8) | bytes[at + 3] : bytes[at + 2];
      const start = at + (extended ? 4 : 3);
      list.set(bytes[at + 1], bytes[at] & ~EXTENDED, bytes.slice(start, start + length));
      at = start + length;
    }
    return list;
  }

  get(type: number): Uint8Array | undefined {
    return this.#attributes.get(type)?.value;
  }

  set(type: number, flags: number, value: Uint8Array): this {
    this.#attributes.set(type, { type, flags, value });
    return this;
  }

  delete(type: number): this {
    this.#attributes.delete(type);
    return this;
  }

  all(): RawAttribute[] {
    return [...this.#attributes.values()].sort((a, b) => a.type - b.type);
  }

  toBytes(): Uint8Array {
    const all = this.all();
    const bytes = new Uint8Array(all.reduce((sum, { value }) => sum + value.length + (value.length > 255 ? 4 : 3), 0));
    let at = 0;
    for (const { type, flags, value } of all) {
      const extended = value.length > 255;
      bytes[at++] = flags | (extended ? EXTENDED : 0);
      bytes[at++] = type;
      if (extended) bytes[at++] = value.length >> 8;
      bytes[at++] = value.length & 255;
      bytes.set(value, at);
      at += value.length;
    }
    return bytes;
  }

  setOrigin(origin: 0 | 1 | 2): this {
    return this.set(attributeType.origin, TRANSITIVE, Uint8Array.of(origin));
  }

  setMed(value: number): this {
    return this.set(attributeType.med, OPTIONAL, u32(value));
  }

  setLocalPref(value: number): this {
    return this.set(attributeType.localPref, TRANSITIVE, u32(value));
  }

  /** What counts for the decision: 100 where there is none. */
  localPref(): number {
    const value = this.get(attributeType.localPref);
    return value === undefined ? DEFAULT_LOCAL_PREF : readU32(value, 0);
  }

  setOriginatorId(routerId: number): this {
    return this.set(attributeType.originatorId, OPTIONAL, u32(routerId));
  }

  setOnlyToCustomer(asn: number): this {
    return this.set(attributeType.onlyToCustomer, OPTIONAL | TRANSITIVE, u32(asn));
  }

  /** Puts a cluster in front of CLUSTER_LIST (RFC 4456 §8). */
  prependCluster(clusterId: number): this {
    const before = this.get(attributeType.clusterList) ?? new Uint8Array(0);
    return this.set(attributeType.clusterList, OPTIONAL, concat(u32(clusterId), before));
  }

  setAsPath(asns: readonly number[]): this {
    this.set(attributeType.asPath, TRANSITIVE, new Uint8Array(0));
    return this.prependAsPath(asns);
  }

  /** Puts ASNs in front of AS_PATH, four octets each, in the first AS_SEQUENCE while it has room (RFC 4271 §5.1.2). */
  prependAsPath(asns: readonly number[]): this {
    const before = this.get(attributeType.asPath) ?? new Uint8Array(0);
    if (asns.length === 0) return this.set(attributeType.asPath, TRANSITIVE, before);
    const added = asns.flatMap((asn) => [...u32(asn)]);
    const joins = before.length > 0 && before[0] === AS_SEQUENCE && before[1] + asns.length <= 255;
    const head = Uint8Array.of(AS_SEQUENCE, asns.length + (joins ? before[1] : 0), ...added);
    return this.set(attributeType.asPath, TRANSITIVE, concat(head, joins ? before.subarray(2) : before));
  }

  /** Every ASN in AS_PATH, AS_SETs flattened, nearest first. */
  asPath(): number[] {
    return asPathOf(this.get(attributeType.asPath) ?? new Uint8Array(0));
  }

  communities(): number[] {
    return words(this.get(attributeType.communities));
  }

  setCommunities(values: Iterable<number>): this {
    const sorted = [...new Set(values)].sort((a, b) => a - b);
    if (sorted.length === 0) return this.delete(attributeType.communities);
    return this.set(attributeType.communities, OPTIONAL | TRANSITIVE, concat(...sorted.map(u32)));
  }

  /** Each as its eight octets. */
  extendedCommunities(): bigint[] {
    const all = words(this.get(attributeType.extendedCommunities));
    return Array.from({ length: all.length >> 1 }, (_, at) => (BigInt(all[at * 2]) << 32n) | BigInt(all[at * 2 + 1]));
  }

  setExtendedCommunities(values: Iterable<bigint>): this {
    const sorted = [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));
    if (sorted.length === 0) return this.delete(attributeType.extendedCommunities);
    const value = concat(...sorted.flatMap((one) => [u32(Number(one >> 32n)), u32(Number(one & 0xffffffffn))]));
    return this.set(attributeType.extendedCommunities, OPTIONAL | TRANSITIVE, value);
  }

  /** Large communities as triples of numbers, joined by `:`. */
  largeCommunities(): string[] {
    const all = words(this.get(attributeType.largeCommunities));
    return Array.from({ length: Math.floor(all.length / 3) }, (_, at) => all.slice(at * 3, at * 3 + 3).join(':'));
  }

  setLargeCommunities(texts: Iterable<string>): this {
    const sorted = [...new Set(texts)].sort();
    if (sorted.length === 0) return this.delete(attributeType.largeCommunities);
    const value = concat(...sorted.flatMap((text) => text.split(':').map((part) => u32(Number(part)))));
    return this.set(attributeType.largeCommunities, OPTIONAL | TRANSITIVE, value);
  }
}

/** ASNs of an AS_PATH value in four-octet form. */
export function asPathOf(value: Uint8Array): number[] {
  const asns: number[] = [];
  for (let at = 0; at + 2 <= value.length; ) {
    const end = at + 2 + value[at + 1] * 4;
    for (let asn = at + 2; asn + 4 <= end; asn += 4) asns.push(readU32(value, asn));
    at = end;
  }
  return asns;
}

/** What AS_PATH counts for in the decision: an AS_SET is one, confederation segments none (RFC 4271 §9.1.2.2, 5065). */
export function asPathLength(bytes: Uint8Array, start: number, end: number): number {
  let length = 0;
  for (let at = start; at + 2 <= end; at += 2 + bytes[at + 1] * 4) {
    if (bytes[at] === AS_SEQUENCE) length += bytes[at + 1];
    else if (bytes[at] === AS_SET) length += 1;
  }
  return length;
}

export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

function words(bytes: Uint8Array | undefined): number[] {
  if (bytes === undefined) return [];
  return Array.from({ length: bytes.length >> 2 }, (_, at) => readU32(bytes, at * 4));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
