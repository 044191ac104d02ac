import type { ByteWriter } from '../../base/index.ts';
import type { AnonymousSet, RuleExpression } from '../table-objects.ts';
import { attributeBytes, attributeText, attributeU32Network, closeNest, openNest } from './attribute.ts';
import { anonymousName } from './set-declarations.ts';
import { attributeValue, attributeVerdict } from './set-elements.ts';

/*
 * A rule's expressions (include/uapi/linux/netfilter/nf_tables.h):
 *
 *   NFTA_EXPR_NAME                  which one it is
 *   NFTA_EXPR_DATA ─► NFTA_META_… │ NFTA_CT_… │ NFTA_PAYLOAD_… │ NFTA_CMP_… │ NFTA_BITWISE_… │ NFTA_LOOKUP_… │ …
 *
 * Integers are in network order.
 */
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;

const NFTA_META_DREG = 1;
const NFTA_META_KEY = 2;
const NFTA_META_SREG = 3;
const META_KEYS = { mark: 3, iifname: 6, oifname: 7, l4proto: 16 } as const;

const NFTA_CT_DREG = 1;
const NFTA_CT_KEY = 2;
const NFT_CT_STATE = 0;

const NFTA_PAYLOAD_DREG = 1;
const NFTA_PAYLOAD_BASE = 2;
const NFTA_PAYLOAD_OFFSET = 3;
const NFTA_PAYLOAD_LEN = 4;
const PAYLOAD_BASES = { network: 1, transport: 2 } as const;

const NFTA_CMP_SREG = 1;
const NFTA_CMP_OP = 2;
const NFTA_CMP_DATA = 3;
const COMPARISONS = { '==': 0, '!=': 1, '<=': 3, '>=': 5 } as const;

const NFTA_RANGE_SREG = 1;
const NFTA_RANGE_OP = 2;
const NFTA_RANGE_FROM_DATA = 3;
const NFTA_RANGE_TO_DATA = 4;
const NFT_RANGE_NEQ = 1;

const NFTA_BITWISE_SREG = 1;
const NFTA_BITWISE_DREG = 2;
const NFTA_BITWISE_LEN = 3;
const NFTA_BITWISE_MASK = 4;
const NFTA_BITWISE_XOR = 5;

const NFTA_LOOKUP_SET = 1;
const NFTA_LOOKUP_SREG = 2;
const NFTA_LOOKUP_DREG = 3;
const NFTA_LOOKUP_SET_ID = 4;
const NFTA_LOOKUP_FLAGS = 5;
const NFT_LOOKUP_F_INV = 1;

const NFTA_COUNTER_BYTES = 1;
const NFTA_COUNTER_PACKETS = 2;

const NFTA_IMMEDIATE_DREG = 1;
const NFTA_IMMEDIATE_DATA = 2;
const NFT_REG_VERDICT = 0;

/** The numbers that the batch has for its sets without names. */
export type SetNumbers = ReadonlyMap<AnonymousSet, number>;

/** The kernel's name for each. */
const NAMES: Readonly<Record<RuleExpression['kind'], string>> = {
  meta: 'meta',
  'set mark': 'meta',
  'connection state': 'ct',
  payload: 'payload',
  compare: 'cmp',
  outside: 'range',
  mask: 'bitwise',
  lookup: 'lookup',
  count: 'counter',
  verdict: 'immediate',
};
const NO_COUNT = new Uint8Array(8);

/** Name and data of one expression, into the element of a list. */
export function writeExpression(writer: ByteWriter, expression: RuleExpression, numbers: SetNumbers): void {
  attributeText(writer, NFTA_EXPR_NAME, NAMES[expression.kind]);
  const data = openNest(writer, NFTA_EXPR_DATA);
  writeData(writer, expression, numbers);
  closeNest(writer, data);
}

function writeData(writer: ByteWriter, expression: RuleExpression, numbers: SetNumbers): void {
  switch (expression.kind) {
    case 'meta':
      attributeU32Network(writer, NFTA_META_KEY, META_KEYS[expression.key]);
      attributeU32Network(writer, NFTA_META_DREG, expression.to);
      break;
    case 'set mark':
      attributeU32Network(writer, NFTA_META_KEY, META_KEYS.mark);
      attributeU32Network(writer, NFTA_META_SREG, expression.from);
      break;
    case 'connection state':
      attributeU32Network(writer, NFTA_CT_KEY, NFT_CT_STATE);
      attributeU32Network(writer, NFTA_CT_DREG, expression.to);
      break;
    case 'payload':
      attributeU32Network(writer, NFTA_PAYLOAD_DREG, expression.to);
      attributeU32Network(writer, NFTA_PAYLOAD_BASE, PAYLOAD_BASES[expression.base]);
      attributeU32Network(writer, NFTA_PAYLOAD_OFFSET, expression.offset);
      attributeU32Network(writer, NFTA_PAYLOAD_LEN, expression.octets);
      break;
    case 'compare':
      attributeU32Network(writer, NFTA_CMP_SREG, expression.from);
      attributeU32Network(writer, NFTA_CMP_OP, COMPARISONS[expression.is]);
      attributeValue(writer, NFTA_CMP_DATA, expression.value);
      break;
    case 'outside':
      attributeU32Network(writer, NFTA_RANGE_SREG, expression.from);
      attributeU32Network(writer, NFTA_RANGE_OP, NFT_RANGE_NEQ);
      attributeValue(writer, NFTA_RANGE_FROM_DATA, expression.first);
      attributeValue(writer, NFTA_RANGE_TO_DATA, expression.last);
      break;
    case 'mask':
      attributeU32Network(writer, NFTA_BITWISE_SREG, expression.register);
      attributeU32Network(writer, NFTA_BITWISE_DREG, expression.register);
      attributeU32Network(writer, NFTA_BITWISE_LEN, expression.mask.length);
      attributeValue(writer, NFTA_BITWISE_MASK, expression.mask);
      attributeValue(writer, NFTA_BITWISE_XOR, expression.xor ?? new Uint8Array(expression.mask.length));
      break;
    case 'lookup':
      writeLookup(writer, expression, numbers);
      break;
    case 'count':
      attributeBytes(writer, NFTA_COUNTER_BYTES, NO_COUNT);
      attributeBytes(writer, NFTA_COUNTER_PACKETS, NO_COUNT);
      break;
    case 'verdict':
      attributeU32Network(writer, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
      attributeVerdict(writer, NFTA_IMMEDIATE_DATA, expression.verdict);
      break;
  }
}

function writeLookup(
  writer: ByteWriter,
  { set, from, isMap, isNot }: Extract<RuleExpression, { readonly kind: 'lookup' }>,
  numbers: SetNumbers,
): void {
  const isNamed = typeof set === 'string';
  attributeText(writer, NFTA_LOOKUP_SET, isNamed ? set : anonymousName(set));
  if (!isNamed) attributeU32Network(writer, NFTA_LOOKUP_SET_ID, numbers.get(set) ?? 0);
  attributeU32Network(writer, NFTA_LOOKUP_SREG, from);
  if (isMap) attributeU32Network(writer, NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
  if (isNot) attributeU32Network(writer, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}
