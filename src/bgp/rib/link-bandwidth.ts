/*
 * The Link Bandwidth community (draft-ietf-idr-link-bandwidth): how much the next hop of a route can carry.
 *
 *     0x00 or 0x40, not transitive (1) | 4 (1) | AS of who says it (2) | octets a second, as an IEEE float (4)
 */
const SUBTYPE = 4;
const NON_TRANSITIVE = 0x40;
/** What stands for an AS number of four octets (RFC 6793). */
const AS_TRANS = 23456;

/** Octets a second of the first such community among the octets; 0 for none that says something. */
export function bandwidthIn(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at += 8) {
    if ((bytes[at] & ~NON_TRANSITIVE) !== 0 || bytes[at + 1] !== SUBTYPE) continue;
    const octets = new DataView(bytes.buffer, bytes.byteOffset + at + 4, 4).getFloat32(0);
    if (octets > 0 && Number.isFinite(octets)) return octets;
  }
  return 0;
}

/** The extended communities of a route on its way out. */
interface Communities {
  extendedCommunities(): readonly bigint[];
  setExtendedCommunities(values: Iterable<bigint>): unknown;
}

/**
 * Puts the community of the link to us, where there is a figure for it, in place of any of its kind. One for another AS is
 * transitive, or it would be dropped.
 */
export function tellBandwidth(
  route: Communities,
  {
    linkBandwidth,
    localAs,
    kind,
  }: { readonly linkBandwidth: number | null; readonly localAs: number; readonly kind: 'ibgp' | 'ebgp' },
): void {
  if (linkBandwidth === null) return;
  const float = new DataView(new ArrayBuffer(4));
  float.setFloat32(0, linkBandwidth / 8);
  const head = (kind === 'ebgp' ? 0n : BigInt(NON_TRANSITIVE)) << 56n;
  const asn = BigInt(localAs > 0xffff ? AS_TRANS : localAs) << 32n;
  const value = head | (BigInt(SUBTYPE) << 48n) | asn | BigInt(float.getUint32(0));
  route.setExtendedCommunities([...route.extendedCommunities().filter((one) => !isBandwidth(one)), value]);
}

function isBandwidth(community: bigint): boolean {
  const type = Number(community >> 56n);
  return (type & ~NON_TRANSITIVE) === 0 && Number((community >> 48n) & 0xffn) === SUBTYPE;
}
