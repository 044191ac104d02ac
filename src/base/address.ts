import { ParseError } from './errors.ts';
import { formatIpv4, tryParseIpv4 } from './ipv4.ts';
import { formatIpv6, tryParseIpv6 } from './ipv6.ts';

/** The version of IP. */
export type Family = 4 | 6;

/**
 * An IP address as a value: its family and the number it stands for (32 or 128 bits). For all but hot paths,
 * which carry integers (`ipv4.ts`, `prefix-table.ts`).
 */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** Bits in an address of the family. */
export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** The address that a number stands for; `value` has no more bits than the family. */
export function address(family: Family, value: bigint): Address {
  return Object.freeze({ family, value });
}

/** Reads a dotted quad, or any text form of IPv6; undefined when it is neither. */
export function tryParseAddress(text: string): Address | undefined {
  const v4 = tryParseIpv4(text);
  if (v4 !== undefined) return address(4, BigInt(v4));
  const v6 = tryParseIpv6(text);
  return v6 === undefined ? undefined : address(6, v6);
}

/** Reads an IPv4 or IPv6 address; a wrong text throws `ParseError` naming `field`. */
export function parseAddress(text: string, field = 'address'): Address {
  const value = tryParseAddress(text);
  if (value === undefined) throw new ParseError(field, text, 'expected an IP address such as 10.0.0.1 or fd00::1');
  return value;
}

/** Dotted quad, or the canonical text of RFC 5952. */
export function formatAddress({ family, value }: Address): string {
  return family === 4 ? formatIpv4(Number(value)) : formatIpv6(value);
}

/** Four or sixteen octets, network order. */
export function addressBytes({ family, value }: Address): Uint8Array {
  const bytes = new Uint8Array(addressBits(family) / 8);
  let rest = value;
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

/** Reads four (IPv4) or sixteen (IPv6) octets in network order. */
export function addressFromBytes(bytes: Uint8Array): Address {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return address(bytes.length === 4 ? 4 : 6, value);
}

/** Whether they are one address: family and number. */
export function equalAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value;
}

/** IPv4 before IPv6, then by number. */
export function compareAddress(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** The address `offset` places further on. */
export function addressPlus({ family, value }: Address, offset: number | bigint): Address {
  return address(family, value + BigInt(offset));
}
