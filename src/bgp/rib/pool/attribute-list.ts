import { ATTRIBUTE, AttributeSet, asNumbers, prepended, withoutPrivate } from '../../wire/index.ts';

/** LOCAL_PREF of a route that has none. */
export const DEFAULT_LOCAL_PREF = 100;
/** A bit of an extended community's first octet. */
const NON_TRANSITIVE = 0x40;

/** A set of path attributes in the words of those who change routes: filters, reflectors, exports. */
export class AttributeList extends AttributeSet {
  setOrigin(origin: 0 | 1 | 2): this {
    return this.put('origin', origin);
  }

  setMed(value: number): this {
    return this.put('med', value);
  }

  setLocalPref(value: number): this {
    return this.put('localPref', value);
  }

  /** The value that counts for the decision: 100 where there is none. */
  localPref(): number {
    return this.value('localPref') ?? DEFAULT_LOCAL_PREF;
  }

  /** Puts a cluster in front of CLUSTER_LIST (RFC 4456 §8). */
  prependCluster(clusterId: number): this {
    return this.put('clusterList', [clusterId, ...(this.value('clusterList') ?? [])]);
  }

  setAsPath(asns: readonly number[]): this {
    return this.put('asPath', prepended([], asns));
  }

  /** Puts ASNs in front of AS_PATH (RFC 4271 §5.1.2). */
  prependAsPath(asns: readonly number[]): this {
    return this.put('asPath', prepended(this.value('asPath') ?? [], asns));
  }

  /** Takes private ASNs out of AS_PATH, but for `kept`. */
  removePrivateAs(kept: number): this {
    return this.put('asPath', withoutPrivate(this.value('asPath') ?? [], kept));
  }

  /** Every ASN in AS_PATH, AS_SETs flattened, nearest first. */
  asPath(): number[] {
    return asNumbers(this.value('asPath') ?? []);
  }

  communities(): readonly number[] {
    return this.value('communities') ?? [];
  }

  /** In order, each once. */
  setCommunities(values: Iterable<number>): this {
    return this.put(
      'communities',
      [...new Set(values)].sort((a, b) => a - b),
    );
  }

  /** Each as its eight octets. */
  extendedCommunities(): readonly bigint[] {
    return this.value('extendedCommunities') ?? [];
  }

  setExtendedCommunities(values: Iterable<bigint>): this {
    return this.put(
      'extendedCommunities',
      [...new Set(values)].sort((a, b) => (a < b ? -1 : 1)),
    );
  }

  /** Takes out the extended communities that must not leave the AS (RFC 4360 §6, RFC 5701 §2). */
  removeNonTransitive(): this {
    const leaves = ([type]: Uint8Array): boolean => (type & NON_TRANSITIVE) === 0;
    return this.retain(ATTRIBUTE.EXTENDED_COMMUNITIES, 8, leaves).retain(
      ATTRIBUTE.IPV6_EXTENDED_COMMUNITIES,
      20,
      leaves,
    );
  }

  /** Large communities as triples of numbers, joined by `:`. */
  largeCommunities(): string[] {
    return (this.value('largeCommunities') ?? []).map(({ global, local1, local2 }) =>
      [global, local1, local2].join(':'),
    );
  }

  setLargeCommunities(texts: Iterable<string>): this {
    const all = [...new Set(texts)].sort().map((text) => text.split(':').map(Number));
    return this.put(
      'largeCommunities',
      all.map(([global = 0, local1 = 0, local2 = 0]) => ({ global, local1, local2 })),
    );
  }
}
