/** The claimants of things such as CIDRs. A change costs what it says; nothing is kept of those who claim nothing. */
export class Claimants {
  readonly #byThing = new Map<string, Set<string>>();
  readonly #byKey = new Map<string, readonly string[]>();

  /** The things that somebody claims. */
  claimed(): IterableIterator<string> {
    return this.#byThing.keys();
  }

  /** Those who claim it, in the order of their keys. */
  of(thing: string): readonly string[] {
    const keys = [...(this.#byThing.get(thing) ?? [])];
    return keys.length < 2 ? keys : keys.sort();
  }

  /** Sets the claims of `key`. Returns the things whose claimants have changed. */
  put(key: string, things: readonly string[]): readonly string[] {
    const [before, now] = [new Set(this.#byKey.get(key)), new Set(things)];
    const gone = [...before].filter((thing) => !now.has(thing));
    const added = [...now].filter((thing) => !before.has(thing));
    for (const thing of gone) {
      const keys = this.#byThing.get(thing);
      keys?.delete(key);
      if (keys?.size === 0) this.#byThing.delete(thing);
    }
    for (const thing of added) this.#byThing.set(thing, (this.#byThing.get(thing) ?? new Set()).add(key));
    if (now.size === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, [...now]);
    return [...gone, ...added];
  }
}
