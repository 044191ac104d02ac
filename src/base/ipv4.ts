import { ParseError } from './errors.ts';

/** An IPv4 address as an unsigned 32-bit integer, first octet highest: what hot paths use instead of text. */
export type Ipv4 = number;

/** `10.0.0.1` → 0x0a000001, or undefined. Octets are decimal, 1–3 digits, no leading zero (as Go's net/netip). */
export function tryParseIpv4(text: string): Ipv4 | undefined {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 46) {
      if (digits === 0 || dots === 3) return undefined;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      dots++;
    } else if (char >= 48 && char <= 57) {
      if (digits > 0 && octet === 0) return undefined;
      octet = octet * 10 + char - 48;
      digits++;
      if (octet > 255) return undefined;
    } else return undefined;
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : undefined;
}

/** As `tryParseIpv4`, but a wrong text throws `ParseError` naming `field`. */
export function parseIpv4(text: string, field = 'address'): Ipv4 {
  const value = tryParseIpv4(text);
  if (value === undefined) throw new ParseError(field, text, 'expected an IPv4 address such as 10.0.0.1');
  return value;
}

/** As a dotted quad. */
export function formatIpv4(value: Ipv4): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** The netmask of a prefix length, as an unsigned integer. */
export function ipv4Mask(length: number): Ipv4 {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}
