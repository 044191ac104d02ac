import { UPDATE_ERROR } from '../notification.ts';
import { listOf } from './list.ts';
import { attribute, OPTIONAL_TRANSITIVE, u32 } from './row.ts';
import type { LargeCommunity } from './values.ts';

/** Large communities (RFC 8092): three numbers of 32 bits. */
export const LARGE_COMMUNITIES_ROW = attribute(
  {
    type: 32,
    name: 'LARGE_COMMUNITY',
    flags: OPTIONAL_TRANSITIVE,
    length: { kind: 'multiple', octets: 12 },
    ibgp: 'withdraw',
    ebgp: 'withdraw',
    subcode: UPDATE_ERROR.OPTIONAL_ATTRIBUTE,
    clause: 'RFC 8092 §6',
  },
  'largeCommunities',
  listOf(
    12,
    (bytes, at): LargeCommunity => ({ global: u32(bytes, at), local1: u32(bytes, at + 4), local2: u32(bytes, at + 8) }),
    ({ global, local1, local2 }, out) => out.u32(global).u32(local1).u32(local2),
  ),
);

/** Copies the list without its repetitions (RFC 8092 §2); returns where the copy ends. */
export function copyUniqueLargeCommunities(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  to: number,
): number {
  const known = new Set<string>();
  let write = to;
  for (let at = start; at < end; at += 12) {
    const key = `${u32(bytes, at)}:${u32(bytes, at + 4)}:${u32(bytes, at + 8)}`;
    if (known.has(key)) continue;
    known.add(key);
    for (let octet = 0; octet < 12; octet++) out[write++] = bytes[at + octet];
  }
  return write;
}
