import { ByteWriter } from '../../base/index.ts';
import { macBytes } from './address-text.ts';

// RFC 4443, RFC 4861
const ECHO_REQUEST = 128;
const ROUTER_ADVERTISEMENT = 134;
const SOURCE_LINK_LAYER_ADDRESS = 1;

/** A router advertisement of one who is there and wants to be nobody's default router. The kernel puts the checksum in. */
export function encodeRouterAdvertisement(mac: string | undefined): Uint8Array {
  const writer = new ByteWriter();
  // Type, code, checksum; hop limit, flags, router lifetime; reachable time, retransmission: all unspecified.
  writer.u8(ROUTER_ADVERTISEMENT).u8(0).u16(0).u8(0).u8(0).u16(0).u32(0).u32(0);
  if (mac !== undefined) writer.u8(SOURCE_LINK_LAYER_ADDRESS).u8(1).raw(macBytes(mac, 'mac'));
  return writer.finish();
}

/** An echo request, which everybody on the link answers, and so becomes known to the kernel. */
export function encodeEchoRequest(): Uint8Array {
  return new ByteWriter().u8(ECHO_REQUEST).u8(0).u16(0).u16(0).u16(0).finish();
}
