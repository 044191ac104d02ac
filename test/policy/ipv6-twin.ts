import { tryParseIpv4, tryParseIpv6 } from '../../src/base/index.ts';

/**
 * The same case in IPv6: each address A becomes fd00::A, each prefix length n becomes n + 96, ICMP becomes ICMPv6, and all
 * verdicts stay.
 */
export function inIpv6(value: unknown): unknown {
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return value.map(inIpv6);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === 'ipVersion' ? (item === 4 ? 6 : 4) : inIpv6(item)]),
  );
}

function text(value: string): string {
  if (value === '0.0.0.0/0') return '::/0';
  if (value === 'ICMP') return 'ICMPv6';
  const [address, length] = value.split('/');
  if (tryParseIpv4(address) === undefined || value.split('/').length > 2) return value;
  return length === undefined ? `fd00::${address}` : `fd00::${address}/${Number(length) + 96}`;
}

/** Whether an IPv6 address or network is in it. */
export function hasIpv6(value: unknown): boolean {
  if (typeof value === 'string') return tryParseIpv6(value.split('/')[0]) !== undefined;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasIpv6);
}
