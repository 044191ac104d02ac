import {
  addressBits,
  addressBytes,
  type ByteReader,
  type ByteWriter,
  formatAddress,
  isWireguardKey,
  networkAddress,
  ParseError,
  parseAddress,
  parsePrefix,
} from '../../base/index.ts';
import type { WireguardChange, WireguardDevice, WireguardPeer, WireguardPeerChange } from '../wireguard.ts';
import { addressFamily, familyOf, readIp } from './address-text.ts';
import {
  attributeBytes,
  attributeNest,
  attributeText,
  attributeU8,
  attributeU16,
  attributeU32,
  forEachAttribute,
} from './attribute.ts';
import { encodeGeneric, forEachGenericAttribute } from './generic.ts';
import { NLM_F_DUMP } from './message.ts';

// include/uapi/linux/wireguard.h
export const WG_GENL_NAME = 'wireguard';
const WG_GENL_VERSION = 1;
const WG_CMD_GET_DEVICE = 0;
const WG_CMD_SET_DEVICE = 1;
const WGDEVICE_A_IFNAME = 2;
const WGDEVICE_A_PRIVATE_KEY = 3;
const WGDEVICE_A_PUBLIC_KEY = 4;
const WGDEVICE_A_LISTEN_PORT = 6;
const WGDEVICE_A_FWMARK = 7;
const WGDEVICE_A_PEERS = 8;
const WGPEER_A_PUBLIC_KEY = 1;
const WGPEER_A_FLAGS = 3;
const WGPEER_A_ENDPOINT = 4;
const WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL = 5;
const WGPEER_A_LAST_HANDSHAKE_TIME = 6;
const WGPEER_A_RX_BYTES = 7;
const WGPEER_A_TX_BYTES = 8;
const WGPEER_A_ALLOWEDIPS = 9;
const WGPEER_F_REMOVE_ME = 1;
const WGPEER_F_REPLACE_ALLOWEDIPS = 2;
const WGALLOWEDIP_A_FAMILY = 1;
const WGALLOWEDIP_A_IPADDR = 2;
const WGALLOWEDIP_A_CIDR_MASK = 3;
const KEY_LENGTH = 32;

/** The length of a list is a 16-bit number, so that long lists go in several messages: at most so many of these in one. */
const PEERS_A_MESSAGE = 32;
const ALLOWED_A_MESSAGE = 1024;

/** Asks for all of a device: it is answered like a dump, in as many messages as it takes. */
export function encodeWireguardGet(family: number, dev: string): Uint8Array {
  const what = { family, command: WG_CMD_GET_DEVICE, version: WG_GENL_VERSION, flags: NLM_F_DUMP };
  return encodeGeneric(what, (writer) => attributeText(writer, WGDEVICE_A_IFNAME, dev));
}

/** The messages, to be sent in this order, that change a device. */
export function encodeWireguardSet(family: number, dev: string, change: WireguardChange): readonly Uint8Array[] {
  const { peers = [], ...device } = change;
  const what = { family, command: WG_CMD_SET_DEVICE, version: WG_GENL_VERSION };
  return shares(peers).map((share, index) =>
    encodeGeneric(what, (writer) => {
      attributeText(writer, WGDEVICE_A_IFNAME, dev);
      if (index === 0) deviceAttributes(writer, device);
      if (share.length > 0) attributeNest(writer, WGDEVICE_A_PEERS, () => peerAttributes(writer, share));
    }),
  );
}

/** A peer, or more of the allowed addresses of the peer before. */
type PeerPiece = WireguardPeerChange & { readonly more?: boolean };

/** The peers of each message: at least one message, even without peers. */
function shares(peers: readonly WireguardPeerChange[]): readonly (readonly PeerPiece[])[] {
  const all: PeerPiece[][] = [[]];
  let allowed = 0;
  for (const piece of peers.flatMap(pieces)) {
    const length = piece.remove ? 0 : (piece.allowedIps?.length ?? 0);
    const last = all[all.length - 1];
    if (last.length === PEERS_A_MESSAGE || (last.length > 0 && allowed + length > ALLOWED_A_MESSAGE)) {
      all.push([piece]);
      allowed = length;
    } else {
      last.push(piece);
      allowed += length;
    }
  }
  return all;
}

function pieces(peer: WireguardPeerChange): readonly PeerPiece[] {
  if (peer.remove || (peer.allowedIps?.length ?? 0) <= ALLOWED_A_MESSAGE) return [peer];
  const { publicKey, allowedIps = [] } = peer;
  const first = { ...peer, allowedIps: allowedIps.slice(0, ALLOWED_A_MESSAGE) };
  const rest: PeerPiece[] = [];
  for (let at = ALLOWED_A_MESSAGE; at < allowedIps.length; at += ALLOWED_A_MESSAGE) {
    rest.push({ publicKey, allowedIps: allowedIps.slice(at, at + ALLOWED_A_MESSAGE), more: true });
  }
  return [first, ...rest];
}

function deviceAttributes(writer: ByteWriter, { privateKey, listenPort, mark }: Omit<WireguardChange, 'peers'>): void {
  if (privateKey !== undefined) attributeBytes(writer, WGDEVICE_A_PRIVATE_KEY, keyBytes(privateKey, 'privateKey'));
  if (listenPort !== undefined) attributeU16(writer, WGDEVICE_A_LISTEN_PORT, listenPort);
  if (mark !== undefined) attributeU32(writer, WGDEVICE_A_FWMARK, mark);
}

function peerAttributes(writer: ByteWriter, share: readonly PeerPiece[]): void {
  for (const piece of share) {
    attributeNest(writer, 0, () => {
      attributeBytes(writer, WGPEER_A_PUBLIC_KEY, keyBytes(piece.publicKey, 'publicKey'));
      if (piece.remove) {
        attributeU32(writer, WGPEER_A_FLAGS, WGPEER_F_REMOVE_ME);
        return;
      }
      const { endpoint, keepalive, allowedIps } = piece;
      if (allowedIps !== undefined && !piece.more) attributeU32(writer, WGPEER_A_FLAGS, WGPEER_F_REPLACE_ALLOWEDIPS);
      if (endpoint !== undefined) attributeBytes(writer, WGPEER_A_ENDPOINT, endpointBytes(endpoint));
      if (keepalive !== undefined) attributeU16(writer, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, keepalive);
      if (allowedIps !== undefined) {
        attributeNest(writer, WGPEER_A_ALLOWEDIPS, () => {
          for (const cidr of allowedIps) attributeNest(writer, 0, () => allowedAttributes(writer, cidr));
        });
      }
    });
  }
}

function allowedAttributes(writer: ByteWriter, cidr: string): void {
  const prefix = parsePrefix(cidr, 'allowedIps');
  attributeU16(writer, WGALLOWEDIP_A_FAMILY, addressFamily(prefix.family));
  attributeBytes(writer, WGALLOWEDIP_A_IPADDR, addressBytes(networkAddress(prefix)));
  attributeU8(writer, WGALLOWEDIP_A_CIDR_MASK, prefix.length);
}

/** Base64 of 32 bytes, as wg(8) prints keys. */
function keyBytes(text: string, field: string): Uint8Array {
  // A private key is in no message, not even a wrong one.
  if (!isWireguardKey(text)) throw new ParseError(field, '…', 'expected 32 bytes as base64');
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function readKey(value: ByteReader): string | undefined {
  return value.left === KEY_LENGTH ? btoa(String.fromCharCode(...value.take(KEY_LENGTH))) : undefined;
}

/** struct sockaddr_in or sockaddr_in6: family in host order, port in network order. */
function endpointBytes(text: string): Uint8Array {
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65535) {
    throw new ParseError('endpoint', text, 'expected an address and a port such as 192.0.2.1:51820');
  }
  const address = parseAddress(six ?? four, 'endpoint');
  const family = addressFamily(address.family);
  const bytes = addressBytes(address);
  const [high, low] = [Number(port) >>> 8, Number(port) & 255];
  return address.family === 4
    ? Uint8Array.of(family, 0, high, low, ...bytes, ...new Uint8Array(8))
    : Uint8Array.of(family, 0, high, low, 0, 0, 0, 0, ...bytes, 0, 0, 0, 0);
}

function readEndpoint(value: ByteReader): string | undefined {
  const family = familyOf(value.u16());
  if (family === undefined) return undefined;
  const port = value.u8() * 256 + value.u8();
  if (family === 6) value.skip(4);
  const address = readIp(value.fork(addressBits(family) / 8));
  return family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
}

type Draft<T> = { -readonly [key in keyof T]: T[key] };
/** One message's part of a device: all but the first have nothing but peers. */
export type WireguardPart = Partial<Omit<WireguardDevice, 'peers'>> & { readonly peers: readonly WireguardPeer[] };

export function decodeWireguard(body: ByteReader): WireguardPart {
  const part: Draft<WireguardPart> & { peers: WireguardPeer[] } = { peers: [] };
  forEachGenericAttribute(body, (type, value) => {
    if (type === WGDEVICE_A_PUBLIC_KEY) {
      const key = readKey(value);
      if (key !== undefined) part.publicKey = key;
    } else if (type === WGDEVICE_A_LISTEN_PORT) part.listenPort = value.u16();
    else if (type === WGDEVICE_A_FWMARK) part.mark = value.u32();
    else if (type === WGDEVICE_A_PEERS) {
      forEachAttribute(value, (_, peer) => {
        const found = decodePeer(peer);
        if (found !== undefined) part.peers.push(found);
      });
    }
  });
  return part;
}

/** Undefined for what has no key, and so is no peer. */
function decodePeer(body: ByteReader): WireguardPeer | undefined {
  let publicKey: string | undefined;
  const allowedIps: string[] = [];
  const rest: Draft<Omit<WireguardPeer, 'publicKey' | 'allowedIps'>> = {
    keepalive: 0,
    latestHandshake: 0,
    receivedBytes: 0,
    sentBytes: 0,
  };
  forEachAttribute(body, (type, value) => {
    if (type === WGPEER_A_PUBLIC_KEY) publicKey = readKey(value);
    else if (type === WGPEER_A_ENDPOINT) {
      const endpoint = readEndpoint(value);
      if (endpoint !== undefined) rest.endpoint = endpoint;
    } else if (type === WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL) rest.keepalive = value.u16();
    else if (type === WGPEER_A_LAST_HANDSHAKE_TIME) rest.latestHandshake = Number(value.u64());
    else if (type === WGPEER_A_RX_BYTES) rest.receivedBytes = Number(value.u64());
    else if (type === WGPEER_A_TX_BYTES) rest.sentBytes = Number(value.u64());
    else if (type === WGPEER_A_ALLOWEDIPS) {
      forEachAttribute(value, (_, one) => {
        const cidr = decodeAllowed(one);
        if (cidr !== undefined) allowedIps.push(cidr);
      });
    }
  });
  return publicKey === undefined ? undefined : { publicKey, allowedIps, ...rest };
}

function decodeAllowed(body: ByteReader): string | undefined {
  let address: string | undefined;
  let length = 0;
  forEachAttribute(body, (type, value) => {
    if (type === WGALLOWEDIP_A_IPADDR) address = readIp(value);
    else if (type === WGALLOWEDIP_A_CIDR_MASK) length = value.u8();
  });
  return address === undefined ? undefined : `${formatAddress(parseAddress(address))}/${length}`;
}

/** One device of its parts: a peer whose addresses did not fit into one message goes on at the head of the next. */
export function joinWireguard(parts: readonly WireguardPart[]): WireguardDevice {
  const peers: WireguardPeer[] = [];
  for (const piece of parts.flatMap((part) => part.peers)) {
    const last = peers[peers.length - 1];
    if (last?.publicKey !== piece.publicKey) peers.push(piece);
    else peers[peers.length - 1] = { ...last, allowedIps: [...last.allowedIps, ...piece.allowedIps] };
  }
  const { publicKey, listenPort = 0, mark = 0 } = parts[0] ?? {};
  return { ...(publicKey !== undefined && { publicKey }), listenPort, mark, peers };
}
