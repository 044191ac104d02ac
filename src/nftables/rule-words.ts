import { addressBytes, networkAddress, tryParsePrefix } from '../base/index.ts';
import type { RuleExpression } from '../netlink/index.ts';
import { hostOrder, readElement, readValue } from './element-data.ts';
import { FIRST, type Field, fieldOf, loads } from './rule-fields.ts';
import { readAnonymous } from './set-types.ts';

/**
 * A rule as the kernel has it, from nft's own words: what rules of policy are made of. What is not known here is left to
 * nft, by `undefined`.
 */

/** What the first words say, and those behind it. */
type Read = readonly [expressions: readonly RuleExpression[], rest: readonly string[]];

const NAME = /^[\w./-]+$/;
const PROTOCOL = fieldOf('ip', ['meta', 'l4proto'])!;

export function readRule(family: 'ip' | 'ip6', expression: string): readonly RuleExpression[] | undefined {
  const read: RuleExpression[] = [];
  let protocol: number | undefined;
  for (let words: readonly string[] = expression.split(' '); words.length > 0; ) {
    const ofHeader = fieldOf(family, words)?.protocol;
    if (ofHeader !== undefined && ofHeader !== protocol) {
      // As nft does by itself; of two protocols no packet is.
      if (protocol !== undefined) return undefined;
      read.push(...readComparison(PROTOCOL, String(ofHeader), false)!);
      protocol = ofHeader;
    }
    if (words[0] === 'meta' && words[1] === 'l4proto' && /^\d+$/.test(words[2] ?? '')) protocol = Number(words[2]);
    const statement = readCondition(family, words) ?? readMark(words) ?? readStatement(words);
    if (statement === undefined) return undefined;
    read.push(...statement[0]);
    words = statement[1];
  }
  return read;
}

function readStatement(words: readonly string[]): Read | undefined {
  const [word, chain] = words;
  if (word === 'counter') return [[{ kind: 'count' }], words.slice(1)];
  if (word === 'jump' || word === 'goto') {
    if (!NAME.test(chain ?? '')) return undefined;
    return [[{ kind: 'verdict', verdict: { verdict: word, chain } }], words.slice(2)];
  }
  const verdict = readValue('verdict', word);
  if (verdict === undefined || verdict instanceof Uint8Array) return undefined;
  return [[{ kind: 'verdict', verdict }], words.slice(1)];
}

/** `FIELD [. FIELD …] [!=] VALUE`, `@SET` or `{ … }`; `FIELD vmap @MAP` or `{ … }`. */
function readCondition(family: 'ip' | 'ip6', words: readonly string[]): Read | undefined {
  const fields: Field[] = [];
  let rest = words;
  do {
    if (fields.length > 0) rest = rest.slice(1);
    const field = fieldOf(family, rest);
    if (field === undefined) return undefined;
    rest = rest.slice(field.words);
    fields.push(field);
  } while (rest[0] === '.');
  const [isNot, isMap] = [rest[0] === '!=', rest[0] === 'vmap'];
  if (isNot || isMap) rest = rest.slice(1);
  const value = rest.at(0);
  if (value === undefined) return undefined;
  if (value.startsWith('@')) {
    const set = value.slice(1);
    if (!NAME.test(set)) return undefined;
    return [[...loads(fields), { kind: 'lookup', set, from: FIRST, isNot, isMap }], rest.slice(1)];
  }
  if (fields.length > 1) return undefined;
  const [field] = fields;
  if (value === '{') {
    const read = readAnonymous(field.type, rest, isMap);
    return read && [[field.load(FIRST), { kind: 'lookup', set: read[0], from: FIRST, isNot, isMap }], read[1]];
  }
  const compared = isMap ? undefined : readComparison(field, value, isNot);
  return compared && [compared, rest.slice(1)];
}

function readComparison(field: Field, text: string, isNot: boolean): readonly RuleExpression[] | undefined {
  const is = isNot ? '!=' : '==';
  if (field.type === 'ct_state') return isNot ? undefined : readState(field, text);
  if (field.type === 'ifname') return readName(field, text, is);
  const single = readElement(field.type, false, text)?.key;
  if (single !== undefined) return [field.load(FIRST), { kind: 'compare', is, from: FIRST, value: single }];
  if (field.type === 'ipv4_addr' || field.type === 'ipv6_addr') return readNetwork(field, text, is);
  const [first, last] = text.split('-').map((end) => readElement(field.type, false, end)?.key);
  // One that begins behind its end is refused where it is read as an interval.
  if (first === undefined || last === undefined || readElement(field.type, true, text) === undefined) return undefined;
  if (isNot) return [field.load(FIRST), { kind: 'outside', from: FIRST, first, last }];
  return [
    field.load(FIRST),
    { kind: 'compare', is: '>=', from: FIRST, value: first },
    { kind: 'compare', is: '<=', from: FIRST, value: last },
  ];
}

/** A network of whole octets is compared by these alone, as nft does. */
function readNetwork(
  { type, octets, load }: Field,
  text: string,
  is: '==' | '!=',
): readonly RuleExpression[] | undefined {
  const network = tryParsePrefix(text);
  if (network === undefined || network.length === 0 || (network.family === 4) !== (type === 'ipv4_addr'))
    return undefined;
  const address = addressBytes(networkAddress(network));
  const whole = network.length >> 3;
  const loaded = load(FIRST);
  if (network.length % 8 === 0 && loaded.kind === 'payload') {
    return [
      { ...loaded, octets: whole },
      { kind: 'compare', is, from: FIRST, value: address.subarray(0, whole) },
    ];
  }
  const mask = new Uint8Array(octets).fill(255, 0, whole);
  mask[whole] = 256 - 2 ** (8 - (network.length % 8));
  return [loaded, { kind: 'mask', register: FIRST, mask }, { kind: 'compare', is, from: FIRST, value: address }];
}

/** Any of the states. */
function readState({ type, load }: Field, text: string): readonly RuleExpression[] | undefined {
  const mask = readElement(type, false, text)?.key;
  return (
    mask && [
      load(FIRST),
      { kind: 'mask', register: FIRST, mask },
      { kind: 'compare', is: '!=', from: FIRST, value: hostOrder(0) },
    ]
  );
}

/** `"eth0"`, or the beginning of a name: `"cali*"`. */
function readName({ type, load }: Field, text: string, is: '==' | '!='): readonly RuleExpression[] | undefined {
  const [, name, star] = /^"([\w.-]+)(\*?)"$/.exec(text) ?? [];
  const value = name === undefined ? undefined : readElement(type, false, name)?.key;
  if (value === undefined) return undefined;
  const compared = star === '' ? value : value.subarray(0, name.length);
  return [load(FIRST), { kind: 'compare', is, from: FIRST, value: compared }];
}

/** `meta mark and BITS == BITS`, `meta mark set meta mark and BITS`, `… or BITS`. */
function readMark(words: readonly string[]): Read | undefined {
  if (words[0] !== 'meta' || words[1] !== 'mark') return undefined;
  const text = words.slice(0, 7).join(' ');
  const loaded: RuleExpression = { kind: 'meta', key: 'mark', to: FIRST };
  const [asked, bits, is, value] = /^meta mark and (0x[\da-f]{1,8}) (==|!=) (0x[\da-f]{1,8})(?= |$)/.exec(text) ?? [];
  if (asked !== undefined) {
    const mask: RuleExpression = { kind: 'mask', register: FIRST, mask: hostOrder(Number(bits)) };
    const compare: RuleExpression = {
      kind: 'compare',
      is: is === '==' ? '==' : '!=',
      from: FIRST,
      value: hostOrder(Number(value)),
    };
    return [[loaded, mask, compare], words.slice(6)];
  }
  const [set, how, operand] = /^meta mark set meta mark (and|or) (0x[\da-f]{1,8})$/.exec(text) ?? [];
  if (set === undefined) return undefined;
  const [own, none] = [hostOrder(Number(operand)), hostOrder(0)];
  const kept = how === 'and' ? own : hostOrder(~Number(operand));
  const mask: RuleExpression = { kind: 'mask', register: FIRST, mask: kept, xor: how === 'and' ? none : own };
  return [[loaded, mask, { kind: 'set mark', from: FIRST }], words.slice(7)];
}
