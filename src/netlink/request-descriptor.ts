import { KernelError } from './errors.ts';
import { libc } from './libc.ts';
import { inPlace } from './namespace.ts';
import { AF_NETLINK, bindNetlink, enableNetlinkOption, NETLINK_CAP_ACK, NETLINK_EXT_ACK } from './socket-options.ts';

const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const NETLINK_ROUTE = 0;
const MSG_DONTWAIT = 0x40;
const EAGAIN = 11;
const EINTR = 4;

export interface RequestPlace {
  /** Default: this thread's. */
  readonly namespace?: string;
  /** Default: NETLINK_ROUTE. */
  readonly protocol?: number;
}

export interface RequestDescriptor {
  readonly descriptor: number;
  readonly port: number;
}

/**
 * A bare netlink descriptor for those that read only after they have written: rtnetlink and nftables carry requests out
 * inside `send` and leave the answers in the queue, so no event loop has to wait for them. Whoever opens it closes it.
 */
export function openRequestDescriptor({ namespace, protocol = NETLINK_ROUTE }: RequestPlace = {}): RequestDescriptor {
  const descriptor = inPlace(namespace, () => libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (descriptor < 0) throw KernelError.fromErrno(libc().errno(), 'opening a netlink socket');
  const port = bindNetlink(descriptor);
  if (port === undefined) {
    const errno = libc().errno();
    libc().close(descriptor);
    throw KernelError.fromErrno(errno, 'binding a netlink socket');
  }
  for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) enableNetlinkOption(descriptor, option);
  return { descriptor, port };
}

/** Reads one datagram that is there already: its octets, or an errno below zero; undefined when the queue is empty. */
export function receiveQueued(descriptor: number, into: Uint8Array): number | undefined {
  for (;;) {
    const length = libc().recv(descriptor, into, into.length, MSG_DONTWAIT);
    if (length >= 0) return length;
    const errno = libc().errno();
    if (errno === EAGAIN) return undefined;
    if (errno !== EINTR) return -errno;
  }
}
