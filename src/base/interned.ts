import { type Counted, CountedNumbers } from './counted-numbers.ts';

/**
 * When a number that nobody refers to any more is free for another value: `release` at once, or `collect` only when the
 * owner says so, because others may still read what the number stood for.
 */
export type FreedAt = 'release' | 'collect';

/**
 * Values known by small numbers, the same number for equal keys, so that a million entries can refer to a few of them in
 * a column of integers and be compared as such. Numbers are counted (`Counted`): a value that nobody refers to any more is
 * forgotten, and its number goes to another. Number 0 stands for `nothing`.
 *
 * With `collect`, a number that was never retained is given up too.
 */
export class Interned<Key, Value> implements Counted {
  /** The values by number; `nothing` where a number is free. The array grows as the numbers do. */
  readonly values: Value[];
  readonly #keys: (Key | undefined)[] = [undefined];
  readonly #byKey = new Map<Key, number>();
  readonly #numbers = new CountedNumbers();
  readonly #nothing: Value;
  readonly #freedAt: FreedAt;
  /** With `collect`: numbers that had no reference at some time since the last one. Some may have got others. */
  #idle: number[] = [];

  constructor(nothing: Value, freedAt: FreedAt = 'release') {
    this.values = [nothing];
    this.#nothing = nothing;
    this.#freedAt = freedAt;
  }

  /** Values that are in use, `nothing` aside. */
  get size(): number {
    return this.#numbers.size;
  }

  /** The number of the value with this key; 0 if there is none. */
  find(key: Key): number {
    return this.#byKey.get(key) ?? 0;
  }

  /** A number for a value whose key has none yet. It is not retained. */
  add(key: Key, value: Value): number {
    const number = this.#numbers.take();
    this.#byKey.set(key, number);
    this.#keys[number] = key;
    this.values[number] = value;
    if (this.#freedAt === 'collect') this.#idle.push(number);
    return number;
  }

  retain(number: number): number {
    return this.#numbers.retain(number);
  }

  release(number: number): void {
    if (!this.#numbers.release(number)) return;
    if (this.#freedAt === 'collect') this.#idle.push(number);
    else this.#forget(number);
  }

  /** Forgets the values that nobody refers to; `gone` hears each number while its value is still there. */
  collect(gone?: (number: number) => void): void {
    if (this.#idle.length === 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const number of idle) {
      if (this.#numbers.references(number) > 0 || this.#keys[number] === undefined) continue;
      gone?.(number);
      this.#forget(number);
    }
  }

  #forget(number: number): void {
    this.#byKey.delete(this.#keys[number] as Key);
    this.#keys[number] = undefined;
    this.values[number] = this.#nothing;
    this.#numbers.give(number);
  }
}
