/** Elements of nftables' sets and maps, as the kernel has them: keys and values in octets. */

/** The verdict of a map for a key. */
export type ElementVerdict =
  | { readonly verdict: 'accept' | 'drop' | 'return' | 'continue' }
  | { readonly verdict: 'jump' | 'goto'; readonly chain: string };

export interface SetElement {
  /** Of exactly the octets that the set's type has, in network order; an interval's first. */
  readonly key: Uint8Array;
  /** In a set of intervals: the first key behind this one; none where it reaches the largest key. */
  readonly end?: Uint8Array;
  /** In a concatenation of intervals: the last key, part by part. */
  readonly keyEnd?: Uint8Array;
  /** In a map. */
  readonly value?: Uint8Array | ElementVerdict;
}

export interface ElementChange {
  readonly verb: 'add' | 'delete';
  /** Name of the set or map. */
  readonly set: string;
  readonly elements: readonly SetElement[];
}
