import { formatIpv4, tryParseIpv4 } from '../../base/index.ts';

/*
 * Extended communities (RFC 4360) as people write them: `rt:64512:100`, `soo:10.0.0.1:7`, and the eight octets in hex,
 * `0x4300000000000001`, for all that has no such form.
 *
 *     type (1) | subtype (1) | administrator (2 or 4) | number (4 or 2)
 */
const SUBTYPES: Readonly<Record<string, bigint>> = { rt: 2n, soo: 3n };

// Transitive types by what the administrator is (RFC 4360 §3, 5668).
const TWO_OCTET_AS = 0n;
const IPV4_ADDRESS = 1n;
const FOUR_OCTET_AS = 2n;

/** The value of such a text, or undefined if it is none. An AS number takes four octets only if it must. */
export function tryParseExtendedCommunity(text: string): bigint | undefined {
  if (/^0x[0-9a-f]{16}$/i.test(text)) return BigInt(text);
  const [, name, administrator, digits] = /^(rt|soo):([\d.]{1,15}):(\d{1,10})$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  const number = Number(digits);
  const address = tryParseIpv4(administrator);
  const asn = /^\d{1,10}$/.test(administrator) ? Number(administrator) : Number.POSITIVE_INFINITY;
  if (address !== undefined) return number > 0xffff ? undefined : pack(IPV4_ADDRESS, name, address, number, 16n);
  if (asn <= 0xffff) return number > 0xffffffff ? undefined : pack(TWO_OCTET_AS, name, asn, number, 32n);
  return asn > 0xffffffff || number > 0xffff ? undefined : pack(FOUR_OCTET_AS, name, asn, number, 16n);
}

export function formatExtendedCommunity(value: bigint): string {
  const type = value >> 56n;
  const name = Object.keys(SUBTYPES).find((key) => SUBTYPES[key] === ((value >> 48n) & 0xffn));
  if (name === undefined || type > FOUR_OCTET_AS) return `0x${value.toString(16).padStart(16, '0')}`;
  if (type === TWO_OCTET_AS) return `${name}:${(value >> 32n) & 0xffffn}:${value & 0xffffffffn}`;
  const administrator = Number((value >> 16n) & 0xffffffffn);
  return `${name}:${type === IPV4_ADDRESS ? formatIpv4(administrator) : administrator}:${value & 0xffffn}`;
}

function pack(type: bigint, name: string, administrator: number, number: number, numberBits: bigint): bigint {
  return (type << 56n) | (SUBTYPES[name] << 48n) | (BigInt(administrator) << numberBits) | BigInt(number);
}
