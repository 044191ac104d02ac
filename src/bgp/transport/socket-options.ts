import { createRequire } from 'node:module';
import { type Address, addressBytes, formatPrefix, type Prefix, reasonOf, tryParseAddress } from '../../base/index.ts';
import { TransportError } from './errors.ts';
import type { SocketSecurity } from './transport.ts';

/*
 * The few socket options that Node has no word for, set through libc. The foreign-function library is loaded the
 * first time that a peer needs one: a speaker without passwords and hop limits runs without it.
 */

interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  close(fd: number): number;
  errno(): number;
}

// <asm-generic/socket.h>, <linux/in.h>, <linux/in6.h>, <linux/tcp.h>
const AF = { 4: 2, 6: 10 } as const;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_IP = 0;
const IPPROTO_TCP = 6;
const IPPROTO_IPV6 = 41;
const IP_TTL = 2;
const IP_MINTTL = 21;
const IPV6_UNICAST_HOPS = 16;
const IPV6_MINHOPCOUNT = 73;
const TCP_MD5SIG = 14;
const TCP_MD5SIG_EXT = 32;
const TCP_MD5SIG_FLAG_PREFIX = 1;
const TCP_MD5SIG_MAXKEYLEN = 80;
const MAX_TTL = 255;

const ERRNO: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  12: 'ENOMEM',
  22: 'EINVAL',
  24: 'EMFILE',
  92: 'ENOPROTOOPT: this kernel lacks the option',
};

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

let loaded: Libc | undefined;

function libc(): Libc {
  if (loaded) return loaded;
  try {
    const koffi: typeof import('koffi') = createRequire(import.meta.url)('koffi');
    const library = koffi.load('libc.so.6');
    loaded = {
      socket: library.func('int socket(int, int, int)'),
      setsockopt: library.func('int setsockopt(int, int, int, const uint8_t *, uint32_t)'),
      close: library.func('int close(int)'),
      errno: () => koffi.errno(),
    };
    return loaded;
  } catch (error) {
    throw new TransportError('SOCKET_OPTION', `socket options can't be set on this system: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** Whether a socket needs more than Node can give it. */
export function needsSocketOptions(security: SocketSecurity): boolean {
  return security.password !== undefined || usesGtsm(security) || security.multihop !== undefined;
}

/** Whether the peer's distance is to be checked (RFC 5082). A limit of 0 hops is none. */
export function usesGtsm({ ttlSecurity = 0 }: SocketSecurity): boolean {
  return ttlSecurity > 0;
}

/**
 * A TCP socket that is not connected yet, with everything set that must be so before the first SYN. The caller owns
 * the descriptor.
 */
export function openSocket(peer: string, security: SocketSecurity): number {
  const address = addressOf(peer);
  const { socket, close } = libc();
  const fd = socket(AF[address.family], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) throw failure('socket');
  try {
    if (security.password !== undefined) setPassword(fd, peer, security.password);
    setHopLimits(fd, address.family, security);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/**
 * Installs the TCP-MD5 key for what comes from and goes to `peer`, or takes it away (undefined). For a range, all of
 * it shares the key.
 */
export function setPassword(fd: number, peer: string | Prefix, password: string | undefined): void {
  const key = new TextEncoder().encode(password ?? '');
  if (password === '' || key.length > TCP_MD5SIG_MAXKEYLEN) {
    throw new TransportError('SOCKET_OPTION', `the password of ${textOf(peer)} must have 1 to 80 octets`);
  }
  const name = typeof peer === 'string' ? TCP_MD5SIG : TCP_MD5SIG_EXT;
  set(fd, IPPROTO_TCP, name, md5Signature(peer, key), `password of ${textOf(peer)}`);
}

/** Sets what we send with and what we take: GTSM, or a plain hop limit. */
export function setHopLimits(fd: number, family: 4 | 6, security: SocketSecurity): void {
  const { ttlSecurity = 0, multihop } = security;
  const gtsm = usesGtsm(security);
  const level = family === 4 ? IPPROTO_IP : IPPROTO_IPV6;
  const limit = gtsm ? MAX_TTL : multihop;
  if (limit !== undefined) setInt(fd, level, family === 4 ? IP_TTL : IPV6_UNICAST_HOPS, limit, 'hop limit');
  if (!gtsm) return;
  const least = MAX_TTL + 1 - ttlSecurity;
  setInt(fd, level, family === 4 ? IP_MINTTL : IPV6_MINHOPCOUNT, least, 'least hop limit');
}

/** Lets a listener answer with the full hop limit, for those of its peers that use GTSM. */
export function setFullHopLimit(fd: number, family: 4 | 6): void {
  setHopLimits(fd, family, { multihop: MAX_TTL });
}

/** struct tcp_md5sig: sockaddr_storage[128], flags, prefix length, key length (2), ifindex (4), key[80]. */
function md5Signature(peer: string | Prefix, key: Uint8Array): Uint8Array {
  const address = typeof peer === 'string' ? addressOf(peer) : peer;
  const bytes = new Uint8Array(216);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF[address.family], LITTLE_ENDIAN);
  bytes.set(addressBytes(address), address.family === 4 ? 4 : 8);
  if (typeof peer !== 'string') {
    bytes[128] = TCP_MD5SIG_FLAG_PREFIX;
    bytes[129] = peer.length;
  }
  view.setUint16(130, key.length, LITTLE_ENDIAN);
  bytes.set(key, 136);
  return bytes;
}

function setInt(fd: number, level: number, name: number, value: number, what: string): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, LITTLE_ENDIAN);
  set(fd, level, name, bytes, what);
}

function set(fd: number, level: number, name: number, value: Uint8Array, what: string): void {
  if (libc().setsockopt(fd, level, name, value, value.length) !== 0) throw failure(what);
}

function failure(what: string): TransportError {
  const number = libc().errno();
  return new TransportError('SOCKET_OPTION', `${what}: the kernel refused (${ERRNO[number] ?? `errno ${number}`})`);
}

function addressOf(peer: string): Address {
  const address = tryParseAddress(peer.split('%')[0]!);
  if (address === undefined) throw new TransportError('SOCKET_OPTION', `'${peer}' is not an IP address`);
  return address;
}

function textOf(peer: string | Prefix): string {
  return typeof peer === 'string' ? peer : formatPrefix(peer);
}
