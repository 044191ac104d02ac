import { addressBytes, type ByteReader, type Family, ParseError, tryParseInterfaceAddress } from '../../base/index.ts';
import type { InterfaceAddressEntry, InterfaceAddressSpec } from '../kernel.ts';
import { addressFamily, familyOf, readIp } from './address-text.ts';
import { attributeBytes, attributeU32, forEachAttribute, readText } from './attribute.ts';
import {
  encodeMessage,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_REPLACE,
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_NEWADDR,
} from './message.ts';
import { scopeName, scopeNumber } from './scope.ts';

// include/uapi/linux/if_addr.h
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_FLAGS = 8;
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [0x01, 'secondary'],
  [0x02, 'nodad'],
  [0x08, 'dadfailed'],
  [0x20, 'deprecated'],
  [0x40, 'tentative'],
  [0x100, 'mngtmpaddr'],
  [0x200, 'noprefixroute'],
];
const IFA_F_NODAD = 0x02;
const IFA_F_PERMANENT = 0x80;

export function encodeAddressDump(family: Family | undefined): Uint8Array {
  return encodeMessage(RTM_GETADDR, NLM_F_DUMP, (writer) => {
    writer
      .u8(family === undefined ? 0 : addressFamily(family))
      .u8(0)
      .u8(0)
      .u8(0)
      .u32(0);
  });
}

export function encodeAddressAdd(entry: InterfaceAddressSpec, index: number): Uint8Array {
  return encodeAddress(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, entry, index);
}

export function encodeAddressDelete(entry: InterfaceAddressSpec, index: number): Uint8Array {
  return encodeAddress(RTM_DELADDR, 0, entry, index);
}

/** IPv6 addresses skip duplicate detection: ours come from an allocator that never gives one twice. */
function encodeAddress(type: number, flags: number, entry: InterfaceAddressSpec, index: number): Uint8Array {
  const read = tryParseInterfaceAddress(entry.address);
  if (read === undefined) throw new ParseError('address', entry.address, 'expected an address such as 10.0.0.1/32');
  const bytes = addressBytes(read.address);
  return encodeMessage(type, flags, (writer) => {
    writer
      .u8(addressFamily(read.address.family))
      .u8(read.length)
      .u8(0)
      .u8(scopeNumber(entry.scope ?? 'global'))
      .u32(index);
    attributeBytes(writer, IFA_LOCAL, bytes);
    attributeBytes(writer, IFA_ADDRESS, bytes);
    if (read.address.family === 6) attributeU32(writer, IFA_FLAGS, IFA_F_NODAD | IFA_F_PERMANENT);
  });
}

/** An address as the kernel lists it; the device's name may be absent (IPv6 has no label), its index never is. */
export interface DecodedAddress extends Omit<InterfaceAddressEntry, 'dev'> {
  readonly label?: string;
}

/** Reads an RTM_NEWADDR or RTM_DELADDR; undefined for families that are not IP. */
export function decodeAddress(body: ByteReader): DecodedAddress | undefined {
  const family = familyOf(body.u8());
  const length = body.u8();
  let bits = body.u8();
  const scope = scopeName(body.u8());
  const index = body.u32();
  if (family === undefined) return undefined;
  let local: string | undefined;
  let address: string | undefined;
  let label: string | undefined;
  forEachAttribute(body, (type, value) => {
    if (type === IFA_LOCAL) local = readIp(value);
    else if (type === IFA_ADDRESS) address = readIp(value);
    else if (type === IFA_LABEL) label = readText(value);
    else if (type === IFA_FLAGS) bits = value.u32();
  });
  // On point-to-point links IFA_ADDRESS is the other end; IFA_LOCAL, where there is one, is always ours.
  const ours = local ?? address;
  if (ours === undefined) return undefined;
  const flags = FLAGS.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
  return { index, family, address: `${ours}/${length}`, scope, flags, ...(label === undefined ? {} : { label }) };
}
