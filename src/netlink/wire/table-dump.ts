import type { ByteReader } from '../../base/index.ts';
import type { DumpedChain, DumpedElement, DumpedRule, DumpedSet } from '../table-dump.ts';
import { attributeText, forEachAttribute, readText } from './attribute.ts';
import { NLM_F_DUMP } from './message.ts';
import {
  encodeNetfilter,
  NFGENMSG_LENGTH,
  NFNL_SUBSYS_NFTABLES,
  protocolFamily,
  protocolFamilyName,
} from './nfnetlink.ts';
import { commentIn } from './rule-comment.ts';
import { readVerdict } from './set-elements.ts';

/*
 * What the kernel tells of a table when it is asked (include/uapi/linux/netfilter/nf_tables.h): the attributes are those by
 * which the same is made (table-objects.ts, set-declarations.ts, set-elements.ts).
 */
const NFT_MSG_GETCHAIN = 4;
const NFT_MSG_GETRULE = 7;
const NFT_MSG_GETSET = 10;
const NFT_MSG_GETSETELEM = 13;
const NFT_MSG_NEWGEN = 15;
const NFT_MSG_GETGEN = 16;

/** The table's name, of whatever it is. */
const TABLE = 1;
const NFTA_CHAIN_NAME = 3;
const NFTA_CHAIN_HOOK = 4;
const NFTA_CHAIN_POLICY = 5;
const NFTA_CHAIN_TYPE = 7;
const NFTA_HOOK_HOOKNUM = 1;
const NFTA_HOOK_PRIORITY = 2;
const NFTA_RULE_CHAIN = 2;
const NFTA_RULE_HANDLE = 3;
const NFTA_RULE_USERDATA = 7;
const NFTA_SET_NAME = 2;
const NFTA_SET_FLAGS = 3;
const NFTA_SET_KEY_TYPE = 4;
const NFTA_SET_DATA_TYPE = 6;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_SET_ELEM_DATA = 2;
const NFTA_SET_ELEM_FLAGS = 3;
const NFTA_SET_ELEM_KEY_END = 10;
const NFTA_DATA_VALUE = 1;
const NFTA_DATA_VERDICT = 2;
const NFT_SET_ELEM_INTERVAL_END = 1;
const NFTA_GEN_ID = 1;

/** enum nf_inet_hooks, and those of ARP (include/uapi/linux/netfilter_arp.h). */
const HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting'];
const ARP_HOOKS = ['input', 'output', 'forward'];

const DUMPS = { chains: NFT_MSG_GETCHAIN, rules: NFT_MSG_GETRULE, sets: NFT_MSG_GETSET } as const;

type NamedTable = { readonly family: string; readonly name: string };

/** Asks for all of a kind in the table. Kernels that don't know the filter answer with those of other tables too. */
export function encodeTableDump(kind: keyof typeof DUMPS, { family, name }: NamedTable): Uint8Array {
  return encodeDump(DUMPS[kind], family, name);
}

export function encodeElementDump({ family, name }: NamedTable, set: string): Uint8Array {
  return encodeDump(NFT_MSG_GETSETELEM, family, name, set);
}

function encodeDump(what: number, family: string, table: string, set?: string): Uint8Array {
  const request = { subsystem: NFNL_SUBSYS_NFTABLES, what, family: protocolFamily(family), flags: NLM_F_DUMP };
  return encodeNetfilter(request, (writer) => {
    attributeText(writer, TABLE, table);
    if (set !== undefined) attributeText(writer, NFTA_SET_ELEM_LIST_SET, set);
  });
}

/** Asks for the generation of the rules of all tables, which grows with every transaction of anybody. */
export function encodeGenerationQuery(): Uint8Array {
  return encodeNetfilter({ subsystem: NFNL_SUBSYS_NFTABLES, what: NFT_MSG_GETGEN, family: 0 }, () => {});
}

/** Undefined for a message that is about something else. */
export function decodeGeneration(type: number, body: ByteReader): number | undefined {
  if ((type & 255) !== NFT_MSG_NEWGEN) return undefined;
  return network32(attributesOf(body).get(NFTA_GEN_ID));
}

/** Undefined for a chain of another table; so with the others. */
export function decodeDumpedChain(body: ByteReader, table: string): DumpedChain | undefined {
  const family = protocolFamilyName(body.u8());
  body.skip(NFGENMSG_LENGTH - 1);
  const its = attributes(body);
  if (textOf(its.get(TABLE)) !== table) return undefined;
  const chain = textOf(its.get(NFTA_CHAIN_NAME));
  const hook = its.get(NFTA_CHAIN_HOOK);
  if (hook === undefined) return { chain };
  const at = attributes(hook);
  return {
    chain,
    base: {
      type: textOf(its.get(NFTA_CHAIN_TYPE)),
      hook: (family === 'arp' ? ARP_HOOKS : HOOKS)[network32(at.get(NFTA_HOOK_HOOKNUM))] ?? '',
      priority: network32(at.get(NFTA_HOOK_PRIORITY)) | 0,
      policy: network32(its.get(NFTA_CHAIN_POLICY)) === 0 ? 'drop' : 'accept',
    },
  };
}

export function decodeDumpedRule(body: ByteReader, table: string): DumpedRule | undefined {
  const its = attributesOf(body);
  if (textOf(its.get(TABLE)) !== table) return undefined;
  const handle = its.get(NFTA_RULE_HANDLE);
  handle?.skip(4);
  const userdata = its.get(NFTA_RULE_USERDATA);
  const comment = userdata && commentIn(userdata);
  return {
    chain: textOf(its.get(NFTA_RULE_CHAIN)),
    handle: network32(handle),
    ...(comment !== undefined && { comment }),
  };
}

export function decodeDumpedSet(body: ByteReader, table: string): DumpedSet | undefined {
  const its = attributesOf(body);
  if (textOf(its.get(TABLE)) !== table) return undefined;
  const dataType = its.get(NFTA_SET_DATA_TYPE);
  return {
    set: textOf(its.get(NFTA_SET_NAME)),
    flags: network32(its.get(NFTA_SET_FLAGS)),
    type: network32(its.get(NFTA_SET_KEY_TYPE)),
    ...(dataType && { dataType: network32(dataType) }),
  };
}

export function decodeDumpedElements(body: ByteReader): readonly DumpedElement[] {
  const list = attributesOf(body).get(NFTA_SET_ELEM_LIST_ELEMENTS);
  const elements: DumpedElement[] = [];
  if (list === undefined) return elements;
  forEachAttribute(list, (_, one) => {
    const its = attributes(one);
    const key = octetsOf(its.get(NFTA_SET_ELEM_KEY)) ?? new Uint8Array();
    const [keyEnd, data] = [octetsOf(its.get(NFTA_SET_ELEM_KEY_END)), its.get(NFTA_SET_ELEM_DATA)];
    const verdict = data && attributes(data).get(NFTA_DATA_VERDICT);
    const isEnd = (network32(its.get(NFTA_SET_ELEM_FLAGS)) & NFT_SET_ELEM_INTERVAL_END) !== 0;
    const value = verdict && readVerdict(verdict);
    elements.push({ key, isEnd, ...(keyEnd && { keyEnd }), ...(value && { verdict: value }) });
  });
  return elements;
}

type Attributes = ReadonlyMap<number, ByteReader>;

function attributes(reader: ByteReader): Attributes {
  const found = new Map<number, ByteReader>();
  forEachAttribute(reader, (type, value) => found.set(type, value));
  return found;
}

function attributesOf(body: ByteReader): Attributes {
  body.skip(NFGENMSG_LENGTH);
  return attributes(body);
}

function textOf(value: ByteReader | undefined): string {
  return value === undefined ? '' : readText(value);
}

/** 0 where there is none. */
function network32(value: ByteReader | undefined): number {
  if (value === undefined || value.left < 4) return 0;
  return ((value.u8() << 24) | (value.u8() << 16) | (value.u8() << 8) | value.u8()) >>> 0;
}

function octetsOf(data: ByteReader | undefined): Uint8Array | undefined {
  const value = data && attributes(data).get(NFTA_DATA_VALUE);
  return value && Uint8Array.from(value.take(value.left));
}
