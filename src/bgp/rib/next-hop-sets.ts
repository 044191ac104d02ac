import type { NextHopSet } from '../api.ts';
import type { NextHopTable } from './next-hops.ts';

/** Interned `NextHopSet`s, as `BestChanges` refers to them: number 0 is the empty one, and none is ever given up. */
export class NextHopSets {
  readonly all: NextHopSet[] = [Object.freeze({ addresses: [], localPref: 0 })];
  readonly #nextHops: NextHopTable;
  readonly #single = new Map<number, number>();
  readonly #several = new Map<string, number>();

  #lastKey = -1;
  #lastId = 0;

  constructor(nextHops: NextHopTable) {
    this.#nextHops = nextHops;
  }

  single(nextHop: number, localPref: number): number {
    const key = nextHop * 2 ** 32 + localPref;
    if (key === this.#lastKey) return this.#lastId;
    let id = this.#single.get(key);
    if (id === undefined) {
      id = this.#add([nextHop], localPref);
      this.#single.set(key, id);
    }
    this.#lastKey = key;
    this.#lastId = id;
    return id;
  }

  /** `nextHops` may repeat themselves and be in any order. */
  several(nextHops: readonly number[], localPref: number): number {
    const distinct = [...new Set(nextHops)].sort((a, b) => a - b);
    if (distinct.length === 1) return this.single(distinct[0], localPref);
    const key = `${localPref}:${distinct.join()}`;
    let id = this.#several.get(key);
    if (id === undefined) {
      id = this.#add(distinct, localPref);
      this.#several.set(key, id);
    }
    return id;
  }

  #add(nextHops: readonly number[], localPref: number): number {
    const addresses = nextHops.map((nextHop) => this.#nextHops.text(nextHop)).sort();
    return this.all.push(Object.freeze({ addresses: Object.freeze(addresses), localPref })) - 1;
  }
}
