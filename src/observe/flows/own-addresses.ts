import { addressBytes, tryParseAddress } from '../../base/index.ts';

/** Addresses as words, so that one can be looked up without making a text of it. */
export class OwnAddresses {
  readonly #four = new Set<number>();
  /** By the last word: pods of one node differ there. */
  readonly #six = new Map<number, Uint32Array[]>();

  /** Texts that are no address are left out. */
  constructor(addresses: Iterable<string>) {
    for (const text of addresses) {
      const address = tryParseAddress(text);
      if (address === undefined) continue;
      const words = wordsOf(addressBytes(address));
      if (address.family === 4) this.#four.add(words[0]);
      else this.#six.set(words[3], [...(this.#six.get(words[3]) ?? []), words]);
    }
  }

  /** Whether the address at this place is one of them. */
  has(family: 4 | 6, words: Uint32Array, at: number): boolean {
    if (family === 4) return this.#four.has(words[at]);
    const found = this.#six.get(words[at + 3]);
    if (found === undefined) return false;
    return found.some((own) => own[0] === words[at] && own[1] === words[at + 1] && own[2] === words[at + 2]);
  }
}

/** Four words; of four octets the first alone. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(4);
  for (const [at, octet] of bytes.entries()) words[at >> 2] |= octet << (24 - 8 * (at & 3));
  return words;
}
