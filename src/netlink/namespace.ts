import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { KernelError } from './errors.ts';

/**
 * Work in another network namespace, and the socket options that the `netlink` package has no word for: everything
 * that needs libc itself, by way of koffi, which is loaded on first use.
 */

const CLONE_NEWNET = 0x40000000;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
/** SO_MEMINFO answers with this many 32-bit counters, of which one is that of drops. */
const MEMINFO_COUNTERS = 9;
const MEMINFO_DROPS = 8;
const SOL_NETLINK = 270;
const AF_NETLINK = 16;
const EINVAL = 22;

/** The options of SOL_NETLINK (include/uapi/linux/netlink.h). */
export const NETLINK_NO_ENOBUFS = 5;
export const NETLINK_CAP_ACK = 10;
export const NETLINK_EXT_ACK = 11;
export const NETLINK_GET_STRICT_CHK = 12;

interface Libc {
  setns(descriptor: number, type: number): number;
  setsockopt(descriptor: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(descriptor: number, level: number, name: number, value: Uint32Array, length: Uint32Array): number;
  getsockname(descriptor: number, address: Uint8Array, length: Uint32Array): number;
  address(buffer: Uint8Array): bigint;
  errno(): number;
}

let loaded: Libc | undefined;

function libc(): Libc {
  if (loaded !== undefined) return loaded;
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  loaded = {
    setns: library.func('int setns(int, int)'),
    setsockopt: library.func('int setsockopt(int, int, int, uint8_t *, uint32_t)'),
    getsockopt: library.func('int getsockopt(int, int, int, uint32_t *, uint32_t *)'),
    getsockname: library.func('int getsockname(int, uint8_t *, uint32_t *)'),
    address: (buffer) => koffi.address(buffer),
    errno: () => koffi.errno(),
  };
  return loaded;
}

/** Opens a namespace by path, such as `/run/netns/pod1`, for messages that name it by descriptor. */
export function openNamespace(path: string): { readonly descriptor: number; close(): void } {
  try {
    const descriptor = openSync(path, 'r');
    return { descriptor, close: () => closeSync(descriptor) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'EINVAL';
    throw new KernelError(code, `network namespace ${path}`, 'cannot be opened', { cause: error });
  }
}

/**
 * Runs `work` with this thread in the namespace at `path`, and comes back whatever happens. `work` must be
 * synchronous: anything it awaited would run in the wrong namespace.
 */
export function inNetworkNamespace<T>(path: string, work: () => T): T {
  const there = openNamespace(path);
  const here = openNamespace('/proc/thread-self/ns/net');
  try {
    enter(there.descriptor, path);
    try {
      return work();
    } finally {
      enter(here.descriptor, 'the namespace we came from');
    }
  } finally {
    there.close();
    here.close();
  }
}

function enter(descriptor: number, what: string): void {
  if (libc().setns(descriptor, CLONE_NEWNET) === 0) return;
  const errno = libc().errno();
  const words = errno === EINVAL ? 'this is not a network namespace' : undefined;
  throw KernelError.fromErrno(errno, `entering ${what}`, words);
}

/**
 * The descriptor of the netlink socket that is bound to `port`, which the `netlink` package keeps to itself. Ports are
 * unique in this process, because the package counts them. Undefined when there is none.
 */
export function socketDescriptor(port: number): number | undefined {
  const address = new Uint8Array(12);
  const view = new DataView(address.buffer);
  for (const name of readdirSync('/proc/self/fd')) {
    const descriptor = Number(name);
    if (!isSocket(name) || libc().getsockname(descriptor, address, Uint32Array.of(address.length)) !== 0) continue;
    if (view.getUint16(0, true) === AF_NETLINK && view.getUint32(4, true) === port >>> 0) return descriptor;
  }
  return undefined;
}

function isSocket(name: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:');
  } catch {
    return false;
  }
}

/** Switches an option of SOL_NETLINK on; false when this kernel does not know it. */
export function enableNetlinkOption(descriptor: number, option: number): boolean {
  return libc().setsockopt(descriptor, SOL_NETLINK, option, integer(1), 4) === 0;
}

/** Sets SO_RCVBUF beyond the system's limit, as CAP_NET_ADMIN may; false when it may not. */
export function forceReceiveBuffer(descriptor: number, bytes: number): boolean {
  return libc().setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, integer(bytes), 4) === 0;
}

/** How many messages the socket has lost so far because its receive buffer was full. */
export function droppedMessages(descriptor: number): number {
  const counters = new Uint32Array(MEMINFO_COUNTERS);
  const length = Uint32Array.of(counters.byteLength);
  return libc().getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, counters, length) === 0 ? counters[MEMINFO_DROPS] : 0;
}

/** Attaches a classic BPF program (struct sock_filter[]) that decides in the kernel which messages are received. */
export function attachFilter(descriptor: number, program: Uint8Array): void {
  // struct sock_fprog: number of instructions, padding, pointer.
  const description = new Uint8Array(16);
  const view = new DataView(description.buffer);
  view.setUint16(0, program.length / 8, true);
  view.setBigUint64(8, libc().address(program), true);
  if (libc().setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, description, description.length) !== 0) {
    throw KernelError.fromErrno(libc().errno(), 'attaching a socket filter');
  }
}

function integer(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** Reads a file as this thread sees it; with `path` from inside that namespace. */
export function readHere(file: string, path?: string): string {
  const read = () => readFileSync(file, 'utf8');
  return path === undefined ? read() : inNetworkNamespace(path, read);
}

export function writeHere(file: string, text: string, path?: string): void {
  const write = () => writeFileSync(file, text);
  if (path === undefined) write();
  else inNetworkNamespace(path, write);
}
