import { powerOfTwoAtLeast } from '../../../base/index.ts';
import { u32 } from './row.ts';

/** Copies the list without its repetitions (RFC 8092 §2); returns where the copy ends. */
export function copyUniqueLargeCommunities(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  to: number,
): number {
  // A hash table of places in `out`, since a list may have five thousand items; 0 is free.
  const mask = powerOfTwoAtLeast(((end - start) / 12) * 2) - 1;
  const places = new Uint32Array(mask + 1);
  let write = to;
  for (let at = start; at < end; at += 12) {
    let slot = slotOf(bytes, at) & mask;
    while (places[slot] !== 0 && !equal(bytes, at, out, places[slot] - 1)) slot = (slot + 1) & mask;
    if (places[slot] !== 0) continue;
    places[slot] = write + 1;
    for (let octet = 0; octet < 12; octet++) out[write++] = bytes[at + octet];
  }
  return write;
}

function slotOf(bytes: Uint8Array, at: number): number {
  let hash = 0;
  for (let word = 0; word < 12; word += 4) hash = Math.imul(hash ^ u32(bytes, at + word), 0x85ebca6b) ^ (hash >>> 13);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function equal(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  for (let octet = 0; octet < 12; octet++) if (a[atA + octet] !== b[atB + octet]) return false;
  return true;
}
