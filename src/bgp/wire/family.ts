import type { Family } from '../../base/index.ts';
import type { AddressFamily } from '../api.ts';

/** Address family and subsequent address family numbers, as they stand on the wire (RFC 4760). */
export interface AfiSafi {
  readonly afi: number;
  readonly safi: number;
}

export const AFI = { IPV4: 1, IPV6: 2 } as const;
export const SAFI_UNICAST = 1;

/** The family this library carries for the numbers, or undefined. */
export function addressFamily(afi: number, safi: number): AddressFamily | undefined {
  if (safi !== SAFI_UNICAST) return undefined;
  return afi === AFI.IPV4 ? 'ipv4-unicast' : afi === AFI.IPV6 ? 'ipv6-unicast' : undefined;
}

const NUMBERS: Readonly<Record<AddressFamily, AfiSafi>> = {
  'ipv4-unicast': Object.freeze({ afi: AFI.IPV4, safi: SAFI_UNICAST }),
  'ipv6-unicast': Object.freeze({ afi: AFI.IPV6, safi: SAFI_UNICAST }),
};

export function afiSafi(family: AddressFamily): AfiSafi {
  return NUMBERS[family];
}

/** 4 or 6: the family of the addresses in it. */
export function ipFamily(family: AddressFamily): Family {
  return family === 'ipv4-unicast' ? 4 : 6;
}

export function unicast(family: Family): AddressFamily {
  return family === 4 ? 'ipv4-unicast' : 'ipv6-unicast';
}
