import type { ByteReader, ByteWriter } from '../../base/index.ts';
import type { Link, LinkChange, LinkSpec, VxlanAttributes } from '../kernel.ts';
import { ipBytes, macBytes, readIp, readLinkAddress } from './address-text.ts';
import {
  attributeBytes,
  attributeNest,
  attributeText,
  attributeU8,
  attributeU16Network,
  attributeU32,
  forEachAttribute,
  readText,
  readU16Network,
} from './attribute.ts';
import {
  AF_UNSPEC,
  encodeMessage,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_EXCL,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
} from './message.ts';

// include/uapi/linux/if_link.h, if.h, veth.h
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_OPERSTATE = 16;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_GROUP = 27;
const IFLA_NET_NS_FD = 28;
const IFLA_EXT_MASK = 29;
const IFLA_LINK_NETNSID = 37;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFLA_VXLAN_ID = 1;
const IFLA_VXLAN_LINK = 3;
const IFLA_VXLAN_LOCAL = 4;
const IFLA_VXLAN_LEARNING = 7;
const IFLA_VXLAN_PORT = 15;
const IFLA_VXLAN_LOCAL6 = 17;
/** Leaves the statistics out of a dump. */
const RTEXT_FILTER_SKIP_STATS = 8;

const IFF_UP = 1;
const OPER_STATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'];
/** Bits of `ifi_flags` in the order of ip(8). */
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [0x8, 'LOOPBACK'],
  [0x2, 'BROADCAST'],
  [0x10, 'POINTOPOINT'],
  [0x1000, 'MULTICAST'],
  [0x80, 'NOARP'],
  [0x200, 'ALLMULTI'],
  [0x100, 'PROMISC'],
  [0x400, 'MASTER'],
  [0x800, 'SLAVE'],
  [0x1, 'UP'],
  [0x10000, 'LOWER_UP'],
  [0x20000, 'DORMANT'],
];

/** struct ifinfomsg: family, pad, type, index, flags, mask of the flags to change. */
function linkHeader(writer: ByteWriter, index: number, flags = 0, mask = 0): void {
  writer.u8(AF_UNSPEC).u8(0).u16(0).i32(index).u32(flags).u32(mask);
}

export function encodeLinkDump(): Uint8Array {
  return encodeMessage(RTM_GETLINK, NLM_F_DUMP, (writer) => {
    linkHeader(writer, 0);
    attributeU32(writer, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  });
}

/** Asks for one link by name. */
export function encodeLinkGet(name: string): Uint8Array {
  return encodeMessage(RTM_GETLINK, 0, (writer) => {
    linkHeader(writer, 0);
    attributeText(writer, IFLA_IFNAME, name);
    attributeU32(writer, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  });
}

/** `peerNamespace` is an open descriptor of the namespace that the spec names. */
export function encodeLinkAdd(spec: LinkSpec, peerNamespace?: number): Uint8Array {
  return encodeMessage(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, (writer) => {
    linkHeader(writer, 0);
    attributeText(writer, IFLA_IFNAME, spec.name);
    if (spec.mtu !== undefined) attributeU32(writer, IFLA_MTU, spec.mtu);
    if ('mac' in spec && spec.mac !== undefined) attributeBytes(writer, IFLA_ADDRESS, macBytes(spec.mac, 'mac'));
    attributeNest(writer, IFLA_LINKINFO, () => {
      attributeText(writer, IFLA_INFO_KIND, spec.kind);
      if (spec.kind === 'vxlan') attributeNest(writer, IFLA_INFO_DATA, () => vxlanData(writer, spec.vxlan));
      if (spec.kind === 'veth') {
        attributeNest(writer, IFLA_INFO_DATA, () =>
          attributeNest(writer, VETH_INFO_PEER, () => {
            linkHeader(writer, 0);
            attributeText(writer, IFLA_IFNAME, spec.peerName);
            if (spec.mtu !== undefined) attributeU32(writer, IFLA_MTU, spec.mtu);
            if (spec.peerMac !== undefined) attributeBytes(writer, IFLA_ADDRESS, macBytes(spec.peerMac, 'peerMac'));
            if (peerNamespace !== undefined) attributeU32(writer, IFLA_NET_NS_FD, peerNamespace);
          }),
        );
      }
    });
  });
}

function vxlanData(writer: ByteWriter, vxlan: VxlanAttributes): void {
  attributeU32(writer, IFLA_VXLAN_ID, vxlan.vni);
  attributeU16Network(writer, IFLA_VXLAN_PORT, vxlan.port);
  attributeU8(writer, IFLA_VXLAN_LEARNING, vxlan.learning ? 1 : 0);
  if (vxlan.parentIndex !== undefined) attributeU32(writer, IFLA_VXLAN_LINK, vxlan.parentIndex);
  if (vxlan.local !== undefined) {
    const local = ipBytes(vxlan.local, 'vxlan.local');
    attributeBytes(writer, local.length === 4 ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6, local);
  }
}

/** `namespace` is an open descriptor of the namespace that the change names. */
export function encodeLinkSet(index: number, change: LinkChange, namespace?: number): Uint8Array {
  return encodeMessage(RTM_NEWLINK, 0, (writer) => {
    linkHeader(writer, index, change.up ? IFF_UP : 0, change.up === undefined ? 0 : IFF_UP);
    if (change.name !== undefined) attributeText(writer, IFLA_IFNAME, change.name);
    if (change.mtu !== undefined) attributeU32(writer, IFLA_MTU, change.mtu);
    if (change.mac !== undefined) attributeBytes(writer, IFLA_ADDRESS, macBytes(change.mac, 'mac'));
    if (change.masterIndex !== undefined) attributeU32(writer, IFLA_MASTER, change.masterIndex);
    if (change.alias !== undefined) attributeText(writer, IFLA_IFALIAS, change.alias);
    if (namespace !== undefined) attributeU32(writer, IFLA_NET_NS_FD, namespace);
  });
}

export function encodeLinkDelete(index: number): Uint8Array {
  return encodeMessage(RTM_DELLINK, 0, (writer) => linkHeader(writer, index));
}

export function encodeLinkGroup(index: number, group: number): Uint8Array {
  return encodeMessage(RTM_NEWLINK, 0, (writer) => {
    linkHeader(writer, index);
    attributeU32(writer, IFLA_GROUP, group);
  });
}

/** All links of the group, as far as the request's namespace goes. */
export function encodeLinkGroupDelete(group: number): Uint8Array {
  return encodeMessage(RTM_DELLINK, 0, (writer) => {
    linkHeader(writer, 0);
    attributeU32(writer, IFLA_GROUP, group);
  });
}

/** Mutable while its attributes are read. */
type Draft<T> = { -readonly [key in keyof T]: T[key] };

/** Reads an RTM_NEWLINK or RTM_DELLINK; undefined for bridge ports' own messages (another family). */
export function decodeLink(body: ByteReader): Link | undefined {
  const family = body.u8();
  body.skip(3);
  const index = body.i32();
  const bits = body.u32();
  body.skip(4);
  if (family !== AF_UNSPEC) return undefined;
  const link: Draft<Link> = {
    index,
    name: '',
    mtu: 0,
    up: (bits & IFF_UP) !== 0,
    operState: 'unknown',
    flags: FLAGS.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name),
  };
  forEachAttribute(body, (type, value) => {
    if (type === IFLA_IFNAME) link.name = readText(value);
    else if (type === IFLA_MTU) link.mtu = value.u32();
    else if (type === IFLA_OPERSTATE) link.operState = OPER_STATES[value.u8()] ?? 'unknown';
    else if (type === IFLA_MASTER) link.masterIndex = value.u32();
    else if (type === IFLA_LINK) link.linkIndex = value.u32();
    else if (type === IFLA_LINK_NETNSID) link.linkNamespaceId = value.i32();
    else if (type === IFLA_IFALIAS) link.alias = readText(value);
    else if (type === IFLA_ADDRESS) {
      const mac = readLinkAddress(value);
      if (mac !== undefined) link.mac = mac;
    } else if (type === IFLA_LINKINFO) decodeLinkInfo(value, link);
  });
  return Object.freeze(link);
}

function decodeLinkInfo(info: ByteReader, link: Draft<Link>): void {
  forEachAttribute(info, (type, value) => {
    if (type === IFLA_INFO_KIND) link.kind = readText(value);
    else if (type === IFLA_INFO_DATA && link.kind === 'vxlan') link.vxlan = decodeVxlan(value);
  });
}

function decodeVxlan(data: ByteReader): VxlanAttributes {
  const vxlan: Draft<VxlanAttributes> = { vni: 0, port: 0, learning: false };
  forEachAttribute(data, (type, value) => {
    if (type === IFLA_VXLAN_ID) vxlan.vni = value.u32();
    else if (type === IFLA_VXLAN_PORT) vxlan.port = readU16Network(value);
    else if (type === IFLA_VXLAN_LEARNING) vxlan.learning = value.u8() !== 0;
    else if (type === IFLA_VXLAN_LINK) vxlan.parentIndex = value.u32();
    else if (type === IFLA_VXLAN_LOCAL || type === IFLA_VXLAN_LOCAL6) {
      const local = readIp(value);
      if (local !== undefined) vxlan.local = local;
    }
  });
  return vxlan;
}
