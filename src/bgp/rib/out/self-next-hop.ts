import { addressBytes, tryParseAddress } from '../../../base/index.ts';
import type { NextHopTable } from '../pool/next-hops.ts';
import type { ExportContext } from './export-context.ts';

/** Our address on the session as a next hop of the family, retained, or 0 if it can't be one. */
export function selfNextHop({ family, localAddress, extendedNextHop }: ExportContext, nextHops: NextHopTable): number {
  const [bare] = localAddress.split('%');
  const local = tryParseAddress(bare);
  if (local === undefined) return 0;
  const fits = local.family === 6 ? family === 'ipv6-unicast' || extendedNextHop : family === 'ipv4-unicast';
  return fits ? nextHops.intern(addressBytes(local)) : 0;
}
