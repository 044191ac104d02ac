import type { Family } from '../../base/index.ts';
import type { AddressFamily } from '../api.ts';

/** Address family and subsequent address family numbers, as they stand on the wire (RFC 4760). */
export interface AfiSafi {
  readonly afi: number;
  readonly safi: number;
}

export const AFI = { IPV4: 1, IPV6: 2 } as const;
export const SAFI_UNICAST = 1;

/** One family: its numbers, and the addresses that its prefixes are made of. */
interface FamilyRow extends AfiSafi {
  readonly ip: Family;
}

/** The families that this library carries: the tables of the RIB are made by these rows. */
const FAMILIES: Readonly<Record<AddressFamily, FamilyRow>> = {
  'ipv4-unicast': Object.freeze({ afi: AFI.IPV4, safi: SAFI_UNICAST, ip: 4 }),
  'ipv6-unicast': Object.freeze({ afi: AFI.IPV6, safi: SAFI_UNICAST, ip: 6 }),
};

export const ADDRESS_FAMILIES = Object.freeze(Object.keys(FAMILIES)) as readonly AddressFamily[];

/** Something for each family, by its name. */
export function perFamily<T>(make: (family: AddressFamily) => T): Readonly<Record<AddressFamily, T>> {
  return Object.fromEntries(ADDRESS_FAMILIES.map((family) => [family, make(family)])) as Record<AddressFamily, T>;
}

/** The family this library carries for the numbers, or undefined. */
export function addressFamily(afi: number, safi: number): AddressFamily | undefined {
  return ADDRESS_FAMILIES.find((family) => FAMILIES[family].afi === afi && FAMILIES[family].safi === safi);
}

export function afiSafi(family: AddressFamily): AfiSafi {
  return FAMILIES[family];
}

/** 4 or 6: the family of the addresses in it. */
export function ipFamily(family: AddressFamily): Family {
  return FAMILIES[family].ip;
}

export function unicast(family: Family): AddressFamily {
  return family === 4 ? 'ipv4-unicast' : 'ipv6-unicast';
}
