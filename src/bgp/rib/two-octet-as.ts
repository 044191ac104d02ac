import { AttributeList, attributeType, readU32 } from './attribute-list.ts';

const AS_TRANS = 23456;
const AGGREGATOR = 7;
const AS4_PATH = 17;
const AS4_AGGREGATOR = 18;
const OPTIONAL_TRANSITIVE = 0xc0;

/**
 * Attributes for a peer that knows only two-octet ASNs: larger ones become AS_TRANS, and the truth travels in
 * AS4_PATH and AS4_AGGREGATOR (RFC 6793 §4.2.2).
 */
export function toTwoOctetAs(canonical: Uint8Array): Uint8Array {
  const list = AttributeList.from(canonical);
  const path = list.get(attributeType.asPath);
  if (path !== undefined) {
    const { narrow, lossy } = narrowPath(path);
    list.set(attributeType.asPath, 0x40, narrow);
    if (lossy) list.set(AS4_PATH, OPTIONAL_TRANSITIVE, path);
  }
  const aggregator = list.get(AGGREGATOR);
  if (aggregator?.length === 8) {
    const asn = readU32(aggregator, 0);
    const short = asn > 0xffff ? AS_TRANS : asn;
    list.set(AGGREGATOR, OPTIONAL_TRANSITIVE, Uint8Array.of(short >> 8, short & 255, ...aggregator.subarray(4)));
    if (asn > 0xffff) list.set(AS4_AGGREGATOR, OPTIONAL_TRANSITIVE, aggregator);
  }
  return list.toBytes();
}

function narrowPath(path: Uint8Array): { narrow: Uint8Array; lossy: boolean } {
  const narrow: number[] = [];
  let lossy = false;
  for (let at = 0; at + 2 <= path.length; ) {
    const end = at + 2 + path[at + 1] * 4;
    narrow.push(path[at], path[at + 1]);
    for (let asn = at + 2; asn < end; asn += 4) {
      const value = readU32(path, asn);
      lossy ||= value > 0xffff;
      const short = value > 0xffff ? AS_TRANS : value;
      narrow.push(short >> 8, short & 255);
    }
    at = end;
  }
  return { narrow: Uint8Array.from(narrow), lossy };
}
