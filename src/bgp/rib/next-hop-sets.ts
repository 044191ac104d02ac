import type { NextHopSet } from '../api.ts';
import { CountedNumbers } from './counted-numbers.ts';
import type { NextHopTable } from './next-hops.ts';

const NO_SET: NextHopSet = Object.freeze({ addresses: [], localPref: 0 });

/**
 * Interned `NextHopSet`s, as `BestChanges` refers to them; number 0 is the empty one. Routes that are reported with a set
 * retain it. A number that no route has any more is given to another set only after `collect`, when the program around
 * the speaker has been told.
 */
export class NextHopSets {
  readonly all: NextHopSet[] = [NO_SET];
  readonly #numbers = new CountedNumbers();
  readonly #nextHops: NextHopTable;
  /** By next hop and LOCAL_PREF where there is one next hop, by text where there are several. */
  readonly #ids = new Map<number | string, number>();
  /** Of each set: its key, and the numbers of its next hops, which it retains. */
  readonly #keys: (number | string)[] = [''];
  readonly #members: (readonly number[])[] = [[]];
  /** Numbers that have lost their last route since the last `collect`; some may have got others. */
  #dropped: number[] = [];

  #lastKey = -1;
  #lastId = 0;

  constructor(nextHops: NextHopTable) {
    this.#nextHops = nextHops;
  }

  /** Sets that are in use, the empty one aside. */
  get size(): number {
    return this.#numbers.size;
  }

  single(nextHop: number, localPref: number): number {
    const key = nextHop * 2 ** 32 + localPref;
    if (key === this.#lastKey) return this.#lastId;
    const id = this.#ids.get(key) ?? this.#add(key, [nextHop], localPref);
    this.#lastKey = key;
    this.#lastId = id;
    return id;
  }

  /** `nextHops` may repeat themselves and be in any order. */
  several(nextHops: readonly number[], localPref: number): number {
    const distinct = [...new Set(nextHops)].sort((a, b) => a - b);
    if (distinct.length === 1) return this.single(distinct[0], localPref);
    const key = `${localPref}:${distinct.join()}`;
    return this.#ids.get(key) ?? this.#add(key, distinct, localPref);
  }

  /** A route is reported with the set. What `single` and `several` answer is to be retained before the next `collect`. */
  retain(id: number): void {
    if (id !== 0) this.#numbers.retain(id);
  }

  release(id: number): void {
    if (id !== 0 && this.#numbers.release(id)) this.#dropped.push(id);
  }

  /** Everything has been told: numbers without a route may be given to other sets. */
  collect(): void {
    if (this.#dropped.length === 0) return;
    for (const id of this.#dropped) {
      const members = this.#members[id];
      if (this.#numbers.isUsed(id) || members.length === 0) continue;
      for (const nextHop of members) this.#nextHops.release(nextHop);
      this.#ids.delete(this.#keys[id]);
      this.#members[id] = [];
      this.#keys[id] = '';
      this.all[id] = NO_SET;
      this.#numbers.give(id);
    }
    this.#dropped = [];
    this.#lastKey = -1;
  }

  #add(key: number | string, nextHops: readonly number[], localPref: number): number {
    const addresses = nextHops.map((nextHop) => this.#nextHops.text(this.#nextHops.retain(nextHop))).sort();
    const id = this.#numbers.take();
    this.#keys[id] = key;
    this.#members[id] = nextHops;
    this.#ids.set(key, id);
    this.all[id] = Object.freeze({ addresses: Object.freeze(addresses), localPref });
    return id;
  }
}
