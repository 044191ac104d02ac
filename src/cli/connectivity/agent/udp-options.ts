import type { Socket } from 'node:dgram';
import { createRequire } from 'node:module';

/* Options of a UDP socket that Node has no word for, set through libc. */

// <linux/in.h>, <linux/in6.h>
const LEVEL = { 4: 0, 6: 41 } as const;
const MTU_DISCOVER = { 4: 10, 6: 23 } as const;
const RECVERR = { 4: 11, 6: 25 } as const;
const MTU = { 4: 14, 6: 24 } as const;
/** Don't fragment, and never believe that the way takes less than the interface. */
const PROBE = 3;

interface Libc {
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint32Array): number;
}

let loaded: Libc | undefined;

function libc(): Libc {
  if (loaded !== undefined) return loaded;
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  loaded = {
    setsockopt: library.func('int setsockopt(int, int, int, uint8_t *, uint32_t)'),
    getsockopt: library.func('int getsockopt(int, int, int, uint8_t *, uint32_t *)'),
  };
  return loaded;
}

/** Every datagram of the socket goes out whole with DF, or not at all; false where the kernel refuses. */
export function sendWhole(socket: Socket, family: 4 | 6): boolean {
  return set(socket, family, MTU_DISCOVER[family], PROBE);
}

/** Makes routers' errors errors of the connected socket, as ENETUNREACH; false where the kernel refuses. */
export function hearRouters(socket: Socket, family: 4 | 6): boolean {
  return set(socket, family, RECVERR[family], 1);
}

function set(socket: Socket, family: 4 | 6, option: number, value: number): boolean {
  const octets = new Uint8Array(Int32Array.of(value).buffer);
  return libc().setsockopt(descriptorOf(socket), LEVEL[family], option, octets, 4) === 0;
}

/** Octets of an IP packet that the way to a connected socket's other end takes, as far as this kernel has heard. */
export function knownMtu(socket: Socket, family: 4 | 6): number | undefined {
  const value = new Uint8Array(4);
  const answer = libc().getsockopt(descriptorOf(socket), LEVEL[family], MTU[family], value, Uint32Array.of(4));
  return answer === 0 ? new Int32Array(value.buffer)[0] : undefined;
}

/** Node keeps it to itself, and has done so under this name in all versions. */
function descriptorOf(socket: Socket): number {
  for (const key of Object.getOwnPropertySymbols(socket)) {
    const state: unknown = Reflect.get(socket, key);
    if (typeof state !== 'object' || state === null || !('handle' in state)) continue;
    const { handle } = state;
    if (typeof handle === 'object' && handle !== null && 'fd' in handle && typeof handle.fd === 'number') {
      return handle.fd;
    }
  }
  return -1;
}
