import type { ByteReader, ByteWriter } from '../../base/index.ts';
import type { ElementChange, ElementVerdict, SetElement } from '../table-elements.ts';
import {
  ATTRIBUTE_HEADER,
  attributeBytes,
  attributeNest,
  attributeText,
  attributeU32Network,
  closeNest,
  forEachAttribute,
  openNest,
  readText,
} from './attribute.ts';
import { HEADER_LENGTH, NLM_F_CREATE } from './message.ts';
import { encodeNetfilter, NFGENMSG_LENGTH, NFNL_SUBSYS_NFTABLES, protocolFamily } from './nfnetlink.ts';

/*
 * Elements of nftables' sets and maps (include/uapi/linux/netfilter/nf_tables.h):
 *
 *   NFTA_SET_ELEM_LIST_TABLE, _SET                                names
 *   NFTA_SET_ELEM_LIST_ELEMENTS ─► NFTA_LIST_ELEM …               each
 *     ├ NFTA_SET_ELEM_KEY     ─► NFTA_DATA_VALUE                  parts of a concatenation are padded to four octets
 *     ├ NFTA_SET_ELEM_KEY_END ─► NFTA_DATA_VALUE                  last key of a concatenation of intervals
 *     ├ NFTA_SET_ELEM_DATA    ─► NFTA_DATA_VALUE or _VERDICT ─► NFTA_VERDICT_CODE, _CHAIN
 *     └ NFTA_SET_ELEM_FLAGS                                       NFT_SET_ELEM_INTERVAL_END: here an interval has ended
 *
 * An interval of single keys is two elements: its first key, and the first key behind it with the flag. One that
 * reaches the largest key has no end.
 */
const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_DELSETELEM = 14;

const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_SET_ELEM_LIST_SET_ID = 4;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_SET_ELEM_DATA = 2;
const NFTA_SET_ELEM_FLAGS = 3;
const NFTA_SET_ELEM_KEY_END = 10;
const NFTA_DATA_VALUE = 1;
const NFTA_DATA_VERDICT = 2;
const NFTA_VERDICT_CODE = 1;
const NFTA_VERDICT_CHAIN = 2;

const NFT_SET_ELEM_INTERVAL_END = 1;

/** NF_DROP, NF_ACCEPT and enum nft_verdicts. */
const VERDICT_CODES: Readonly<Record<ElementVerdict['verdict'], number>> = {
  drop: 0,
  accept: 1,
  continue: -1,
  jump: -3,
  goto: -4,
  return: -5,
};

/** An attribute's length has 16 bits, and one element must fit behind the last that is looked at. */
const LONGEST_LIST = 60_000;

/** A request, and which elements of its change it holds: from `first` on, `count` of them. */
export interface ElementMessage {
  readonly bytes: Uint8Array;
  readonly first: number;
  readonly count: number;
}

/** The requests for one change: as many as its elements need. `number`: of a set that the same batch makes, without a name. */
export function encodeElements(
  table: { readonly family: string; readonly name: string },
  { verb, set, elements }: ElementChange,
  number?: number,
): readonly ElementMessage[] {
  const isAdd = verb === 'add';
  const request = {
    subsystem: NFNL_SUBSYS_NFTABLES,
    what: isAdd ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
    family: protocolFamily(table.family),
    flags: isAdd ? NLM_F_CREATE : 0,
  };
  const messages: ElementMessage[] = [];
  for (let first = 0; first < elements.length; ) {
    let until = first;
    const bytes = encodeNetfilter(request, (writer) => {
      attributeText(writer, NFTA_SET_ELEM_LIST_TABLE, table.name);
      attributeText(writer, NFTA_SET_ELEM_LIST_SET, set);
      if (number !== undefined) attributeU32Network(writer, NFTA_SET_ELEM_LIST_SET_ID, number);
      attributeNest(writer, NFTA_SET_ELEM_LIST_ELEMENTS, () => {
        const start = writer.length;
        while (until < elements.length && writer.length - start < LONGEST_LIST) {
          writeElement(writer, elements[until++], isAdd);
        }
      });
    });
    messages.push({ bytes, first, count: until - first });
    first = until;
  }
  return messages;
}

/** To delete, the kernel asks for the key alone. */
function writeElement(writer: ByteWriter, { key, keyEnd, end, value }: SetElement, isAdd: boolean): void {
  const element = openNest(writer, NFTA_LIST_ELEM);
  attributeValue(writer, NFTA_SET_ELEM_KEY, key);
  if (keyEnd !== undefined) attributeValue(writer, NFTA_SET_ELEM_KEY_END, keyEnd);
  if (value !== undefined && isAdd) {
    if (value instanceof Uint8Array) attributeValue(writer, NFTA_SET_ELEM_DATA, value);
    else attributeVerdict(writer, NFTA_SET_ELEM_DATA, value);
  }
  closeNest(writer, element);
  if (end === undefined) return;
  const behind = openNest(writer, NFTA_LIST_ELEM);
  attributeValue(writer, NFTA_SET_ELEM_KEY, end);
  attributeU32Network(writer, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
  closeNest(writer, behind);
}

export function attributeValue(writer: ByteWriter, type: number, value: Uint8Array): void {
  const data = openNest(writer, type);
  attributeBytes(writer, NFTA_DATA_VALUE, value);
  closeNest(writer, data);
}

export function attributeVerdict(writer: ByteWriter, type: number, given: ElementVerdict): void {
  const data = openNest(writer, type);
  const verdict = openNest(writer, NFTA_DATA_VERDICT);
  attributeU32Network(writer, NFTA_VERDICT_CODE, VERDICT_CODES[given.verdict]);
  if ('chain' in given) attributeText(writer, NFTA_VERDICT_CHAIN, given.chain);
  closeNest(writer, verdict);
  closeNest(writer, data);
}

const VERDICTS = new Map(Object.entries(VERDICT_CODES).map(([verdict, code]) => [code, verdict]));

/** Undefined for one that no rule of ours has. */
export function readVerdict(data: ByteReader): ElementVerdict | undefined {
  let [code, chain] = [0, ''];
  forEachAttribute(data, (type, value) => {
    if (type === NFTA_VERDICT_CODE && value.left === 4) {
      code = (value.u8() << 24) | (value.u8() << 16) | (value.u8() << 8) | value.u8();
    } else if (type === NFTA_VERDICT_CHAIN) chain = readText(value);
  });
  const verdict = VERDICTS.get(code) as ElementVerdict['verdict'] | undefined;
  if (verdict === undefined) return undefined;
  return verdict === 'jump' || verdict === 'goto' ? { verdict, chain } : { verdict };
}

/**
 * The index of the request's element that stands at this octet of its message, as an extended acknowledgement names it;
 * undefined for an octet in front of them. An interval's end is its element's.
 */
export function decodeElementAt(body: ByteReader, offset: number): number | undefined {
  const start = body.at - HEADER_LENGTH;
  let found: number | undefined;
  body.skip(NFGENMSG_LENGTH);
  forEachAttribute(body, (type, list) => {
    if (type !== NFTA_SET_ELEM_LIST_ELEMENTS) return;
    forEachAttribute(list, (_, element) => {
      if (element.at - ATTRIBUTE_HEADER - start > offset) return;
      let isEnd = false;
      forEachAttribute(element, (part) => (isEnd ||= part === NFTA_SET_ELEM_FLAGS));
      if (!isEnd) found = (found ?? -1) + 1;
    });
  });
  return found;
}
