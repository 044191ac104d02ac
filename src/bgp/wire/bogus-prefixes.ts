import { addressFromBytes, formatAddress } from '../../base/index.ts';
import { UPDATE_ERROR } from './notification.ts';
import { type UpdateError, updateError } from './update-error.ts';
import type { NlriScratch } from './update-view.ts';

/**
 * Takes out prefixes that no host can be in: such a one "SHOULD be ignored" and an error logged (RFC 4271 §6.3). One
 * error speaks for all of them. Prefixes that merely contain such addresses, like the default route, stay.
 */
export function ignoreBogus(columns: NlriScratch): UpdateError | undefined {
  const first = columns.family === 4 ? firstBogus4(columns) : firstBogus6(columns);
  if (first < 0) return undefined;
  const reason = `${textOf(columns, first)} is ${problemOf(columns, first)!}`;
  const { count } = columns;
  let kept = first;
  for (let at = first + 1; at < count; at++) if (problemOf(columns, at) === undefined) move(columns, at, kept++);
  columns.count = kept;
  const others = count - kept - 1;
  const more = others > 0 ? ` (and ${others} more like it)` : '';
  const { INVALID_NETWORK_FIELD } = UPDATE_ERROR;
  return updateError('discard', undefined, INVALID_NETWORK_FIELD, `prefix ignored: ${reason}${more}`);
}

function firstBogus4({ addresses, count, lengths }: NlriScratch): number {
  for (let at = 0; at < count; at++) {
    const octet = addresses[at] >>> 24;
    if ((octet >= 224 || octet === 127 || octet === 0) && problem4(addresses[at], lengths[at]) !== undefined) return at;
  }
  return -1;
}

function firstBogus6(columns: NlriScratch): number {
  const { addresses, count } = columns;
  for (let at = 0; at < count; at++) {
    const word = addresses[at * 4];
    if ((word >= 0xfe800000 || word === 0) && problemOf(columns, at) !== undefined) return at;
  }
  return -1;
}

function problemOf({ family, addresses, lengths }: NlriScratch, at: number): string | undefined {
  return family === 4 ? problem4(addresses[at], lengths[at]) : problem6(addresses, at * 4, lengths[at]);
}

function problem4(address: number, length: number): string | undefined {
  const octet = address >>> 24;
  if (octet === 127 && length >= 8) return 'in the loopback network';
  if (octet >= 224 && octet < 240 && length >= 4) return 'a multicast prefix';
  if (length < 32) return undefined;
  if (address === 0xffffffff) return 'the broadcast address';
  return address === 0 ? 'the unspecified address' : undefined;
}

function problem6(words: Uint32Array, at: number, length: number): string | undefined {
  const word = words[at];
  if (word >= 0xff000000) return length >= 8 ? 'a multicast prefix' : undefined;
  if (word >= 0xfe800000 && word < 0xfec00000) return length >= 10 ? 'in the link-local network' : undefined;
  if (length < 128 || (word | words[at + 1] | words[at + 2]) !== 0 || words[at + 3] > 1) return undefined;
  return words[at + 3] === 1 ? 'the loopback address' : 'the unspecified address';
}

function move({ family, addresses, lengths, pathIds }: NlriScratch, from: number, to: number): void {
  lengths[to] = lengths[from];
  pathIds[to] = pathIds[from];
  if (family === 4) addresses[to] = addresses[from];
  else addresses.copyWithin(to * 4, from * 4, from * 4 + 4);
}

function textOf({ family, addresses, lengths }: NlriScratch, at: number): string {
  const words = family === 4 ? [addresses[at]] : addresses.subarray(at * 4, at * 4 + 4);
  const octets = Array.from(words).flatMap((word) => [
    word >>> 24,
    (word >>> 16) & 255,
    (word >>> 8) & 255,
    word & 255,
  ]);
  return `${formatAddress(addressFromBytes(Uint8Array.from(octets)))}/${lengths[at]}`;
}
