import { addressBytes, networkAddress, tryParsePrefix } from '../base/index.ts';
import type { RuleExpression } from '../netlink/index.ts';
import { readElement, readValue } from './element-data.ts';

/**
 * A rule as the kernel has it, from nft's own words: what rules of policy are made of. What is not known here is left to
 * nft, by `undefined`.
 */

/** What a condition looks at. */
interface Field {
  readonly type: 'ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service';
  readonly octets: number;
  load(register: number): RuleExpression;
}

/** What the first words say, and those behind it. */
type Read = readonly [expressions: readonly RuleExpression[], rest: readonly string[]];

/** The first register, of 16 octets; 32-bit registers are counted on from 8. */
const FIRST = 1;
const NAME = /^[\w./-]+$/;

export function readRule(family: 'ip' | 'ip6', expression: string): readonly RuleExpression[] | undefined {
  const read: RuleExpression[] = [];
  for (let words: readonly string[] = expression.split(' '); words.length > 0; ) {
    const statement = readCondition(family, words) ?? readStatement(words);
    if (statement === undefined) return undefined;
    read.push(...statement[0]);
    words = statement[1];
  }
  return read;
}

function readStatement(words: readonly string[]): Read | undefined {
  const [word, chain] = words;
  if (word === 'counter') return [[{ kind: 'count' }], words.slice(1)];
  const leads = word === 'jump' || word === 'goto';
  if (leads && !NAME.test(chain ?? '')) return undefined;
  const verdict = readValue('verdict', leads ? `${word} ${chain}` : word);
  if (verdict === undefined || verdict instanceof Uint8Array) return undefined;
  return [[{ kind: 'verdict', verdict }], words.slice(leads ? 2 : 1)];
}

/** `FIELD [. FIELD …] [!=] VALUE` or `@SET`. */
function readCondition(family: 'ip' | 'ip6', words: readonly string[]): Read | undefined {
  const fields: Field[] = [];
  let rest = words;
  do {
    const field = fieldOf(family, fields.length === 0 ? rest : rest.slice(1));
    if (field === undefined) return undefined;
    rest = rest.slice(fields.length === 0 ? 2 : 3);
    fields.push(field);
  } while (rest[0] === '.');
  const isNot = rest[0] === '!=';
  const [value, ...behind] = isNot ? rest.slice(1) : rest;
  if (value === undefined) return undefined;
  if (value.startsWith('@')) {
    const set = value.slice(1);
    if (!NAME.test(set)) return undefined;
    return [[...loads(fields), { kind: 'lookup', set, from: FIRST, isNot }], behind];
  }
  const compared = fields.length === 1 ? readComparison(fields[0], value, isNot) : undefined;
  return compared && [compared, behind];
}

function fieldOf(family: 'ip' | 'ip6', [header, name]: readonly string[]): Field | undefined {
  const payload = (type: Field['type'], base: 'network' | 'transport', offset: number, octets: number): Field => ({
    type,
    octets,
    load: (to) => ({ kind: 'payload', base, offset, octets, to }),
  });
  switch (`${header} ${name}`) {
    case 'meta l4proto':
      return { type: 'inet_proto', octets: 1, load: (to) => ({ kind: 'meta', key: 'l4proto', to }) };
    case 'th sport':
      return payload('inet_service', 'transport', 0, 2);
    case 'th dport':
      return payload('inet_service', 'transport', 2, 2);
    case 'ip saddr':
      return family === 'ip' ? payload('ipv4_addr', 'network', 12, 4) : undefined;
    case 'ip daddr':
      return family === 'ip' ? payload('ipv4_addr', 'network', 16, 4) : undefined;
    case 'ip6 saddr':
      return family === 'ip6' ? payload('ipv6_addr', 'network', 8, 16) : undefined;
    case 'ip6 daddr':
      return family === 'ip6' ? payload('ipv6_addr', 'network', 24, 16) : undefined;
    default:
      return undefined;
  }
}

/** Each into the register behind the former one's, at a multiple of four octets. */
function loads(fields: readonly Field[]): readonly RuleExpression[] {
  let place = 0;
  return fields.map(({ octets, load }) => {
    const register = place % 4 === 0 ? FIRST + place / 4 : 8 + place;
    place += (octets + 3) >> 2;
    return load(register);
  });
}

function readComparison(field: Field, text: string, isNot: boolean): readonly RuleExpression[] | undefined {
  const is = isNot ? '!=' : '==';
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
