import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

/*
 * When bytes came to a socket, by the kernel's clock (SO_TIMESTAMPNS), for measurements that no process of the
 * measuring side may disturb: nobody is woken, and what came is read, with its time, when all is over.
 */

// <asm-generic/socket.h>, <linux/time.h>, <bits/socket.h>
const SOL_SOCKET = 1;
const SO_TIMESTAMPNS = 35;
const CLOCK_REALTIME = 0;
const MSG_DONTWAIT = 0x40;
/** struct msghdr: name and its length (8 + 8), iovec and their number (8 + 8), control and its length (8 + 8), flags. */
const MSGHDR = { octets: 56, iovec: 16, iovecs: 24, control: 32, controlLength: 40 } as const;
/** struct cmsghdr (16), then struct timespec. */
const STAMP = { octets: 32, seconds: 16, nanoseconds: 24 } as const;

const koffi: typeof import('koffi') = createRequire(import.meta.url)('koffi');
const libc = koffi.load('libc.so.6');
const setsockopt = libc.func('int setsockopt(int, int, int, const uint8_t *, uint32_t)');
const recvmsg = libc.func('long recvmsg(int, uint8_t *, int)');
const clockGettime = libc.func('int clock_gettime(int, _Out_ uint8_t *)');

// What points and what is pointed to live in one piece of memory, and so does all of it or none.
const memory = new ArrayBuffer(128 * 1024);
const base = koffi.address(memory);
const header = Buffer.from(memory, 0, MSGHDR.octets);
const iovec = Buffer.from(memory, 64, 16);
const timespec = Buffer.from(memory, 96, 16);
const control = Buffer.from(memory, 128, 128);
const bytes = Buffer.from(memory, 256, 64 * 1024);
header.writeBigUInt64LE(base + BigInt(iovec.byteOffset), MSGHDR.iovec);
header.writeBigUInt64LE(1n, MSGHDR.iovecs);
header.writeBigUInt64LE(base + BigInt(control.byteOffset), MSGHDR.control);
iovec.writeBigUInt64LE(base + BigInt(bytes.byteOffset), 0);
iovec.writeBigUInt64LE(BigInt(bytes.length), 8);

/** Milliseconds on the clock that arrivals are told in. */
export function now(): number {
  clockGettime(CLOCK_REALTIME, timespec);
  return milliseconds(timespec, 0, 8);
}

/** From now on the kernel notes when bytes come, and Node reads none of them. */
export function stampArrivals(socket: Socket): void {
  socket.pause();
  if (setsockopt(descriptorOf(socket), SOL_SOCKET, SO_TIMESTAMPNS, Uint8Array.of(1, 0, 0, 0), 4) !== 0) {
    throw new Error('the kernel gives no time stamps');
  }
}

/**
 * Takes what has come and tells when the last of it came: undefined for nothing, and for what came before stamps were
 * asked for.
 */
export function takeArrival(socket: Socket): number | undefined {
  header.writeBigUInt64LE(BigInt(control.length), MSGHDR.controlLength);
  if (Number(recvmsg(descriptorOf(socket), header, MSG_DONTWAIT)) <= 0) return undefined;
  if (header.readBigUInt64LE(MSGHDR.controlLength) < STAMP.octets) return undefined;
  return milliseconds(control, STAMP.seconds, STAMP.nanoseconds);
}

function milliseconds(buffer: Buffer, seconds: number, nanoseconds: number): number {
  return Number(buffer.readBigInt64LE(seconds)) * 1000 + Number(buffer.readBigInt64LE(nanoseconds)) / 1e6;
}

/** Node keeps the descriptor where its types don't show it. */
function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } | null })._handle?.fd ?? -1;
}
