import { type Entries, EntriesWriter } from '../base/index.ts';

interface Claim<V> {
  readonly by: string;
  readonly value: V;
}

/**
 * A collection in which several may claim one key: the claimant whose name comes first has it, and when that one gives
 * it up the next. So what is there depends on the claims alone, and not on their order of arrival.
 */
export class Claims<V> {
  readonly #claims = new Map<string, readonly Claim<V>[]>();
  readonly #writer: EntriesWriter<V>;

  constructor(same: (a: V, b: V) => boolean) {
    this.#writer = new EntriesWriter(same);
  }

  /** Puts the claim of `by` on the key; undefined withdraws it. */
  put(key: string, by: string, value: V | undefined): void {
    const others = (this.#claims.get(key) ?? []).filter((claim) => claim.by !== by);
    const claims = value === undefined ? others : [...others, { by, value }].sort((a, b) => (a.by < b.by ? -1 : 1));
    if (claims.length === 0) this.#claims.delete(key);
    else this.#claims.set(key, claims);
    this.#writer.set(key, claims[0]?.value);
  }

  commit(): Entries<V> {
    return this.#writer.commit();
  }
}
