import type { Socket } from 'node:dgram';
import { createRequire } from 'node:module';
import { descriptorOf } from '../../base/index.ts';

/* Options of UDP sockets that Node has no word for, set through libc, which is loaded with the first session. */

type SetOption = (fd: number, level: number, name: number, value: Uint8Array, length: number) => number;

// <asm-generic/socket.h>, <linux/in.h>, <linux/in6.h>, <linux/filter.h>
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IPPROTO_IPV6 = 41;
const IPV6_TCLASS = 67;
/** Class selector 6: network control. */
const CS6 = 0xc0;
const [LOAD_OCTET, JUMP_IF_EQUAL, RETURN] = [0x30, 0x15, 0x06];
/** Offsets from here on count from the network header (SKF_NET_OFF). */
const NETWORK_HEADER = 0xfff00000;
/** Where the header has its TTL, or its hop limit. */
const HOP_LIMIT_AT = { 4: 8, 6: 7 } as const;
const FULL = 255;
const WHOLE = 0xffff;

let loaded: { readonly setsockopt: SetOption; readonly address: (bytes: Uint8Array) => bigint } | undefined;

function libc(): NonNullable<typeof loaded> {
  if (loaded) return loaded;
  const koffi: typeof import('koffi') = createRequire(import.meta.url)('koffi');
  const setsockopt = koffi.load(null).func('int setsockopt(int, int, int, const uint8_t *, uint32_t)') as SetOption;
  loaded = { setsockopt, address: (bytes) => koffi.address(bytes) };
  return loaded;
}

/**
 * Lets through only what was sent with a hop limit of 255 and passed no router (RFC 5881 §5), decided by the kernel: a classic
 * BPF program that looks into the network header. False when the kernel refuses it.
 */
export function requireFullHopLimit(socket: Socket, family: 4 | 6): boolean {
  const program = new Uint8Array(4 * 8);
  const view = new DataView(program.buffer);
  const lines: readonly (readonly [number, number, number, number])[] = [
    [LOAD_OCTET, 0, 0, NETWORK_HEADER + HOP_LIMIT_AT[family]],
    [JUMP_IF_EQUAL, 0, 1, FULL],
    [RETURN, 0, 0, WHOLE],
    [RETURN, 0, 0, 0],
  ];
  for (const [at, [code, ifTrue, ifFalse, value]] of lines.entries()) {
    view.setUint16(at * 8, code, true);
    view.setUint8(at * 8 + 2, ifTrue);
    view.setUint8(at * 8 + 3, ifFalse);
    view.setUint32(at * 8 + 4, value, true);
  }
  // struct sock_fprog: number of instructions, padding, pointer.
  const description = new Uint8Array(16);
  const head = new DataView(description.buffer);
  head.setUint16(0, lines.length, true);
  head.setBigUint64(8, BigInt(libc().address(program)), true);
  return set(socket, SOL_SOCKET, SO_ATTACH_FILTER, description);
}

/** Marks packets as network control, as routers do; what does not take the mark goes without. */
export function markControl(socket: Socket, family: 4 | 6): void {
  const [level, name] = family === 4 ? [IPPROTO_IP, IP_TOS] : [IPPROTO_IPV6, IPV6_TCLASS];
  set(socket, level, name, new Uint8Array(Int32Array.of(CS6).buffer));
}

function set(socket: Socket, level: number, name: number, value: Uint8Array): boolean {
  const descriptor = descriptorOf(socket);
  return descriptor !== undefined && libc().setsockopt(descriptor, level, name, value, value.length) === 0;
}
