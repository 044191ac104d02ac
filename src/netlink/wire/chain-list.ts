import type { ByteReader } from '../../base/index.ts';
import { forEachAttribute, readText } from './attribute.ts';
import { NLM_F_DUMP } from './message.ts';
import { encodeNetfilter, NFNL_SUBSYS_NFTABLES, protocolFamilyName } from './nfnetlink.ts';

/* include/uapi/linux/netfilter/nf_tables.h */
const NFT_MSG_GETCHAIN = 4;
const NFTA_CHAIN_TABLE = 1;
const NFTA_CHAIN_NAME = 3;
/** Of every family. */
const NFPROTO_UNSPEC = 0;

export interface DecodedChain {
  /** As nft writes it. */
  readonly family: string;
  readonly table: string;
  readonly chain: string;
}

/** Asks for the chains of all tables of all families. */
export function encodeChainDump(): Uint8Array {
  const what = { subsystem: NFNL_SUBSYS_NFTABLES, what: NFT_MSG_GETCHAIN, family: NFPROTO_UNSPEC };
  return encodeNetfilter({ ...what, flags: NLM_F_DUMP }, () => {});
}

/** Reads a chain; undefined for one of a family that has no name. */
export function decodeChain(body: ByteReader): DecodedChain | undefined {
  const family = protocolFamilyName(body.u8());
  body.skip(3);
  let [table, chain] = ['', ''];
  forEachAttribute(body, (attribute, value) => {
    if (attribute === NFTA_CHAIN_TABLE) table = readText(value);
    else if (attribute === NFTA_CHAIN_NAME) chain = readText(value);
  });
  return family === undefined ? undefined : { family, table, chain };
}
