import type { ByteWriter } from '../../base/index.ts';
import { encodeMessage } from './message.ts';

/*
 * |  Subsystem    |  what of it   |    in the place of the message's type
 * |    Family     |    Version    |         Resource, in network order      |    include/uapi/linux/netfilter/nfnetlink.h
 */
export const NFGENMSG_LENGTH = 4;
export const NFNL_SUBSYS_CTNETLINK = 1;
export const NFNL_SUBSYS_IPSET = 6;
export const NFNL_SUBSYS_NFTABLES = 10;

/** Messages between these two are done together, or not at all. */
const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;

/** Protocol families (NFPROTO_*, include/uapi/linux/netfilter.h), as nft calls them. */
const FAMILIES: Readonly<Record<string, number>> = { inet: 1, ip: 2, arp: 3, netdev: 5, bridge: 7, ip6: 10 };
const FAMILY_NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(FAMILIES).map(([name, number]) => [number, name]),
);

/** `ip6` → 10; names that nft doesn't have throw, as they are our own mistake. */
export function protocolFamily(name: string): number {
  const number = FAMILIES[name];
  if (number === undefined) throw new RangeError(`unknown protocol family ${name}`);
  return number;
}

export function protocolFamilyName(number: number): string | undefined {
  return FAMILY_NAMES[number];
}

/** The kind of request, and its family. */
export interface NetfilterRequest {
  readonly subsystem: number;
  readonly what: number;
  readonly family: number;
  readonly flags?: number;
}

export function encodeNetfilter(
  { subsystem, what, family, flags = 0 }: NetfilterRequest,
  attributes: (writer: ByteWriter) => void,
): Uint8Array {
  return encodeMessage((subsystem << 8) | what, flags, (writer) => {
    writer.u8(family).u8(0).u16(0);
    attributes(writer);
  });
}

/** The messages that open and close a batch of a subsystem's. */
export function encodeBatchEdges(subsystem: number): readonly [begin: Uint8Array, end: Uint8Array] {
  const edge = (type: number): Uint8Array =>
    encodeMessage(type, 0, (writer) =>
      writer
        .u8(0)
        .u8(0)
        .u8(subsystem >>> 8)
        .u8(subsystem & 255),
    );
  return [edge(NFNL_MSG_BATCH_BEGIN), edge(NFNL_MSG_BATCH_END)];
}
