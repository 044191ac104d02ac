import {
  addressBytes,
  type ByteReader,
  type Family,
  formatIpv4,
  formatIpv6,
  ParseError,
  parseAddress,
} from '../../base/index.ts';
import { AF_INET, AF_INET6 } from './message.ts';

/** The kernel's number for the family. */
export function addressFamily(family: Family): number {
  return family === 4 ? AF_INET : AF_INET6;
}

/** Undefined for families that are not IP. */
export function familyOf(number: number): Family | undefined {
  return number === AF_INET ? 4 : number === AF_INET6 ? 6 : undefined;
}

/** Reads the text of an address of either family into network-order bytes. */
export function ipBytes(text: string, field: string): Uint8Array {
  return addressBytes(parseAddress(text, field));
}

/** As `ipBytes`, insisting on the family. */
export function ipBytesOf(family: Family, text: string, field: string): Uint8Array {
  const address = parseAddress(text, field);
  if (address.family !== family) throw new ParseError(field, text, `expected an IPv${family} address`);
  return addressBytes(address);
}

/** Text of the four or sixteen bytes that are left; `undefined` for other lengths. */
export function readIp(value: ByteReader): string | undefined {
  if (value.left === 4)
    return formatIpv4((value.u8() * 0x1000000 + (value.u8() << 16) + (value.u8() << 8) + value.u8()) >>> 0);
  if (value.left !== 16) return undefined;
  let number = 0n;
  for (let word = 0; word < 4; word++) {
    const high = value.u8() * 0x1000000 + (value.u8() << 16);
    number = (number << 32n) | BigInt(high + (value.u8() << 8) + value.u8());
  }
  return formatIpv6(number);
}

/** `ee:ee:ee:ee:ee:ee` → six bytes. */
export function macBytes(text: string, field: string): Uint8Array {
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(text)) {
    throw new ParseError(field, text, 'expected a MAC address such as ee:ee:ee:ee:ee:ee');
  }
  return Uint8Array.from(text.split(':'), (octet) => Number.parseInt(octet, 16));
}

/** Six bytes are a MAC; tunnels have an IP address here, or nothing. */
export function readLinkAddress(value: ByteReader): string | undefined {
  if (value.left !== 6) return undefined;
  return Array.from(value.take(6), (octet) => octet.toString(16).padStart(2, '0')).join(':');
}
