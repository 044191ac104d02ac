import type { ByteReader } from '../../base/index.ts';
import { attributeBytes, attributeU8, forEachAttribute, readText } from './attribute.ts';
import { NLM_F_DUMP } from './message.ts';
import { encodeNetfilter, NFGENMSG_LENGTH, NFNL_SUBSYS_IPSET } from './nfnetlink.ts';

/* include/uapi/linux/netfilter/ipset/ip_set.h; numbers in attributes are in network order. */
const IPSET_CMD_LIST = 7;
const IPSET_ATTR_PROTOCOL = 1;
const IPSET_ATTR_SETNAME = 2;
const IPSET_ATTR_FLAGS = 6;
const IPSET_FLAG_LIST_SETNAME = 2;
/** The oldest that all kernels of today answer to. */
const PROTOCOL = 6;
const AF_INET = 2;

/** Asks for the names of all sets, without what is in them. */
export function encodeIpSetDump(): Uint8Array {
  const what = { subsystem: NFNL_SUBSYS_IPSET, what: IPSET_CMD_LIST, family: AF_INET };
  return encodeNetfilter({ ...what, flags: NLM_F_DUMP }, (writer) => {
    attributeU8(writer, IPSET_ATTR_PROTOCOL, PROTOCOL);
    attributeBytes(writer, IPSET_ATTR_FLAGS, Uint8Array.of(0, 0, 0, IPSET_FLAG_LIST_SETNAME));
  });
}

/** Reads a set's name. */
export function decodeIpSet(body: ByteReader): string | undefined {
  body.skip(NFGENMSG_LENGTH);
  let name: string | undefined;
  forEachAttribute(body, (attribute, value) => {
    if (attribute === IPSET_ATTR_SETNAME) name = readText(value);
  });
  return name;
}
