import type { ByteReader } from '../../base/index.ts';
import { forEachAttribute, readText } from './attribute.ts';
import { AF_INET, AF_INET6, AF_UNSPEC, encodeMessage, NLM_F_DUMP, RTM_GETNEIGHTBL } from './message.ts';

// include/uapi/linux/if_link.h, ip.h, ipv6.h, neighbour.h
const IFLA_IFNAME = 3;
const IFLA_AF_SPEC = 26;
const IFLA_INET_CONF = 1;
const IFLA_INET6_CONF = 2;
/** Places in the array of `IPV4_DEVCONF_*`, which the kernel sends from 1 on. */
const CONF_4: Readonly<Record<string, number>> = {
  forwarding: 0,
  proxy_arp: 2,
  rp_filter: 7,
  accept_source_route: 8,
  route_localnet: 25,
};
/** Places in the array of `DEVCONF_*`. */
const CONF_6: Readonly<Record<string, number>> = {
  forwarding: 0,
  accept_ra: 3,
  proxy_ndp: 22,
  disable_ipv6: 26,
  accept_dad: 27,
  seg6_enabled: 44,
  rpl_seg_enabled: 51,
};
const NDTA_PARMS = 6;
const NDTPA_IFINDEX = 1;
const NDTPA_PROXY_DELAY = 13;
/** Milliseconds in what /proc/sys counts delays in (USER_HZ). */
const TICK = 10;

/** Settings by their names in /proc/sys/net: `ipv4.conf.DEV.forwarding` without what comes before the last dot. */
export interface LinkSettings {
  readonly index: number;
  readonly name: string;
  readonly ipv4: ReadonlyMap<string, string>;
  readonly ipv6: ReadonlyMap<string, string>;
}

/** Reads the settings out of an RTM_NEWLINK; undefined for bridge ports' own messages. */
export function decodeLinkSettings(body: ByteReader): LinkSettings | undefined {
  // struct ifinfomsg: family, a gap, type (16 bits), index, flags, change.
  const family = body.u8();
  body.skip(3);
  const index = body.i32();
  body.skip(8);
  if (family !== AF_UNSPEC) return undefined;
  let name = '';
  let ipv4: ReadonlyMap<string, string> = new Map();
  let ipv6: ReadonlyMap<string, string> = new Map();
  forEachAttribute(body, (type, value) => {
    if (type === IFLA_IFNAME) name = readText(value);
    else if (type === IFLA_AF_SPEC) {
      forEachAttribute(value, (af, nested) => {
        if (af === AF_INET) ipv4 = readArray(nested, IFLA_INET_CONF, CONF_4);
        else if (af === AF_INET6) ipv6 = readArray(nested, IFLA_INET6_CONF, CONF_6);
      });
    }
  });
  return { index, name, ipv4, ipv6 };
}

/** A kernel that has fewer settings sends a shorter array. */
function readArray(nested: ByteReader, wanted: number, places: Readonly<Record<string, number>>): Map<string, string> {
  const found = new Map<string, string>();
  forEachAttribute(nested, (type, value) => {
    if (type !== wanted) return;
    // Read once a second for every link: of some hundred values just those that are asked for.
    const { bytes, at, left } = value;
    const values = new DataView(bytes.buffer, bytes.byteOffset + at, left);
    for (const [name, place] of Object.entries(places)) {
      if (place * 4 + 4 <= left) found.set(name, String(values.getInt32(place * 4, true)));
    }
  });
  return found;
}

/** Asks for the parameters of ARP, by interface. */
export function encodeNeighborTableDump(): Uint8Array {
  return encodeMessage(RTM_GETNEIGHTBL, NLM_F_DUMP, (writer) => {
    writer.u8(AF_INET).u8(0).u16(0);
  });
}

/** Reads `proxy_delay` of one interface, in hundredths of a second, out of an RTM_NEWNEIGHTBL. */
export function decodeProxyDelay(body: ByteReader): { readonly index: number; readonly delay: string } | undefined {
  body.skip(4);
  let index: number | undefined;
  let delay: string | undefined;
  forEachAttribute(body, (type, value) => {
    if (type !== NDTA_PARMS) return;
    forEachAttribute(value, (parameter, one) => {
      if (parameter === NDTPA_IFINDEX) index = one.u32();
      else if (parameter === NDTPA_PROXY_DELAY) delay = String(Math.round(one.u32() / TICK));
    });
  });
  return index === undefined || delay === undefined ? undefined : { index, delay };
}
