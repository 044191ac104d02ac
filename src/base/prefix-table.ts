import type { Family } from './address.ts';
import { formatIpv4 } from './ipv4.ts';
import { formatIpv6 } from './ipv6.ts';

const EMPTY = 0xffffffff;
/** Entries from which on memory counts for more than the time to grow. */
const LARGE = 65536;
/** Length of numbers that stand for no prefix. */
const UNUSED = 255;

/** Released prefixes are swept out together once there are this many, and three times as many as those in use. */
const SWEEP = 4096;
const SWEEP_RATIO = 3;

/**
 * Gives each prefix a small dense number on first sight, so that everything known about prefixes can live in
 * typed-array columns indexed by it. Open addressing with linear probing over typed arrays, load at most 0.5:
 * some five times faster than a `Map` with string keys, and nothing for the garbage collector to visit.
 *
 * A released prefix is only marked, which costs nothing and lets it come back under its number; now and then all
 * marked ones are swept out at once, and their numbers given out again. Columns that mirror this table grow with
 * `capacity`.
 */
export class PrefixTable {
  readonly family: Family;
  /** 32-bit words in an address: 1 or 4. */
  readonly words: 1 | 4;
  #slots: Uint32Array;
  #mask: number;
  #addresses: Uint32Array;
  #lengths: Uint8Array;
  #released: Uint8Array;
  #releasedCount = 0;
  #used = 0;
  readonly #free: number[] = [];

  constructor(family: Family, expected = 1024) {
    this.family = family;
    this.words = family === 4 ? 1 : 4;
    const capacity = powerOfTwoAtLeast(Math.max(16, expected));
    this.#slots = new Uint32Array(capacity * 2).fill(EMPTY);
    this.#mask = capacity * 2 - 1;
    this.#addresses = new Uint32Array(capacity * this.words);
    this.#lengths = new Uint8Array(capacity).fill(UNUSED);
    this.#released = new Uint8Array(capacity);
  }

  /** Prefixes now in the table. */
  get size(): number {
    return this.#used - this.#free.length - this.#releasedCount;
  }

  /** Every number given out so far is below this, and every column of `capacity` entries is long enough. */
  get limit(): number {
    return this.#used;
  }

  get capacity(): number {
    return this.#lengths.length;
  }

  /** The number of the IPv4 prefix, new if need be. */
  intern4(address: number, length: number): number {
    let slot = hash4(address, length) & this.#mask;
    for (;;) {
      const index = this.#slots[slot];
      if (index === EMPTY) break;
      if (this.#addresses[index] === address && this.#lengths[index] === length) return this.#revive(index);
      slot = (slot + 1) & this.#mask;
    }
    const index = this.#take(length);
    this.#addresses[index] = address;
    this.#occupy(index);
    return index;
  }

  /** The number of the IPv4 prefix, or -1. */
  find4(address: number, length: number): number {
    let slot = hash4(address, length) & this.#mask;
    for (;;) {
      const index = this.#slots[slot];
      if (index === EMPTY) return -1;
      if (this.#addresses[index] === address && this.#lengths[index] === length) {
        return this.#released[index] === 0 ? index : -1;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  /** The number of the IPv6 prefix made of four words, new if need be. */
  intern6(a: number, b: number, c: number, d: number, length: number): number {
    const found = this.#probe6(a, b, c, d, length);
    if (found >= 0) return this.#revive(found);
    const index = this.#take(length);
    const at = index * 4;
    this.#addresses[at] = a;
    this.#addresses[at + 1] = b;
    this.#addresses[at + 2] = c;
    this.#addresses[at + 3] = d;
    this.#occupy(index);
    return index;
  }

  /** The number of the IPv6 prefix, or -1. */
  find6(a: number, b: number, c: number, d: number, length: number): number {
    const index = this.#probe6(a, b, c, d, length);
    return index >= 0 && this.#released[index] === 0 ? index : -1;
  }

  #probe6(a: number, b: number, c: number, d: number, length: number): number {
    const addresses = this.#addresses;
    let slot = hash6(a >>> 0, b >>> 0, c >>> 0, d >>> 0, length) & this.#mask;
    for (;;) {
      const index = this.#slots[slot];
      if (index === EMPTY) return -1;
      const at = index * 4;
      if (
        this.#lengths[index] === length &&
        addresses[at] === a >>> 0 &&
        addresses[at + 1] === b >>> 0 &&
        addresses[at + 2] === c >>> 0 &&
        addresses[at + 3] === d >>> 0
      ) {
        return index;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Reads the address words at `offset` of `source`: for callers that serve both families. */
  internAt(source: Uint32Array, offset: number, length: number): number {
    return this.words === 1
      ? this.intern4(source[offset], length)
      : this.intern6(source[offset], source[offset + 1], source[offset + 2], source[offset + 3], length);
  }

  findAt(source: Uint32Array, offset: number, length: number): number {
    return this.words === 1
      ? this.find4(source[offset], length)
      : this.find6(source[offset], source[offset + 1], source[offset + 2], source[offset + 3], length);
  }

  /** The `word`-th 32 bits of the address with this number. */
  address(index: number, word = 0): number {
    return this.#addresses[index * this.words + word];
  }

  length(index: number): number {
    return this.#lengths[index];
  }

  /** Whether the number stands for a prefix at present. */
  has(index: number): boolean {
    return index < this.#used && this.#lengths[index] !== UNUSED && this.#released[index] === 0;
  }

  /** Forgets the prefix. Its number stays its own for a while, and may then be given to another. */
  release(index: number): void {
    if (!this.has(index)) return;
    this.#released[index] = 1;
    this.#releasedCount++;
    if (this.#releasedCount > SWEEP && this.#releasedCount > SWEEP_RATIO * this.size) this.#sweep();
  }

  /** CIDR text, for people. */
  text(index: number): string {
    if (this.family === 4) return `${formatIpv4(this.#addresses[index])}/${this.#lengths[index]}`;
    let value = 0n;
    for (let word = 0; word < 4; word++) value = (value << 32n) | BigInt(this.#addresses[index * 4 + word]);
    return `${formatIpv6(value)}/${this.#lengths[index]}`;
  }

  #take(length: number): number {
    const reused = this.#free.pop();
    if (reused === undefined && this.#used === this.capacity) this.#grow();
    const index = reused ?? this.#used++;
    this.#lengths[index] = length;
    return index;
  }

  #hash(index: number): number {
    const at = index * this.words;
    const length = this.#lengths[index];
    const addresses = this.#addresses;
    return this.words === 1
      ? hash4(addresses[at], length)
      : hash6(addresses[at], addresses[at + 1], addresses[at + 2], addresses[at + 3], length);
  }

  #occupy(index: number): void {
    let slot = this.#hash(index) & this.#mask;
    while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = index;
  }

  #revive(index: number): number {
    this.#releasedCount -= this.#released[index];
    this.#released[index] = 0;
    return index;
  }

  #sweep(): void {
    for (let index = 0; index < this.#used; index++) {
      if (this.#released[index] === 0) continue;
      this.#released[index] = 0;
      this.#lengths[index] = UNUSED;
      this.#free.push(index);
    }
    this.#releasedCount = 0;
    this.#rehash();
  }

  #rehash(): void {
    const slots = this.#slots.fill(EMPTY);
    const lengths = this.#lengths;
    const mask = this.#mask;
    const used = this.#used;
    for (let index = 0; index < used; index++) {
      if (lengths[index] === UNUSED) continue;
      let slot = this.#hash(index) & mask;
      while (slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      slots[slot] = index;
    }
  }

  /** A table that is filling up for the first time does so in few steps. */
  #grow(): void {
    const capacity = this.capacity * (this.capacity < LARGE ? 4 : 2);
    this.#addresses = widen(this.#addresses, new Uint32Array(capacity * this.words));
    this.#lengths = widen(this.#lengths, new Uint8Array(capacity).fill(UNUSED));
    this.#released = widen(this.#released, new Uint8Array(capacity));
    this.#slots = new Uint32Array(capacity * 2);
    this.#mask = capacity * 2 - 1;
    this.#rehash();
  }
}

function widen<T extends Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** The smallest power of two that is not less than `count`. */
export function powerOfTwoAtLeast(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}

/** The finaliser of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function hash4(address: number, length: number): number {
  return mix(address ^ Math.imul(length, 0x9e3779b1));
}

function hash6(a: number, b: number, c: number, d: number, length: number): number {
  let hash = mix(a ^ Math.imul(length, 0x9e3779b1));
  hash = mix(hash ^ b);
  hash = mix(hash ^ c);
  return mix(hash ^ d);
}
