import { formatAddress, tryParseAddress } from '../../base/index.ts';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * One spelling for each address, so that text compares: RFC 5952 for IPv6, dotted quad for IPv4 seen through an
 * IPv6 socket, the scope kept. Text that is no address comes back as it is.
 */
export function canonicalAddress(text: string): string {
  const percent = text.indexOf('%');
  const bare = percent < 0 ? text : text.slice(0, percent);
  const mapped = MAPPED.exec(bare);
  if (mapped) return mapped[1]!;
  const value = tryParseAddress(bare);
  if (value === undefined) return text;
  return formatAddress(value) + (percent < 0 ? '' : text.slice(percent));
}
