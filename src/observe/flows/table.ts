/** Words of a key. */
export const KEY_WORDS = 15;
const NONE = -1;

/** Slots by their keys: a hash table of a fixed size, in columns. */
export class FlowTable {
  readonly #keys: Uint32Array;
  /** First slot of each chain, and the next of each slot. */
  readonly #heads: Int32Array;
  readonly #next: Int32Array;
  readonly #isIn: Uint8Array;
  readonly #mask: number;

  constructor(slots: number) {
    this.#keys = new Uint32Array(slots * KEY_WORDS);
    this.#next = new Int32Array(slots).fill(NONE);
    this.#isIn = new Uint8Array(slots);
    const chains = 1 << Math.ceil(Math.log2(Math.max(2, slots)));
    this.#heads = new Int32Array(chains).fill(NONE);
    this.#mask = chains - 1;
  }

  /** The slot that was put under this key; −1 for none. */
  find(key: Uint32Array): number {
    let slot = this.#heads[this.#chainOf(key, 0)];
    while (slot !== NONE && !this.#has(slot, key)) slot = this.#next[slot];
    return slot;
  }

  /** The slot is not in the table, and nothing is under this key. */
  put(slot: number, key: Uint32Array): void {
    this.#keys.set(key, slot * KEY_WORDS);
    const chain = this.#chainOf(key, 0);
    this.#next[slot] = this.#heads[chain];
    this.#heads[chain] = slot;
    this.#isIn[slot] = 1;
  }

  /** Its key stays readable. One that is not in the table stays out. */
  remove(slot: number): void {
    if (this.#isIn[slot] === 0) return;
    this.#isIn[slot] = 0;
    const chain = this.#chainOf(this.#keys, slot * KEY_WORDS);
    const next = this.#next[slot];
    if (this.#heads[chain] === slot) {
      this.#heads[chain] = next;
      return;
    }
    let before = this.#heads[chain];
    while (this.#next[before] !== slot) before = this.#next[before];
    this.#next[before] = next;
  }

  /** The key that the slot was last put under. */
  keyOf(slot: number): Uint32Array {
    return this.#keys.subarray(slot * KEY_WORDS, (slot + 1) * KEY_WORDS);
  }

  #has(slot: number, key: Uint32Array): boolean {
    const start = slot * KEY_WORDS;
    for (let word = 0; word < KEY_WORDS; word++) if (this.#keys[start + word] !== key[word]) return false;
    return true;
  }

  #chainOf(words: Uint32Array, at: number): number {
    let hash = 0x811c9dc5;
    for (let word = at; word < at + KEY_WORDS; word++) {
      hash = Math.imul(hash ^ words[word], 0x01000193);
      hash ^= hash >>> 15;
    }
    return hash & this.#mask;
  }
}
