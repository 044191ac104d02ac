import type { NlriScratch } from './update-view.ts';

/** Network masks of 32 bits by prefix length. */
const MASKS4 = Int32Array.from({ length: 33 }, (_, length) => (length === 0 ? 0 : -1 << (32 - length)));

/** Network masks of the four words of an IPv6 address: entry `length × 4 + word`. */
const MASKS6 = Int32Array.from({ length: 129 * 4 }, (_, at) => {
  const bits = Math.min(32, Math.max(0, (at >> 2) - 32 * (at & 3)));
  return MASKS4[bits];
});

/**
 * NLRI (RFC 4271 §4.3; with path identifiers RFC 7911 §3), read straight into columns:
 *
 *     [ path identifier (4) ]  length in bits (1)  ceil(length / 8) octets of prefix
 *
 * Where the buffer allows, whole words are read and what lies beyond the prefix is masked off: that needs no branch
 * on its length. Bits beyond the length are irrelevant (RFC 4271) and come out as 0. Returns false on a length over
 * 32 / 128 or when the last prefix overruns `end`; then nothing counts.
 */
export function decodeNlri(
  bytes: Uint8Array,
  start: number,
  end: number,
  addPath: boolean,
  columns: NlriScratch,
): boolean {
  columns.count = 0;
  columns.reserve(end - start);
  if (columns.pathIdsUsed && !addPath) columns.pathIds.fill(0);
  columns.pathIdsUsed = addPath;
  return columns.family === 4
    ? decode4(bytes, start, end, addPath, columns)
    : decode6(bytes, start, end, addPath, columns);
}

function decode4(bytes: Uint8Array, start: number, end: number, addPath: boolean, columns: NlriScratch): boolean {
  const { addresses, lengths, pathIds } = columns;
  const view = columns.fieldsOf(bytes);
  // The last place where four octets can be read without leaving the buffer.
  const fast = bytes.length - 4;
  let at = start;
  let count = 0;
  while (at < end) {
    if (addPath) {
      if (end - at < 5) return false;
      pathIds[count] = view.getInt32(at);
      at += 4;
    }
    const length = view.getUint8(at++);
    if (length > 32) return false;
    const next = at + ((length + 7) >> 3);
    if (next > end) return false;
    addresses[count] = (at <= fast ? view.getInt32(at) : partialWord(bytes, at, next)) & MASKS4[length];
    lengths[count++] = length;
    at = next;
  }
  columns.count = count;
  return true;
}

function decode6(bytes: Uint8Array, start: number, end: number, addPath: boolean, columns: NlriScratch): boolean {
  const { addresses, lengths, pathIds } = columns;
  const view = columns.fieldsOf(bytes);
  const fast = bytes.length - 16;
  let at = start;
  let count = 0;
  while (at < end) {
    if (addPath) {
      if (end - at < 5) return false;
      pathIds[count] = view.getInt32(at);
      at += 4;
    }
    const length = view.getUint8(at++);
    if (length > 128) return false;
    const next = at + ((length + 7) >> 3);
    if (next > end) return false;
    const mask = length << 2;
    const to = count << 2;
    if (at <= fast) {
      addresses[to] = view.getInt32(at) & MASKS6[mask];
      addresses[to + 1] = view.getInt32(at + 4) & MASKS6[mask + 1];
      addresses[to + 2] = view.getInt32(at + 8) & MASKS6[mask + 2];
      addresses[to + 3] = view.getInt32(at + 12) & MASKS6[mask + 3];
    } else {
      for (let word = 0; word < 4; word++) {
        addresses[to + word] = partialWord(bytes, at + 4 * word, next) & MASKS6[mask + word];
      }
    }
    lengths[count++] = length;
    at = next;
  }
  columns.count = count;
  return true;
}

/** The word at `at`, with zeros from `end` on. */
function partialWord(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let octet = 0; octet < 4; octet++) value = (value << 8) | (at + octet < end ? bytes[at + octet] : 0);
  return value;
}
