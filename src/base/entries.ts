/** What one commit changed: by key, the value before. */
type Changes<V> = ReadonlyMap<string, V | undefined>;

/**
 * A keyed collection that knows how it differs from its own former states. To its readers it is a value: they keep the
 * one that they have dealt with, and ask the next one `since` it, at the cost of what changed in between.
 *
 *     former ──changes──► … ──changes──► newest      (forward links: what nobody holds any more is collected)
 *                                          │
 *                                       entries      (one map, shared)
 *
 * Read through a former state, the entries are the newest too: a reader that acts later than it was told does what is right
 * by then, and what it is told next only repeats that.
 */
export class Entries<V> implements Iterable<readonly [key: string, value: V]> {
  readonly #lineage: Lineage<V>;
  #changes: Changes<V> | undefined;
  #next: Entries<V> | undefined;

  /** Made by `EntriesWriter` alone. */
  constructor(lineage: Lineage<V>) {
    this.#lineage = lineage;
  }

  /** A collection that never changes. */
  static of<V>(entries: Iterable<readonly [key: string, value: V]> = []): Entries<V> {
    const writer = new EntriesWriter<V>(Object.is);
    for (const [key, value] of entries) writer.set(key, value);
    return writer.commit();
  }

  get size(): number {
    return this.#newest().size;
  }

  /** The same, for those who read it as the list that it stands for. */
  get length(): number {
    return this.size;
  }

  get(key: string): V | undefined {
    return this.#newest().get(key);
  }

  keys(): IterableIterator<string> {
    return this.#newest().keys();
  }

  values(): IterableIterator<V> {
    return this.#newest().values();
  }

  [Symbol.iterator](): IterableIterator<[string, V]> {
    return this.#newest().entries();
  }

  /**
   * What differs from `before`, each key once: its value now and the one before, undefined where there is none. What is
   * gone comes first. Everything is new when `before` is undefined or the state of another collection.
   */
  since(
    before: Entries<V> | undefined,
  ): readonly (readonly [key: string, now: V | undefined, before: V | undefined])[] {
    const entries = this.#newest();
    if (before === this) return [];
    if (before === undefined || before.#lineage !== this.#lineage) {
      const others = before === undefined ? [] : [...before].filter(([key]) => !entries.has(key));
      return [
        ...others.map(([key, value]) => [key, undefined, value] as const),
        ...[...entries].map(([key, value]) => [key, value, before?.get(key)] as const),
      ];
    }
    const first = new Map<string, V | undefined>();
    for (let state: Entries<V> | undefined = before; state !== this && state !== undefined; state = state.#next) {
      for (const [key, value] of state.#changes ?? []) if (!first.has(key)) first.set(key, value);
    }
    const gone: (readonly [string, undefined, V])[] = [];
    const here: (readonly [string, V, V | undefined])[] = [];
    for (const [key, value] of first) {
      const now = entries.get(key);
      if (now !== undefined) {
        if (now !== value) here.push([key, now, value]);
      } else if (value !== undefined) gone.push([key, undefined, value]);
    }
    return [...gone, ...here];
  }

  /** The writer's: this state is followed by another. */
  followedBy(next: Entries<V>, changes: Changes<V>): void {
    this.#changes = changes;
    this.#next = next;
  }

  #newest(): ReadonlyMap<string, V> {
    return this.#lineage.entries;
  }
}

interface Lineage<V> {
  readonly entries: ReadonlyMap<string, V>;
}

/** The one hand that changes a collection. */
export class EntriesWriter<V> {
  readonly #entries = new Map<string, V>();
  readonly #same: (a: V, b: V) => boolean;
  readonly #lineage: Lineage<V> = { entries: this.#entries };
  #changes = new Map<string, V | undefined>();
  #state: Entries<V>;

  /** `same`: whether two values say the same; then the former one stays, and nothing has changed. */
  constructor(same: (a: V, b: V) => boolean) {
    this.#same = same;
    this.#state = new Entries(this.#lineage);
  }

  /** As it will be committed. */
  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  /** As it will be committed. */
  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** Sets the value of a key; undefined takes it out. Whether that says something new. */
  set(key: string, value: V | undefined): boolean {
    const before = this.#entries.get(key);
    if (before === undefined ? value === undefined : value !== undefined && this.#same(before, value)) return false;
    if (!this.#changes.has(key)) this.#changes.set(key, before);
    if (value === undefined) this.#entries.delete(key);
    else this.#entries.set(key, value);
    return true;
  }

  /** The collection as it is now: the same object as before when nothing has changed. */
  commit(): Entries<V> {
    if (this.#changes.size === 0) return this.#state;
    const next = new Entries(this.#lineage);
    this.#state.followedBy(next, this.#changes);
    this.#changes = new Map();
    this.#state = next;
    return next;
  }
}
