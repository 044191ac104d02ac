import { addressBytes, type ByteReader, type ByteWriter, type Family, parseAddress } from '../../base/index.ts';
import {
  type FibInfo,
  ROUTE_ADD,
  ROUTE_DELETE,
  ROUTE_REPLACE,
  type Route,
  type RouteNextHop,
  type RouteScope,
  type RouteType,
} from '../kernel.ts';
import { addressFamily, familyOf, ipBytesOf, readIp } from './address-text.ts';
import { attributeBytes, attributeNest, attributeU32, forEachAttribute } from './attribute.ts';
import { encodeMessage, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, RTM_DELROUTE, RTM_NEWROUTE } from './message.ts';
import { kindName, kindNumber, scopeName, scopeNumber } from './scope.ts';

// include/uapi/linux/rtnetlink.h
export const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTA_VIA = 18;
const RTAX_MTU = 2;
const RTNH_F_ONLINK = 4;
const RTNH_F_DEAD = 1;
const RTM_F_CLONED = 0x200;
/** `IP6_RT_PRIO_USER`. */
const IPV6_METRIC = 1024;

/** Where every encoded route has its prefix length and its address: what a template's user patches. */
export const ROUTE_LENGTH_AT = 17;
export const ROUTE_ADDRESS_AT = 32;

const VERBS: Readonly<Record<number, readonly [type: number, flags: number]>> = {
  [ROUTE_ADD]: [RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL],
  [ROUTE_REPLACE]: [RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE],
  [ROUTE_DELETE]: [RTM_DELROUTE, 0],
};

/**
 * The request for any destination of the family, with zeros for the prefix length (`ROUTE_LENGTH_AT`) and the address
 * (`ROUTE_ADDRESS_AT`, 4 or 16 octets). A deletion leaves out next hops, source and metrics, so that it finds the
 * route whatever they are by now, but names table, kind, protocol and metric, so that it finds none but ours.
 *
 * struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags.
 */
export function encodeRouteTemplate(verb: number, family: Family, info: FibInfo): Uint8Array {
  const known = VERBS[verb];
  if (known === undefined) throw new RangeError(`unknown route verb ${verb}`);
  const deletion = verb === ROUTE_DELETE;
  const [first] = info.nextHops;
  const single = !deletion && info.nextHops.length === 1 ? first : undefined;
  return encodeMessage(known[0], known[1], (writer) => {
    writer
      .u8(addressFamily(family))
      .u8(0)
      .u16(0)
      .u8(info.table < 256 ? info.table : 0)
      .u8(info.protocol)
      .u8(scopeNumber(deletion ? 'nowhere' : (info.scope ?? defaultScope(family, info))))
      .u8(kindNumber(info.kind))
      .u32(single?.onlink ? RTNH_F_ONLINK : 0);
    attributeBytes(writer, RTA_DST, new Uint8Array(family === 4 ? 4 : 16));
    if (info.table > 255) attributeU32(writer, RTA_TABLE, info.table);
    // To a deletion in IPv6 no metric means any; a route that was made with none has this one.
    const metric = info.metric ?? (deletion && family === 6 ? IPV6_METRIC : undefined);
    if (metric !== undefined) attributeU32(writer, RTA_PRIORITY, metric);
    if (deletion) return;
    if (info.source !== undefined) attributeBytes(writer, RTA_PREFSRC, ipBytesOf(family, info.source, 'source'));
    const { mtu } = info;
    if (mtu !== undefined) attributeNest(writer, RTA_METRICS, () => attributeU32(writer, RTAX_MTU, mtu));
    if (single !== undefined) {
      if (single.dev !== undefined) attributeU32(writer, RTA_OIF, single.dev);
      gateway(writer, family, single);
    } else if (info.nextHops.length > 1) multipath(writer, family, info.nextHops);
  });
}

/** As ip(8) chooses: what has a gateway is global, a device of its own is link, our own addresses are host. */
function defaultScope(family: Family, info: FibInfo): RouteScope {
  if (family === 6) return 'global';
  if (info.kind === 'local') return 'host';
  if (info.kind === 'broadcast' || info.kind === 'anycast') return 'link';
  const direct = info.kind === 'unicast' && info.nextHops.every((hop) => hop.via === undefined);
  return direct ? 'link' : 'global';
}

function gateway(writer: ByteWriter, family: Family, { via }: RouteNextHop): void {
  if (via === undefined) return;
  const address = parseAddress(via, 'via');
  const bytes = addressBytes(address);
  if (address.family === family) attributeBytes(writer, RTA_GATEWAY, bytes);
  // RFC 5549: an IPv4 route by way of an IPv6 router. struct rtvia: family in host order, address.
  else attributeBytes(writer, RTA_VIA, Uint8Array.of(addressFamily(address.family), 0, ...bytes));
}

/** An attribute's length has 16 bits; a next hop takes up to 28 octets. */
const MOST_NEXT_HOPS = 2048;

/** struct rtnexthop: length, flags, weight − 1, device; then attributes of its own. */
function multipath(writer: ByteWriter, family: Family, hops: readonly RouteNextHop[]): void {
  if (hops.length > MOST_NEXT_HOPS) throw new RangeError(`${hops.length} next hops, at most ${MOST_NEXT_HOPS}`);
  attributeNest(writer, RTA_MULTIPATH, () => {
    for (const hop of hops) {
      const mark = writer.fork(2);
      writer
        .u8(hop.onlink ? RTNH_F_ONLINK : 0)
        .u8((hop.weight ?? 1) - 1)
        .i32(hop.dev ?? 0);
      gateway(writer, family, hop);
      writer.join(mark, 2, 2);
    }
  });
}

type Draft<T> = { -readonly [key in keyof T]: T[key] };

/**
 * Reads an RTM_NEWROUTE or RTM_DELROUTE; undefined for families that are not IP, and for results of look-ups (cached
 * routes) unless they are wanted. A look-up is about ways that can be gone: of several, dead ones are left out.
 */
export function decodeRoute(body: ByteReader, lookUps = false): Route | undefined {
  const family = familyOf(body.u8());
  const length = body.u8();
  body.skip(1);
  const tos = body.u8();
  let table = body.u8();
  const protocol = body.u8();
  const scope = scopeName(body.u8());
  const kind = kindName(body.u8());
  const flags = body.u32();
  if (family === undefined || kind === undefined) return undefined;
  if (!lookUps && (flags & RTM_F_CLONED) !== 0) return undefined;
  let destination: string | undefined = family === 4 ? '0.0.0.0' : '::';
  const optional: { metric?: number; tos?: number; source?: string; mtu?: number } = {};
  const single: Draft<RouteNextHop> = {};
  let hops: RouteNextHop[] | undefined;
  forEachAttribute(body, (type, value) => {
    if (type === RTA_DST) destination = readIp(value);
    else if (type === RTA_TABLE) table = value.u32();
    else if (type === RTA_PRIORITY) optional.metric = value.u32();
    else if (type === RTA_OIF) single.dev = value.u32();
    else if (type === RTA_GATEWAY || type === RTA_VIA) readGateway(type, value, single);
    else if (type === RTA_MULTIPATH) hops = readMultipath(value, lookUps);
    else if (type === RTA_PREFSRC) {
      const source = readIp(value);
      if (source !== undefined) optional.source = source;
    } else if (type === RTA_METRICS) {
      forEachAttribute(value, (metric, number) => {
        if (metric === RTAX_MTU) optional.mtu = number.u32();
      });
    }
  });
  if (destination === undefined) return undefined;
  if (tos !== 0 && family === 4) optional.tos = tos;
  if ((flags & RTNH_F_ONLINK) !== 0) single.onlink = true;
  const nextHops = leadsNowhere(kind)
    ? []
    : (hops ?? (single.dev === undefined && single.via === undefined ? [] : [single]));
  return { family, destination: `${destination}/${length}`, kind, protocol, table, scope, nextHops, ...optional };
}

/** Such routes have no way out; IPv6 lists the loopback device for them all the same. */
function leadsNowhere(kind: RouteType): boolean {
  return kind === 'blackhole' || kind === 'unreachable' || kind === 'prohibit' || kind === 'throw';
}

function readGateway(type: number, value: ByteReader, hop: Draft<RouteNextHop>): void {
  if (type === RTA_VIA) value.skip(2);
  const via = readIp(value);
  if (via !== undefined) hop.via = via;
}

function readMultipath(value: ByteReader, aliveOnly: boolean): RouteNextHop[] {
  const hops: RouteNextHop[] = [];
  while (value.left >= 8) {
    const length = value.u16();
    const flags = value.u8();
    const hop: Draft<RouteNextHop> = { weight: value.u8() + 1 };
    hop.dev = value.i32();
    if (length < 8 || length - 8 > value.left) {
      throw new RangeError(`next hop of ${length} bytes with ${value.left + 8} left`);
    }
    if ((flags & RTNH_F_ONLINK) !== 0) hop.onlink = true;
    forEachAttribute(value.fork(length - 8), (type, attribute) => {
      if (type === RTA_GATEWAY || type === RTA_VIA) readGateway(type, attribute, hop);
    });
    value.skip(Math.min(-length & 3, value.left));
    if (!aliveOnly || (flags & RTNH_F_DEAD) === 0) hops.push(hop);
  }
  return hops;
}
