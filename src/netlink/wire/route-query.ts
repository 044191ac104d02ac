import { addressBytes, parseAddress } from '../../base/index.ts';
import type { RouteFilter } from '../kernel.ts';
import { addressFamily } from './address-text.ts';
import { attributeBytes, attributeU32 } from './attribute.ts';
import { encodeMessage, NLM_F_DUMP, RTM_GETROUTE } from './message.ts';

// include/uapi/linux/rtnetlink.h
const RTA_DST = 1;
const RTA_TABLE = 15;
const RTA_MARK = 16;
const RTM_F_FIB_MATCH = 0x2000;

/** The kernel filters by table and protocol where strict checking is on (NETLINK_GET_STRICT_CHK). */
export function encodeRouteDump({ family, table = 254, protocol = 0 }: RouteFilter): Uint8Array {
  return encodeMessage(RTM_GETROUTE, NLM_F_DUMP, (writer) => {
    writer.u8(addressFamily(family)).u8(0).u16(0);
    writer
      .u8(table < 256 ? table : 0)
      .u8(protocol)
      .u8(0)
      .u8(0)
      .u32(0);
    attributeU32(writer, RTA_TABLE, table);
  });
}

/**
 * Asks which way the kernel would send a packet with this mark (0: none) to an address; with `match` for the route in the
 * table instead of the one way that was chosen by it.
 */
export function encodeRouteGet(to: string, mark = 0, match = false): Uint8Array {
  const { family, value } = parseAddress(to);
  const bytes = addressBytes({ family, value });
  return encodeMessage(RTM_GETROUTE, 0, (writer) => {
    writer
      .u8(addressFamily(family))
      .u8(bytes.length * 8)
      .u16(0)
      .u32(0)
      .u32(match ? RTM_F_FIB_MATCH : 0);
    attributeBytes(writer, RTA_DST, bytes);
    if (mark !== 0) attributeU32(writer, RTA_MARK, mark);
  });
}
