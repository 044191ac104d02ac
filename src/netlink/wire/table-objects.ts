import type { ByteWriter } from '../../base/index.ts';
import type { ObjectChange, SetDeclaration } from '../table-objects.ts';
import { attributeBytes, attributeNest, attributeText } from './attribute.ts';
import { NLM_F_APPEND, NLM_F_CREATE } from './message.ts';
import { encodeNetfilter, NFNL_SUBSYS_NFTABLES, protocolFamily } from './nfnetlink.ts';
import { attributeU32Network, writeExpression } from './rule-expressions.ts';

/*
 * Chains, rules and sets (include/uapi/linux/netfilter/nf_tables.h):
 *
 *   NFTA_CHAIN_TABLE, _NAME
 *   NFTA_RULE_TABLE, _CHAIN, _EXPRESSIONS ─► NFTA_LIST_ELEM …, _USERDATA     without expressions: all rules of the chain
 *   NFTA_SET_TABLE, _NAME, _FLAGS, _KEY_TYPE, _KEY_LEN, _ID, _USERDATA
 *
 * User data is nft's own: type, length and value in an octet each, by which it lists what it was told.
 */
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_DELCHAIN = 5;
const NFT_MSG_NEWRULE = 6;
const NFT_MSG_DELRULE = 8;
const NFT_MSG_NEWSET = 9;
const NFT_MSG_DELSET = 11;

/** Of chains, rules and sets alike. */
const TABLE = 1;
const NFTA_CHAIN_NAME = 3;
const NFTA_RULE_CHAIN = 2;
const NFTA_RULE_EXPRESSIONS = 4;
const NFTA_RULE_USERDATA = 7;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_NAME = 2;
const NFTA_SET_FLAGS = 3;
const NFTA_SET_KEY_TYPE = 4;
const NFTA_SET_KEY_LEN = 5;
const NFTA_SET_ID = 10;
const NFTA_SET_USERDATA = 13;

const NFT_SET_INTERVAL = 4;
const NFTNL_UDATA_RULE_COMMENT = 0;
const NFTNL_UDATA_SET_KEYBYTEORDER = 0;
/** BYTEORDER_INVALID and BYTEORDER_BIG_ENDIAN of nft. */
const [NO_ORDER, BIG_ENDIAN] = [0, 2];

const utf8 = new TextEncoder();

const REQUESTS: Readonly<Record<ObjectChange['verb'], readonly [what: number, flags: number]>> = {
  'add chain': [NFT_MSG_NEWCHAIN, NLM_F_CREATE],
  'delete chain': [NFT_MSG_DELCHAIN, 0],
  'add rule': [NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND],
  'empty chain': [NFT_MSG_DELRULE, 0],
  'add set': [NFT_MSG_NEWSET, NLM_F_CREATE],
  'delete set': [NFT_MSG_DELSET, 0],
};

/** The request for a change. `number`: no two sets of a batch have the same. */
export function encodeObject(
  table: { readonly family: string; readonly name: string },
  change: ObjectChange,
  number: number,
): Uint8Array {
  const [what, flags] = REQUESTS[change.verb];
  const request = { subsystem: NFNL_SUBSYS_NFTABLES, what, family: protocolFamily(table.family), flags };
  return encodeNetfilter(request, (writer) => {
    attributeText(writer, TABLE, table.name);
    switch (change.verb) {
      case 'add chain':
      case 'delete chain':
        attributeText(writer, NFTA_CHAIN_NAME, change.chain);
        break;
      case 'empty chain':
        attributeText(writer, NFTA_RULE_CHAIN, change.chain);
        break;
      case 'add rule':
        writeRule(writer, change);
        break;
      case 'add set':
        attributeText(writer, NFTA_SET_NAME, change.set);
        writeDeclaration(writer, change.declaration, number);
        break;
      case 'delete set':
        attributeText(writer, NFTA_SET_NAME, change.set);
        break;
    }
  });
}

function writeRule(writer: ByteWriter, rule: Extract<ObjectChange, { readonly verb: 'add rule' }>): void {
  attributeText(writer, NFTA_RULE_CHAIN, rule.chain);
  attributeNest(writer, NFTA_RULE_EXPRESSIONS, () => {
    for (const expression of rule.expressions) {
      attributeNest(writer, NFTA_LIST_ELEM, () => writeExpression(writer, expression));
    }
  });
  if (rule.comment === undefined) return;
  const comment = utf8.encode(rule.comment);
  const header = [NFTNL_UDATA_RULE_COMMENT, comment.length + 1];
  attributeBytes(writer, NFTA_RULE_USERDATA, Uint8Array.from([...header, ...comment, 0]));
}

function writeDeclaration(
  writer: ByteWriter,
  { type, octets, isInterval, isNumber }: SetDeclaration,
  number: number,
): void {
  attributeU32Network(writer, NFTA_SET_FLAGS, isInterval ? NFT_SET_INTERVAL : 0);
  attributeU32Network(writer, NFTA_SET_KEY_TYPE, type);
  attributeU32Network(writer, NFTA_SET_KEY_LEN, octets);
  attributeU32Network(writer, NFTA_SET_ID, number);
  const order = isNumber ? BIG_ENDIAN : NO_ORDER;
  attributeBytes(writer, NFTA_SET_USERDATA, Uint8Array.of(NFTNL_UDATA_SET_KEYBYTEORDER, 4, order, 0, 0, 0));
}
