import type { AnonymousSet, SetDeclaration, SetElement } from '../netlink/index.ts';
import { readElement, readValue } from './element-data.ts';
import type { NamedSet } from './objects.ts';

/** What sets are declared as in the kernel. What is not known here is left to nft, by `undefined`. */

export interface SetType {
  readonly name: string;
  /** Of nft (include/datatype.h). */
  readonly number: number;
  readonly octets: number;
  readonly order: 'host' | 'network';
}

const TYPES: Readonly<Record<string, Omit<SetType, 'name'>>> = {
  ipv4_addr: { number: 7, octets: 4, order: 'network' },
  ipv6_addr: { number: 8, octets: 16, order: 'network' },
  inet_proto: { number: 12, octets: 1, order: 'network' },
  inet_service: { number: 13, octets: 2, order: 'network' },
  icmp_type: { number: 14, octets: 1, order: 'network' },
  icmpv6_type: { number: 29, octets: 1, order: 'network' },
  icmp_code: { number: 32, octets: 1, order: 'network' },
  icmpv6_code: { number: 33, octets: 1, order: 'network' },
  ct_state: { number: 26, octets: 4, order: 'host' },
  ifname: { number: 41, octets: 16, order: 'host' },
};
/** Numbers in a concatenation have six bits each. */
const TYPE_BITS = 6;

const BY_NUMBER = new Map(Object.entries(TYPES).map(([name, type]) => [type.number, { name, ...type }]));

/** The types of a key's parts, by the number that the kernel keeps for nft. */
export function typesOf(number: number): readonly SetType[] | undefined {
  const types: SetType[] = [];
  for (let rest = number; rest > 0; rest >>>= TYPE_BITS) {
    const type = BY_NUMBER.get(rest & (2 ** TYPE_BITS - 1));
    if (type === undefined) return undefined;
    types.unshift(type);
  }
  return types.length === 0 ? undefined : types;
}

/** A set, or a map with the type of its values. */
export function declarationOf(set: NamedSet & { readonly value?: string }): SetDeclaration | undefined {
  const { type, flags = [], timeout, autoMerge = false, value } = set;
  const parts = type.split(' . ').map((name) => TYPES[name]);
  if (!parts.every((part) => part !== undefined) || timeout !== undefined || autoMerge) return undefined;
  if (value !== undefined && value !== 'verdict') return undefined;
  const [isInterval, isSingle] = [flags.includes('interval'), parts.length === 1];
  if (flags.some((flag) => flag !== 'interval') || (isInterval && !isSingle)) return undefined;
  return {
    type: parts.reduce((all, { number }) => (all << TYPE_BITS) | number, 0),
    octets: isSingle ? parts[0].octets : parts.reduce((sum, { octets }) => sum + ((octets + 3) & ~3), 0),
    isInterval,
    order: isSingle ? parts[0].order : 'none',
    isMap: value !== undefined,
  };
}

/** The words of `{ KEY, … }`, or `{ KEY : VERDICT, … }`, and those behind it. */
export function readAnonymous(
  type: string,
  words: readonly string[],
  isMap: boolean,
): readonly [set: AnonymousSet, rest: readonly string[]] | undefined {
  const end = words.indexOf('}');
  // Names of interfaces stand in quotes there.
  if (words[0] !== '{' || end < 2 || type === 'ifname') return undefined;
  const texts = words.slice(1, end).join(' ').split(', ');
  const isInterval = !isMap && texts.some((text) => readElement(type, false, text) === undefined);
  const declaration = declarationOf({
    ...{ name: '', type, flags: isInterval ? ['interval'] : [] },
    ...(isMap && { value: 'verdict' }),
  });
  if (declaration === undefined) return undefined;
  const elements: SetElement[] = [];
  for (const text of texts) {
    const element = isMap ? readEntry(type, text) : readElement(type, isInterval, text);
    if (element === undefined) return undefined;
    elements.push(element);
  }
  return [{ declaration, elements }, words.slice(end + 1)];
}

function readEntry(type: string, text: string): SetElement | undefined {
  const [key, verdict, ...rest] = text.split(' : ');
  const element = rest.length > 0 || verdict === undefined ? undefined : readElement(type, false, key);
  const value = element && readValue('verdict', verdict);
  return value && { ...element, value };
}
