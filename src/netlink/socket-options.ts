import { readdirSync, readlinkSync } from 'node:fs';
import { KernelError } from './errors.ts';
import { libc } from './libc.ts';

/** Socket options that neither Node nor the `netlink` package has a word for. */

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_ATTACH_FILTER = 26;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
/** SO_MEMINFO answers with this many 32-bit counters, of which one is that of drops. */
const MEMINFO_COUNTERS = 9;
const MEMINFO_DROPS = 8;
const SOL_NETLINK = 270;
export const AF_NETLINK = 16;

/** The options of SOL_NETLINK (include/uapi/linux/netlink.h). */
const NETLINK_ADD_MEMBERSHIP = 1;
export const NETLINK_NO_ENOBUFS = 5;
export const NETLINK_CAP_ACK = 10;
export const NETLINK_EXT_ACK = 11;
export const NETLINK_GET_STRICT_CHK = 12;

/** struct sockaddr_nl: family, padding, port, groups. */
const ADDRESS_LENGTH = 12;

/**
 * The descriptor of the netlink socket that is bound to `port`, which the `netlink` package keeps to itself. Undefined
 * when there is none.
 */
export function socketDescriptor(port: number): number | undefined {
  for (const name of readdirSync('/proc/self/fd')) {
    if (isSocket(name) && netlinkPort(Number(name)) === port >>> 0) return Number(name);
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

/** The port that a netlink socket is bound to; undefined for other sockets. */
function netlinkPort(descriptor: number): number | undefined {
  const address = new Uint8Array(ADDRESS_LENGTH);
  if (libc().getsockname(descriptor, address, Uint32Array.of(address.length)) !== 0) return undefined;
  const view = new DataView(address.buffer);
  return view.getUint16(0, true) === AF_NETLINK ? view.getUint32(4, true) : undefined;
}

/** Binds to a port that the kernel chooses, and returns it; undefined when the kernel refuses. */
export function bindNetlink(descriptor: number): number | undefined {
  const address = new Uint8Array(ADDRESS_LENGTH);
  new DataView(address.buffer).setUint16(0, AF_NETLINK, true);
  return libc().bind(descriptor, address, address.length) === 0 ? netlinkPort(descriptor) : undefined;
}

/** Switches an option of SOL_NETLINK on; false when this kernel does not know it. */
export function enableNetlinkOption(descriptor: number, option: number): boolean {
  return libc().setsockopt(descriptor, SOL_NETLINK, option, integer(1), 4) === 0;
}

/** Joins a multicast group; false when the kernel refuses. */
export function joinGroup(descriptor: number, group: number): boolean {
  return libc().setsockopt(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, integer(group), 4) === 0;
}

/** Sets the receive buffer beyond the system's limit where CAP_NET_ADMIN allows it, else up to that limit; its size then. */
export function growReceiveBuffer(descriptor: number, bytes: number): number {
  return growBuffer(descriptor, SO_RCVBUFFORCE, SO_RCVBUF, bytes);
}

/** As `growReceiveBuffer`, for sending: a datagram that is larger than this is refused. */
export function growSendBuffer(descriptor: number, bytes: number): number {
  return growBuffer(descriptor, SO_SNDBUFFORCE, SO_SNDBUF, bytes);
}

function growBuffer(descriptor: number, beyond: number, within: number, bytes: number): number {
  if (libc().setsockopt(descriptor, SOL_SOCKET, beyond, integer(bytes), 4) !== 0) {
    libc().setsockopt(descriptor, SOL_SOCKET, within, integer(bytes), 4);
  }
  const size = new Uint32Array(1);
  libc().getsockopt(descriptor, SOL_SOCKET, within, size, Uint32Array.of(4));
  return size[0];
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
