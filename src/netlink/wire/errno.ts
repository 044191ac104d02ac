/**
 * The errnos that rtnetlink answers with (include/uapi/asm-generic/errno-base.h, errno.h): their numbers, and what
 * they mean in the words of this trade.
 */
const ERRNOS: Readonly<Record<string, readonly [number: number, meaning: string]>> = {
  EPERM: [1, 'not permitted: the process needs CAP_NET_ADMIN in this namespace'],
  ENOENT: [2, 'no such entry'],
  ESRCH: [3, 'no such route or neighbour'],
  EINTR: [4, 'interrupted'],
  EIO: [5, 'input or output error'],
  ENXIO: [6, 'no such device or address'],
  E2BIG: [7, 'too big'],
  EBADF: [9, 'bad file descriptor'],
  EAGAIN: [11, 'busy, try again'],
  ENOMEM: [12, 'out of memory'],
  EACCES: [13, 'access denied'],
  EBUSY: [16, 'device or resource busy'],
  EEXIST: [17, 'exists already'],
  EXDEV: [18, 'refers to a device of another namespace or table'],
  ENODEV: [19, 'no such device'],
  EINVAL: [22, 'invalid argument'],
  ENFILE: [23, 'too many open files in the system'],
  EMFILE: [24, 'too many open files'],
  ENOSPC: [28, 'no space left'],
  ERANGE: [34, 'number out of range'],
  ERESTART: [85, 'something has changed meanwhile'],
  EMSGSIZE: [90, 'message too long'],
  EPROTONOSUPPORT: [93, 'protocol not supported by this kernel'],
  EOPNOTSUPP: [95, 'not supported by this kernel'],
  EAFNOSUPPORT: [97, 'address family not supported (is it switched off?)'],
  EADDRINUSE: [98, 'address in use'],
  EADDRNOTAVAIL: [99, 'address not available'],
  ENETDOWN: [100, 'device is down'],
  ENETUNREACH: [101, 'network is unreachable: no route to the next hop'],
  ENOBUFS: [105, 'out of buffer space: messages were lost'],
  EHOSTUNREACH: [113, 'next hop is unreachable'],
};

const NAMES = new Map<number, string>(Object.entries(ERRNOS).map(([name, [number]]) => [number, name]));

/** `17` → `EEXIST`; `E<number>` for one that is not in the table. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}

export function errnoMeaning(errno: number): string {
  const name = NAMES.get(errno);
  return name === undefined ? `error ${errno}` : ERRNOS[name][1];
}

/** The number of a name in the table; unknown names throw, as they are our own mistake. */
export function errnoNumber(name: string): number {
  const entry = ERRNOS[name];
  if (entry === undefined) throw new RangeError(`unknown errno ${name}`);
  return entry[0];
}
