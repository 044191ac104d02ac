/** The changes of one commit: by key, the value before. */
type Changes<V> = ReadonlyMap<string, V | undefined>;

/**
 * A keyed collection that knows how it differs from its own former states. To its readers it is a value: they keep the
 * one that they have dealt with, and ask the next one `since` it, at the cost of what changed in between.
 *
 *     former ──changes──► … ──changes──► newest      (forward links: what nobody holds any more is collected)
 *                                          │
 *                                       entries      (one map, shared)
 *
 * Read through a former state, the entries are the newest too: a reader that acts later than it was told does what is
 * right by then, and what it is told next only repeats that.
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

  /**
   * The same, for those who read it as the list of values that it stands for, by key; the next ones are for them too.
   */
  get length(): number {
    return this.size;
  }

  map<T>(each: (value: V) => T): T[] {
    return this.toJSON().map((value) => each(value));
  }

  filter(which: (value: V) => boolean): V[] {
    return this.toJSON().filter((value) => which(value));
  }

  find(which: (value: V) => boolean): V | undefined {
    return this.toJSON().find((value) => which(value));
  }

  some(which: (value: V) => boolean): boolean {
    return this.find(which) !== undefined;
  }

  toJSON(): V[] {
    return [...this].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
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
   * The differences from `before`, each key once: its value now and the one before, undefined where there is none. What
   * is gone comes first. Everything is new when `before` is undefined or the state of another collection.
   */
  since(
    before: Entries<V> | undefined,
  ): readonly (readonly [key: string, now: V | undefined, before: V | undefined])[] {
    const entries = this.#newest();
    if (before === this) return [];
    if (before === undefined) return Array.from(entries, ([key, value]) => [key, value, undefined] as const);
    if (before.#lineage !== this.#lineage) {
      const former = before.#asItWas();
      const others = [...former].filter(([key]) => !entries.has(key));
      return [
        ...others.map(([key, value]) => [key, undefined, value] as const),
        ...[...entries].map(([key, value]) => [key, value, former.get(key)] as const),
      ];
    }
    const first = before.#firstChanges(this);
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

  /** The values that keys had here which have changed since, up to another state, or to what is not committed yet. */
  #firstChanges(to?: Entries<V>): Map<string, V | undefined> {
    const first = new Map<string, V | undefined>();
    const note = (changes: Changes<V>): void => {
      for (const [key, value] of changes) if (!first.has(key)) first.set(key, value);
    };
    for (let state: Entries<V> | undefined = this; state !== to && state !== undefined; state = state.#next) {
      note(state.#changes ?? NO_CHANGES);
    }
    if (to === undefined) note(this.#lineage.pending);
    return first;
  }

  /** The collection as it was in this state, for a reader that goes on with another collection. */
  #asItWas(): ReadonlyMap<string, V> {
    const was = new Map(this.#newest());
    for (const [key, value] of this.#firstChanges()) {
      if (value === undefined) was.delete(key);
      else was.set(key, value);
    }
    return was;
  }
}

const NO_CHANGES: Changes<never> = new Map();

interface Lineage<V> {
  readonly entries: ReadonlyMap<string, V>;
  /** Changes that are in the entries, and in no state yet. */
  pending: Changes<V>;
}

/** The one hand that changes a collection. */
export class EntriesWriter<V> {
  readonly #entries = new Map<string, V>();
  readonly #same: (a: V, b: V) => boolean;
  #changes = new Map<string, V | undefined>();
  readonly #lineage: Lineage<V> = { entries: this.#entries, pending: this.#changes };
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
    this.#lineage.pending = this.#changes = new Map();
    this.#state = next;
    return next;
  }
}
