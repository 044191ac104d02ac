import { ipv4Mask } from './ipv4.ts';

/** Whether the first `length` bits of `network`, whose words begin at `at`, are those of `address` at `addressAt`. */
export function covers(
  network: Uint32Array,
  at: number,
  length: number,
  address: Uint32Array,
  addressAt: number,
): boolean {
  for (let word = 0, left = length; left > 0; word++, left -= 32) {
    if ((network[at + word] ^ address[addressAt + word]) & ipv4Mask(Math.min(32, left))) return false;
  }
  return true;
}

/** The words of an address with all but its first `length` bits 0. */
export function masked(address: Uint32Array, length: number): Uint32Array {
  return address.map((word, at) => (word & ipv4Mask(Math.max(0, Math.min(32, length - at * 32)))) >>> 0);
}
