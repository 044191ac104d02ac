import { Interned } from '../../../base/index.ts';
import type { NextHopSet } from '../../api.ts';
import type { NextHopTable } from './next-hops.ts';

const NO_SET: NextHopSet = Object.freeze({ addresses: [], localPref: 0 });

/**
 * Interned `NextHopSet`s, as `BestChanges` refers to them; number 0 is the empty one. Routes that are reported with a set
 * retain it. A number that no route has any more is given to another set only after `collect`, when the program around
 * the speaker has been told.
 */
export class NextHopSets {
  readonly #nextHops: NextHopTable;
  /** By next hop and LOCAL_PREF where there is one next hop, by text where there are several. */
  readonly #sets = new Interned<number | string, NextHopSet>(NO_SET, 'collect');
  /** By the number of the set: the numbers of its next hops, which it retains. */
  readonly #members: (readonly number[])[] = [[]];

  #lastKey = -1;
  #lastNumber = 0;

  constructor(nextHops: NextHopTable) {
    this.#nextHops = nextHops;
  }

  /** By number, as the program around the speaker sees them. */
  get all(): readonly NextHopSet[] {
    return this.#sets.values;
  }

  /** Sets that are in use, the empty one aside. */
  get size(): number {
    return this.#sets.size;
  }

  /** The number of the set of one next hop. To be retained before the next `collect`, as that of `several`. */
  single(nextHop: number, localPref: number): number {
    const key = nextHop * 2 ** 32 + localPref;
    if (key === this.#lastKey) return this.#lastNumber;
    const number = this.#sets.find(key) || this.#add(key, [nextHop], localPref);
    this.#lastKey = key;
    this.#lastNumber = number;
    return number;
  }

  /** `nextHops` may repeat themselves and be in any order. `weights`: of each of them. */
  several(nextHops: readonly number[], localPref: number, weights?: ReadonlyMap<number, number>): number {
    const distinct = [...new Set(nextHops)].sort((a, b) => a - b);
    if (distinct.length === 1) return this.single(distinct[0], localPref);
    const share = weights === undefined ? '' : `:${distinct.map((nextHop) => weights.get(nextHop)).join()}`;
    const key = `${localPref}:${distinct.join()}${share}`;
    return this.#sets.find(key) || this.#add(key, distinct, localPref, weights);
  }

  /** A route is reported with the set. */
  retain(number: number): void {
    this.#sets.retain(number);
  }

  release(number: number): void {
    this.#sets.release(number);
  }

  /** Everything has been told: numbers without a route may be given to other sets. */
  collect(): void {
    this.#sets.collect((number) => {
      for (const nextHop of this.#members[number]) this.#nextHops.release(nextHop);
      this.#members[number] = [];
    });
    this.#lastKey = -1;
  }

  #add(
    key: number | string,
    nextHops: readonly number[],
    localPref: number,
    weightOf?: ReadonlyMap<number, number>,
  ): number {
    const members = nextHops
      .map((nextHop) => ({
        address: this.#nextHops.text(this.#nextHops.retain(nextHop)),
        weight: weightOf?.get(nextHop),
      }))
      .sort((a, b) => (a.address < b.address ? -1 : 1));
    const addresses = Object.freeze(members.map(({ address }) => address));
    const weights = weightOf && Object.freeze(members.map(({ weight = 1 }) => weight));
    const number = this.#sets.add(key, Object.freeze({ addresses, localPref, ...(weights && { weights }) }));
    this.#members[number] = nextHops;
    return number;
  }
}
