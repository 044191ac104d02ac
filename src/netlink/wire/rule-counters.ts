import type { ByteReader } from '../../base/index.ts';
import { attributeText, forEachAttribute, readText } from './attribute.ts';
import { NLM_F_DUMP } from './message.ts';
import { encodeNetfilter, NFGENMSG_LENGTH, NFNL_SUBSYS_NFTABLES, protocolFamily } from './nfnetlink.ts';
import { commentIn } from './rule-comment.ts';

/* include/uapi/linux/netfilter/nf_tables.h; numbers in attributes are in network order. */
const NFT_MSG_GETRULE = 7;
const NFTA_RULE_TABLE = 1;
const NFTA_RULE_CHAIN = 2;
const NFTA_RULE_EXPRESSIONS = 4;
const NFTA_RULE_USERDATA = 7;
const NFTA_LIST_ELEM = 1;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;
const NFTA_COUNTER_BYTES = 1;
const NFTA_COUNTER_PACKETS = 2;

/** The counts of a rule's counters. */
export interface DecodedRuleCount {
  readonly chain: string;
  readonly comment?: string | undefined;
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** Asks for all rules of a table; `family` as nft writes it. Kernels that don't know the filter answer with all rules. */
export function encodeRuleCountDump(family: string, table: string): Uint8Array {
  const what = { subsystem: NFNL_SUBSYS_NFTABLES, what: NFT_MSG_GETRULE, family: protocolFamily(family) };
  return encodeNetfilter({ ...what, flags: NLM_F_DUMP }, (writer) => attributeText(writer, NFTA_RULE_TABLE, table));
}

/** Reads a rule's counter; undefined for a rule of another table, and one that counts nothing. */
export function decodeRuleCount(body: ByteReader, table: string): DecodedRuleCount | undefined {
  body.skip(NFGENMSG_LENGTH);
  let [of, chain] = ['', ''];
  let comment: string | undefined;
  let count: Omit<DecodedRuleCount, 'chain'> | undefined;
  forEachAttribute(body, (attribute, value) => {
    if (attribute === NFTA_RULE_TABLE) of = readText(value);
    else if (attribute === NFTA_RULE_CHAIN) chain = readText(value);
    else if (attribute === NFTA_RULE_USERDATA) comment = commentIn(value);
    else if (attribute === NFTA_RULE_EXPRESSIONS) {
      forEachAttribute(value, (item, expression) => {
        if (item === NFTA_LIST_ELEM) count ??= counterOf(expression);
      });
    }
  });
  if (of !== table || count === undefined) return undefined;
  return { chain, ...(comment !== undefined && { comment }), ...count };
}

function counterOf(expression: ByteReader): Omit<DecodedRuleCount, 'chain'> | undefined {
  let name = '';
  let [packets, bytes] = [0n, 0n];
  forEachAttribute(expression, (attribute, value) => {
    if (attribute === NFTA_EXPR_NAME) name = readText(value);
    else if (attribute === NFTA_EXPR_DATA && name === 'counter') {
      forEachAttribute(value, (field, number) => {
        if (field === NFTA_COUNTER_PACKETS) packets = network64(number);
        else if (field === NFTA_COUNTER_BYTES) bytes = network64(number);
      });
    }
  });
  return name === 'counter' ? { packets, bytes } : undefined;
}

function network64(value: ByteReader): bigint {
  let number = 0n;
  for (let octet = 0; octet < 8; octet++) number = (number << 8n) | BigInt(value.u8());
  return number;
}
