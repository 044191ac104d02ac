import { type Address, addressBytes, ByteWriter } from '../../base/index.ts';
import { macBytes } from './address-text.ts';

// include/uapi/linux/if_ether.h
const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const ARP_REQUEST = 1;
const ARP_REPLY = 2;
const ICMPV6 = 58;
const NEIGHBOR_ADVERTISEMENT = 136;
/** The flag that replaces an existing entry. */
const OVERRIDE = 0x20000000;
const TARGET_LINK_ADDRESS = 2;
/** ff02::1, and the MAC that it is sent to (RFC 2464 section 7). */
const ALL_NODES = Uint8Array.from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
const ALL_NODES_MAC = '33:33:00:00:00:01';
/** RFC 4861 section 7.1.2: what has come over a router is none. */
const HOP_LIMIT = 255;

/**
 * The frames by which all on a link learn that `address` is at `mac`. IPv4: an ARP announcement (RFC 5227 section 3), as a
 * request and, for those who learn of replies alone, as a reply. IPv6: an unsolicited neighbour advertisement (RFC 4861
 * section 7.2.6).
 */
export function announcementFrames(address: Address, mac: string): readonly Uint8Array[] {
  if (address.family === 6) return [advertisement(address, mac)];
  return [ARP_REQUEST, ARP_REPLY].map((operation) => announcement(address, mac, operation));
}

function announcement(address: Address, mac: string, operation: number): Uint8Array {
  const [own, at] = [macBytes(mac, 'mac'), addressBytes(address)];
  const writer = ethernet(BROADCAST, own, ETH_P_ARP);
  // Ethernet and IPv4, with the lengths of their addresses.
  writer.u16(1).u16(0x0800).u8(6).u8(4).u16(operation);
  writer.raw(own).raw(at);
  writer.raw(operation === ARP_REQUEST ? new Uint8Array(6) : macBytes(BROADCAST, 'mac')).raw(at);
  return writer.finish();
}

function advertisement(address: Address, mac: string): Uint8Array {
  const [own, at] = [macBytes(mac, 'mac'), addressBytes(address)];
  const message = (checksum: number): Uint8Array => {
    const writer = new ByteWriter();
    writer.u8(NEIGHBOR_ADVERTISEMENT).u8(0).u16(checksum).u32(OVERRIDE).raw(at);
    writer.u8(TARGET_LINK_ADDRESS).u8(1).raw(own);
    return writer.finish();
  };
  const body = message(0);
  const pseudo = new ByteWriter();
  pseudo.raw(at).raw(ALL_NODES).u32(body.length).zeros(3).u8(ICMPV6);
  const writer = ethernet(ALL_NODES_MAC, own, ETH_P_IPV6);
  writer.u32(0x60000000).u16(body.length).u8(ICMPV6).u8(HOP_LIMIT).raw(at).raw(ALL_NODES);
  writer.raw(message(checksumOf([...pseudo.finish(), ...body])));
  return writer.finish();
}

function ethernet(to: string, from: Uint8Array, type: number): ByteWriter {
  return new ByteWriter().raw(macBytes(to, 'mac')).raw(from).u16(type);
}

/** RFC 1071, of an even number of octets. */
function checksumOf(octets: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < octets.length; at += 2) sum += octets[at] * 256 + octets[at + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
