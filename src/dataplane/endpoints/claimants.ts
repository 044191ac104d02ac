/** Who claims which CIDRs. A change costs what it says; nothing is kept of those who claim nothing. */
export class Claimants {
  readonly #byCidr = new Map<string, Set<string>>();
  readonly #byKey = new Map<string, readonly string[]>();

  /** CIDRs that somebody claims. */
  cidrs(): IterableIterator<string> {
    return this.#byCidr.keys();
  }

  /** Those who claim it, in the order of their keys. */
  of(cidr: string): readonly string[] {
    const keys = [...(this.#byCidr.get(cidr) ?? [])];
    return keys.length < 2 ? keys : keys.sort();
  }

  /** What `key` claims from now on. Answers with the CIDRs that have another set of claimants. */
  put(key: string, cidrs: readonly string[]): readonly string[] {
    const [before, now] = [new Set(this.#byKey.get(key)), new Set(cidrs)];
    const gone = [...before].filter((cidr) => !now.has(cidr));
    const added = [...now].filter((cidr) => !before.has(cidr));
    for (const cidr of gone) {
      const keys = this.#byCidr.get(cidr);
      keys?.delete(key);
      if (keys?.size === 0) this.#byCidr.delete(cidr);
    }
    for (const cidr of added) this.#byCidr.set(cidr, (this.#byCidr.get(cidr) ?? new Set()).add(key));
    if (now.size === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, [...now]);
    return [...gone, ...added];
  }
}
