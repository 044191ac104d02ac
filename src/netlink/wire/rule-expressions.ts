import type { ByteWriter } from '../../base/index.ts';
import type { AnonymousSet, RuleExpression } from '../table-objects.ts';
import { attributeBytes, attributeNest, attributeText, attributeU32Network } from './attribute.ts';
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

/** Name and data of one expression, into the element of a list. */
export function writeExpression(writer: ByteWriter, expression: RuleExpression, numbers: SetNumbers): void {
  const [name, data] = partsOf(writer, expression, numbers);
  attributeText(writer, NFTA_EXPR_NAME, name);
  attributeNest(writer, NFTA_EXPR_DATA, data);
}

function partsOf(
  writer: ByteWriter,
  expression: RuleExpression,
  numbers: SetNumbers,
): readonly [name: string, writeData: () => void] {
  const number = (type: number, value: number): void => attributeU32Network(writer, type, value);
  switch (expression.kind) {
    case 'meta':
      return [
        'meta',
        () => {
          number(NFTA_META_KEY, META_KEYS[expression.key]);
          number(NFTA_META_DREG, expression.to);
        },
      ];
    case 'set mark':
      return [
        'meta',
        () => {
          number(NFTA_META_KEY, META_KEYS.mark);
          number(NFTA_META_SREG, expression.from);
        },
      ];
    case 'connection state':
      return [
        'ct',
        () => {
          number(NFTA_CT_KEY, NFT_CT_STATE);
          number(NFTA_CT_DREG, expression.to);
        },
      ];
    case 'payload':
      return [
        'payload',
        () => {
          number(NFTA_PAYLOAD_DREG, expression.to);
          number(NFTA_PAYLOAD_BASE, PAYLOAD_BASES[expression.base]);
          number(NFTA_PAYLOAD_OFFSET, expression.offset);
          number(NFTA_PAYLOAD_LEN, expression.octets);
        },
      ];
    case 'compare':
      return [
        'cmp',
        () => {
          number(NFTA_CMP_SREG, expression.from);
          number(NFTA_CMP_OP, COMPARISONS[expression.is]);
          attributeValue(writer, NFTA_CMP_DATA, expression.value);
        },
      ];
    case 'outside':
      return [
        'range',
        () => {
          number(NFTA_RANGE_SREG, expression.from);
          number(NFTA_RANGE_OP, NFT_RANGE_NEQ);
          attributeValue(writer, NFTA_RANGE_FROM_DATA, expression.first);
          attributeValue(writer, NFTA_RANGE_TO_DATA, expression.last);
        },
      ];
    case 'mask':
      return [
        'bitwise',
        () => {
          number(NFTA_BITWISE_SREG, expression.register);
          number(NFTA_BITWISE_DREG, expression.register);
          number(NFTA_BITWISE_LEN, expression.mask.length);
          attributeValue(writer, NFTA_BITWISE_MASK, expression.mask);
          attributeValue(writer, NFTA_BITWISE_XOR, expression.xor ?? new Uint8Array(expression.mask.length));
        },
      ];
    case 'lookup':
      return [
        'lookup',
        () => {
          const { set } = expression;
          const isNamed = typeof set === 'string';
          attributeText(writer, NFTA_LOOKUP_SET, isNamed ? set : anonymousName(set));
          if (!isNamed) number(NFTA_LOOKUP_SET_ID, numbers.get(set) ?? 0);
          number(NFTA_LOOKUP_SREG, expression.from);
          if (expression.isMap) number(NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
          if (expression.isNot) number(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
        },
      ];
    case 'count':
      return [
        'counter',
        () => {
          attributeBytes(writer, NFTA_COUNTER_BYTES, new Uint8Array(8));
          attributeBytes(writer, NFTA_COUNTER_PACKETS, new Uint8Array(8));
        },
      ];
    case 'verdict':
      return [
        'immediate',
        () => {
          number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
          attributeVerdict(writer, NFTA_IMMEDIATE_DATA, expression.verdict);
        },
      ];
  }
}
