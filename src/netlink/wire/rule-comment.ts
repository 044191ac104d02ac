import type { ByteReader } from '../../base/index.ts';
import { readText } from './attribute.ts';

/* libnftnl's include/udata.h: octets of type and length before each value. */
const NFTNL_UDATA_RULE_COMMENT = 0;

/** Reads the comment. The data that userland keeps at a rule is no netlink attribute; one that is cut short has no comment. */
export function commentIn(userdata: ByteReader): string | undefined {
  while (userdata.left >= 2) {
    const [type, length] = [userdata.u8(), userdata.u8()];
    if (length > userdata.left) return undefined;
    const value = userdata.fork(length);
    if (type === NFTNL_UDATA_RULE_COMMENT) return readText(value);
  }
  return undefined;
}
