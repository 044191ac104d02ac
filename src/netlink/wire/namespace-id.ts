import type { ByteReader } from '../../base/index.ts';
import { attributeU32, forEachAttribute } from './attribute.ts';
import { AF_UNSPEC, encodeMessage } from './message.ts';

/* include/uapi/linux/net_namespace.h: the numbers by which a namespace knows others. */
const RTM_GETNSID = 90;
const NETNSA_NSID = 1;
const NETNSA_FD = 3;
const NOT_ASSIGNED = -1;
/** struct rtgenmsg: the family, filled up to four octets. */
const RTGENMSG_LENGTH = 4;

/** Asks for the number of the namespace behind an open descriptor. */
export function encodeNamespaceIdGet(descriptor: number): Uint8Array {
  return encodeMessage(RTM_GETNSID, 0, (writer) => {
    writer.u8(AF_UNSPEC).u8(0).u16(0);
    attributeU32(writer, NETNSA_FD, descriptor);
  });
}

/** Reads the number; undefined while it has none, since no link leads there. */
export function decodeNamespaceId(body: ByteReader): number | undefined {
  body.skip(RTGENMSG_LENGTH);
  let found: number | undefined;
  forEachAttribute(body, (attribute, value) => {
    if (attribute === NETNSA_NSID) found = value.i32();
  });
  return found === NOT_ASSIGNED ? undefined : found;
}
