import { addressBytes, lastAddress, tryParseAddress, tryParseIpv4, tryParsePrefix } from '../base/index.ts';
import type { SetElement } from '../netlink/index.ts';
import { PROTOCOLS } from './protocols.ts';

/** An element as the kernel has it, from nft's own words. What is not known here is left to nft, by `undefined`. */

/** One part of a key: its first value, and its last, which is the same where it is no interval. */
interface Part {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

type ReadPart = (text: string) => Part | undefined;

/** Octets of an interface's name with its closing zeros (IFNAMSIZ). */
const NAME_OCTETS = 16;

/** States of connections, of which several may be asked for at once. */
const STATES: Readonly<Record<string, number>> = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 };

/** The types in sets and maps of ours, by name. */
const TYPES: Readonly<Record<string, ReadPart>> = {
  ipv4_addr: (text) => readAddresses(text, 4),
  ipv6_addr: (text) => readAddresses(text, 6),
  ifname: readName,
  ct_state: readStates,
  inet_proto: (text) => readNumbers(PROTOCOLS[text] === undefined ? text : String(PROTOCOLS[text]), 1),
  inet_service: (text) => readNumbers(text, 2),
  icmp_type: (text) => readNumbers(text, 1),
  icmp_code: (text) => readNumbers(text, 1),
  icmpv6_type: (text) => readNumbers(text, 1),
  icmpv6_code: (text) => readNumbers(text, 1),
};

/** The element of a set of this type, or of intervals of it. */
export function readElement(type: string, isInterval: boolean, text: string): SetElement | undefined {
  const read = TYPES[type];
  if (read === undefined) return readConcatenation(type.split(' . '), isInterval, text);
  const part = read(text);
  if (part === undefined) return undefined;
  const { first, last } = part;
  if (!isInterval) return isSame(first, last) ? { key: first } : undefined;
  const end = successor(last);
  return end === undefined ? { key: first } : { key: first, end };
}

function readConcatenation(types: readonly string[], isInterval: boolean, text: string): SetElement | undefined {
  const parts = readParts(types, text);
  if (parts === undefined) return undefined;
  const key = joined(parts.map(({ first }) => first));
  if (isInterval) return { key, keyEnd: joined(parts.map(({ last }) => last)) };
  return parts.every(({ first, last }) => isSame(first, last)) ? { key } : undefined;
}

/** The value of a map's entry: `goto chain`, or of another type. */
export function readValue(type: string, text: string): SetElement['value'] | undefined {
  if (type === 'verdict') return readVerdict(text);
  return readElement(type, false, text)?.key;
}

function readVerdict(text: string): SetElement['value'] | undefined {
  const [verdict, chain, ...rest] = text.split(' ');
  if (rest.length > 0) return undefined;
  if (verdict === 'jump' || verdict === 'goto') return chain === undefined ? undefined : { verdict, chain };
  const isFinal = verdict === 'accept' || verdict === 'drop' || verdict === 'return' || verdict === 'continue';
  return isFinal && chain === undefined ? { verdict } : undefined;
}

function readParts(types: readonly string[], text: string): readonly Part[] | undefined {
  const words = text.split(' . ');
  if (words.length !== types.length) return undefined;
  const parts: Part[] = [];
  for (const [index, word] of words.entries()) {
    const part = TYPES[types[index]]?.(word);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts;
}

/** `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`. */
function readAddresses(text: string, family: 4 | 6): Part | undefined {
  const single = readAddress(text, family);
  if (single !== undefined) return { first: single, last: single };
  const [from, to, ...rest] = text.split('-');
  if (rest.length > 0) return undefined;
  if (to === undefined) {
    const network = tryParsePrefix(text);
    if (network?.family !== family) return undefined;
    return { first: addressBytes(network), last: addressBytes(lastAddress(network)) };
  }
  const [first, last] = [readAddress(from, family), readAddress(to, family)];
  return first === undefined || last === undefined ? undefined : ordered(first, last);
}

function readAddress(text: string, family: 4 | 6): Uint8Array | undefined {
  if (family === 4) {
    const value = tryParseIpv4(text);
    return value === undefined ? undefined : Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  }
  const address = tryParseAddress(text);
  return address?.family === family ? addressBytes(address) : undefined;
}

/** A name that ends in `*` is an interval to nft, of a kind of its own. */
function readName(text: string): Part | undefined {
  if (!/^[!-)+-~]{1,15}$/.test(text)) return undefined;
  const name = new Uint8Array(NAME_OCTETS);
  name.set(new TextEncoder().encode(text));
  return { first: name, last: name };
}

/** `established,related` */
function readStates(text: string): Part | undefined {
  const states = text.split(',').map((word) => STATES[word]);
  if (!states.every((state) => state !== undefined)) return undefined;
  const octets = hostOrder(states.reduce((all, state) => all | state, 0));
  return { first: octets, last: octets };
}

/** A number of 32 bits as the processor has it. */
export function hostOrder(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** `443`, `1024-65535`. */
function readNumbers(text: string, octets: 1 | 2): Part | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
  if (first >= 256 ** octets || last >= 256 ** octets) return undefined;
  return ordered(bigEndian(first, octets), bigEndian(last, octets));
}

function bigEndian(value: number, octets: 1 | 2): Uint8Array {
  return octets === 1 ? Uint8Array.of(value) : Uint8Array.of(value >>> 8, value & 255);
}

function ordered(first: Uint8Array, last: Uint8Array): Part | undefined {
  const at = first.findIndex((octet, index) => octet !== last[index]);
  return at >= 0 && first[at] > last[at] ? undefined : { first, last };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || a.every((octet, index) => octet === b[index]);
}

/** Parts of a concatenation begin at multiples of four octets, and the last is filled up too. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const key = new Uint8Array(parts.reduce((sum, { length }) => sum + ((length + 3) & ~3), 0));
  let at = 0;
  for (const part of parts) {
    key.set(part, at);
    at += (part.length + 3) & ~3;
  }
  return key;
}

/** The next larger value; undefined behind the largest. */
function successor(value: Uint8Array): Uint8Array | undefined {
  const next = value.slice();
  for (let at = next.length - 1; at >= 0; at--) {
    next[at] = (next[at] + 1) & 255;
    if (next[at] !== 0) return next;
  }
  return undefined;
}
