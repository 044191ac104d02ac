import type { AddressFamily } from '../../api.ts';
import { afiSafi, CEASE, ERROR } from '../../wire/index.ts';
import type { RibPeer } from '../rib-peer.ts';

/** Ends a session that brought more prefixes of a family than it may: Cease with family and limit (RFC 4486 §4). */
export function enforcePrefixLimit({ config, handle }: RibPeer, family: AddressFamily, received: number): void {
  const { maxPrefixes } = config;
  if (maxPrefixes === undefined || received <= maxPrefixes) return;
  const { afi, safi } = afiSafi(family);
  const data = new Uint8Array(7);
  const fields = new DataView(data.buffer);
  fields.setUint16(0, afi);
  fields.setUint8(2, safi);
  fields.setUint32(3, maxPrefixes);
  const reason = `${received} ${family} prefixes, and ${maxPrefixes} are allowed`;
  handle?.reset(ERROR.CEASE, CEASE.MAX_PREFIXES, data, reason);
}
