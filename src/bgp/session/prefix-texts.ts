import { addressFromBytes, formatAddress, formatIpv4 } from '../../base/index.ts';
import type { NlriColumns } from '../contract.ts';

/** Prefixes of the sections as text, `limit` at most, and then how many more there are. */
export function prefixTexts(sections: readonly NlriColumns[], limit: number): string[] {
  const texts: string[] = [];
  for (const section of sections) {
    for (let at = 0; at < section.count && texts.length < limit; at++) texts.push(textOf(section, at));
  }
  const more = sections.reduce((sum, { count }) => sum + count, 0) - texts.length;
  return more > 0 ? [...texts, `and ${more} more`] : texts;
}

function textOf({ family, addresses, lengths }: NlriColumns, at: number): string {
  if (family === 4) return `${formatIpv4(addresses[at])}/${lengths[at]}`;
  const octets = new DataView(new ArrayBuffer(16));
  for (let word = 0; word < 4; word++) octets.setUint32(word * 4, addresses[at * 4 + word]);
  return `${formatAddress(addressFromBytes(new Uint8Array(octets.buffer)))}/${lengths[at]}`;
}
