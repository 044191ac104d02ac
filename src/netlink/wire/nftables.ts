import { forEachAttribute, readText } from './attribute.ts';
import type { NetlinkMessage } from './message.ts';
import { NFNL_SUBSYS_NFTABLES, protocolFamilyName } from './nfnetlink.ts';

/** All objects but tables and generations are in a table, whose name is their first attribute; so is a table's own. */
const TABLE_NAME = 1;
const NFT_MSG_NEWGEN = 15;
const NFT_MSG_GETGEN = 16;

/** A table of which something was added, changed or deleted. */
export interface DecodedTable {
  /** As nft writes it. */
  readonly family: string;
  readonly table: string;
}

/** Reads a notification of nftables; undefined for those that are about no table. */
export function decodeTableChange({ type, body }: Pick<NetlinkMessage, 'type' | 'body'>): DecodedTable | undefined {
  const what = type & 0xff;
  if (type >>> 8 !== NFNL_SUBSYS_NFTABLES || what === NFT_MSG_NEWGEN || what === NFT_MSG_GETGEN) return undefined;
  const family = protocolFamilyName(body.u8());
  body.skip(3);
  let table: string | undefined;
  forEachAttribute(body, (attribute, value) => {
    if (attribute === TABLE_NAME) table ??= readText(value);
  });
  return family === undefined || table === undefined ? undefined : { family, table };
}
