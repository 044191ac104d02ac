import type { ByteReader, Family } from '../../base/index.ts';
import { familyOf } from './address-text.ts';
import { forEachAttribute } from './attribute.ts';

/*
 * |    Family     |  padding to 4 |  attributes of 32 bits each       include/uapi/linux/netconf.h
 */
const NETCONFA_IFINDEX = 1;
/** Settings that the kernel tells of, by attribute, under their names in /proc/sys/net/ipvX/conf/DEV. */
const NAMES: Readonly<Record<Family, Readonly<Record<number, string>>>> = {
  4: { 2: 'forwarding', 3: 'rp_filter', 5: 'proxy_arp' },
  6: { 2: 'forwarding', 5: 'proxy_ndp' },
};
/** The value in the place of an interface's index that stands for all. */
const ALL = -1;
const DEFAULT = -2;

/** Settings of an interface, of all, or of those that are yet to come. */
export interface DecodedSettings {
  readonly family: Family;
  readonly of: number | 'all' | 'default';
  readonly values: readonly (readonly [name: string, value: string])[];
}

/** Reads an RTM_NEWNETCONF; undefined for families that are not IP. */
export function decodeNetconf(body: ByteReader): DecodedSettings | undefined {
  const family = familyOf(body.u8());
  body.skip(3);
  let index: number | undefined;
  const values: (readonly [string, string])[] = [];
  forEachAttribute(body, (type, value) => {
    if (type === NETCONFA_IFINDEX) index = value.i32();
    const name = family && NAMES[family][type];
    if (name !== undefined) values.push([name, String(value.i32())]);
  });
  if (family === undefined || index === undefined) return undefined;
  return { family, of: index === ALL ? 'all' : index === DEFAULT ? 'default' : index, values };
}
