import type { Prefix } from '../../../base/index.ts';

/** A prefix's address as the words that `PrefixTable` takes. */
export function wordsOf({ family, value }: Prefix): Uint32Array {
  if (family === 4) return Uint32Array.of(Number(value));
  return Uint32Array.from([96n, 64n, 32n, 0n], (shift) => Number((value >> shift) & 0xffffffffn));
}
