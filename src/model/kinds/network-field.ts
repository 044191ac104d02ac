import * as z from 'zod';
import { prefix, tryParseAddress, tryParseInterfaceAddress } from '../../base/index.ts';
import { lineage } from '../schema.ts';
import { text } from './field.ts';

/** The pieces of specs that are addresses and networks. */

const addressed = new WeakSet<z.ZodType>();

/** Whether a bare address may stand in the place of a CIDR. */
export function takesAddress(schema: z.ZodType): boolean {
  return lineage(schema).some((one) => addressed.has(one));
}

/** A CIDR, or an address that stands for its own; `family` or undefined for either; `masked`: without host bits. */
function network(message: string, { family, masked = false }: { family?: 4 | 6; masked?: boolean } = {}) {
  const schema = text((value) => {
    const read = tryParseInterfaceAddress(value);
    if (read === undefined || (family !== undefined && read.address.family !== family)) return false;
    return !masked || prefix(read.address, read.length).value === read.address.value;
  }, message);
  addressed.add(schema);
  return schema;
}

/** Any CIDR, or an address. */
export const cidr = network('must be a CIDR such as 10.0.0.0/16, or an address');

/** The CIDR of a block, by which it is known: neither an address nor nothing can stand for it. */
export const blockCidr = cidr.refine((value) => value.includes('/'), 'must be a CIDR such as 10.0.0.0/26');

/** As `cidr`, without host bits. */
export const net = network('must be a CIDR such as 10.0.0.0/16 without host bits, or an address', { masked: true });
export const netv4 = network('must be an IPv4 CIDR without host bits, or an address', { family: 4, masked: true });
export const netv6 = network('must be an IPv6 CIDR without host bits, or an address', { family: 6, masked: true });
export const cidrv4 = network('must be an IPv4 CIDR, or an address', { family: 4 });

/** A CIDR without host bits, and no address: Calico's rules take none. */
export const ruleNet = z.string().refine((value) => {
  const read = value.includes('/') ? tryParseInterfaceAddress(value) : undefined;
  return read !== undefined && prefix(read.address, read.length).value === read.address.value;
}, 'must be a CIDR such as 10.0.0.0/16 without host bits');

export const ip = text((value) => tryParseAddress(value) !== undefined, 'must be an IP address');
export const ipv4 = text((value) => tryParseAddress(value)?.family === 4, 'must be an IPv4 address');
export const ipv6 = text((value) => tryParseAddress(value)?.family === 6, 'must be an IPv6 address');

/** `10.0.0.1/24`, `10.0.0.1` or `fd00::1`. */
export const interfaceAddress = text(
  (value) => tryParseInterfaceAddress(value) !== undefined,
  'must be an IP address or CIDR',
);

export const interfaceAddressV4 = text(
  (value) => tryParseInterfaceAddress(value)?.address.family === 4,
  'must be an IPv4 address or CIDR',
);

export const interfaceAddressV6 = text(
  (value) => tryParseInterfaceAddress(value)?.address.family === 6,
  'must be an IPv6 address or CIDR',
);

/** An address or a CIDR. */
export const ipNetwork = z
  .string()
  .refine((value) => tryParseInterfaceAddress(value) !== undefined, 'must be an IP address or a CIDR');
