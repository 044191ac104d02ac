import {
  type Address,
  address,
  addressBits,
  compareAddress,
  type Family,
  formatAddress,
  tryParseAddress,
} from './address.ts';
import { ParseError } from './errors.ts';

/** A network: the address has no bit set beyond `length`. Its text is CIDR notation. */
export interface Prefix {
  readonly family: Family;
  readonly value: bigint;
  readonly length: number;
}

/** The network of the first `length` bits of `at`. */
export function prefix(at: Address, length: number): Prefix {
  const hostBits = BigInt(addressBits(at.family) - length);
  return Object.freeze({ family: at.family, value: (at.value >> hostBits) << hostBits, length });
}

/** An address with the prefix length it was written with, as in `192.168.1.7/24`. A bare address has its full length. */
export interface InterfaceAddress {
  readonly address: Address;
  readonly length: number;
}

/** Reads `ADDRESS/LENGTH`, host bits and all, or a bare address; undefined when it is neither. */
export function tryParseInterfaceAddress(text: string): InterfaceAddress | undefined {
  const slash = text.indexOf('/');
  const at = tryParseAddress(slash < 0 ? text : text.slice(0, slash));
  if (at === undefined) return undefined;
  if (slash < 0) return { address: at, length: addressBits(at.family) };
  const digits = text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > addressBits(at.family)) return undefined;
  return { address: at, length: Number(digits) };
}

/** Reads CIDR text; host bits are cut off, as Go's `net.ParseCIDR` does. Undefined when it is no CIDR. */
export function tryParsePrefix(text: string): Prefix | undefined {
  const read = text.includes('/') ? tryParseInterfaceAddress(text) : undefined;
  return read && prefix(read.address, read.length);
}

/** As `tryParsePrefix`, but a wrong text throws `ParseError` naming `field`. */
export function parsePrefix(text: string, field = 'cidr'): Prefix {
  const value = tryParsePrefix(text);
  if (value === undefined) throw new ParseError(field, text, 'expected a CIDR such as 10.0.0.0/16');
  return value;
}

/** As CIDR text, IPv6 in the form of RFC 5952. */
export function formatPrefix({ family, value, length }: Prefix): string {
  return `${formatAddress({ family, value })}/${length}`;
}

/** The prefix that holds just this address: /32 or /128. */
export function hostPrefix(at: Address): Prefix {
  return prefix(at, addressBits(at.family));
}

/** The CIDR text of just this address, as it is written. */
export function hostCidr(address: string): string {
  return `${address}/${addressBits(address.includes(':') ? 6 : 4)}`;
}

/** Its first address. */
export function networkAddress({ family, value }: Prefix): Address {
  return address(family, value);
}

/** How many addresses it holds. */
export function prefixSize({ family, length }: Prefix): bigint {
  return 1n << BigInt(addressBits(family) - length);
}

/** Its last address: of IPv4 the broadcast address. */
export function lastAddress(of: Prefix): Address {
  return address(of.family, of.value + prefixSize(of) - 1n);
}

/** Whether the address lies in it; none of the other family does. */
export function containsAddress(outer: Prefix, inner: Address): boolean {
  if (outer.family !== inner.family) return false;
  const hostBits = BigInt(addressBits(outer.family) - outer.length);
  return inner.value >> hostBits === outer.value >> hostBits;
}

/** True also when they are equal. */
export function containsPrefix(outer: Prefix, inner: Prefix): boolean {
  return inner.length >= outer.length && containsAddress(outer, networkAddress(inner));
}

/** Whether some address lies in both: then one of them contains the other. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  return containsPrefix(a, b) || containsPrefix(b, a);
}

/** Whether they are one network: family, address and length. */
export function equalPrefix(a: Prefix, b: Prefix): boolean {
  return a.family === b.family && a.value === b.value && a.length === b.length;
}

/** By family, then network, then length: the order of a routing table listing. */
export function comparePrefix(a: Prefix, b: Prefix): number {
  return compareAddress(networkAddress(a), networkAddress(b)) || a.length - b.length;
}

/** The `index`-th sub-network of `length` bits inside `of`. */
export function subnet(of: Prefix, length: number, index: number | bigint): Prefix {
  const step = 1n << BigInt(addressBits(of.family) - length);
  return Object.freeze({ family: of.family, value: of.value + BigInt(index) * step, length });
}

/** The address as 32-bit words, first word highest: how prefix tables and route columns hold it. */
export function prefixWords({ family, value }: Prefix): Uint32Array {
  const words = new Uint32Array(family === 4 ? 1 : 4);
  let rest = value;
  for (let word = words.length - 1; word >= 0; word--) {
    words[word] = Number(rest & 0xffffffffn);
    rest >>= 32n;
  }
  return words;
}
