import type { Socket } from 'node:dgram';
import { createRequire } from 'node:module';
import { descriptorOf } from '../../base/index.ts';

/* The option of UDP sockets that Node has no word for, set through libc, which is loaded with the first socket. */

type SetOption = (fd: number, level: number, name: number, value: Uint8Array, length: number) => number;

// <linux/in.h>, <linux/in6.h>
const MTU_DISCOVER = { 4: [0, 10], 6: [41, 23] } as const;
/** Don't fragment, and never believe that the way takes less than the interface. */
const PROBE = 3;

let loaded: SetOption | undefined;

function libc(): SetOption {
  if (loaded) return loaded;
  const koffi: typeof import('koffi') = createRequire(import.meta.url)('koffi');
  loaded = koffi.load(null).func('int setsockopt(int, int, int, const uint8_t *, uint32_t)') as SetOption;
  return loaded;
}

/** Every datagram of the bound socket goes out whole, or not at all; false where the kernel refuses. */
export function neverFragment(socket: Socket, family: 4 | 6): boolean {
  const descriptor = descriptorOf(socket);
  const [level, name] = MTU_DISCOVER[family];
  const value = new Uint8Array(Int32Array.of(PROBE).buffer);
  return descriptor !== undefined && libc()(descriptor, level, name, value, value.length) === 0;
}
