import { createRequire } from 'node:module';
import { VRouterError } from '../base/index.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Room for a path in struct `sockaddr_un` of linux/un.h. */
const PATH_MAX = 108;

/** Datagrams to one unix socket, which Node knows as streams alone. */
export interface NotifySocket {
  /** Hands the datagram over now, or throws: it never waits for the one who reads. */
  send(text: string): void;
  close(): void;
}

/** Struct `sockaddr_un`: of a path, or with `@` in front of a name in the abstract namespace (unix(7)). */
export function unixAddress(name: string): Uint8Array {
  const bytes = Buffer.from(name);
  const isAbstract = name.startsWith('@');
  if (!(isAbstract || name.startsWith('/')) || bytes.length < 2 || bytes.length > PATH_MAX - (isAbstract ? 0 : 1)) {
    throw new VRouterError(
      'CONFIG',
      `NOTIFY_SOCKET '${name}': expected a path, or @ and a name, of at most 107 octets`,
    );
  }
  // A name in the abstract namespace begins with a zero, and is as long as the address says; a path ends with one.
  const address = Buffer.alloc(2 + bytes.length + (isAbstract ? 0 : 1));
  address.writeUInt16LE(AF_UNIX, 0);
  bytes.copy(address, 2);
  if (isAbstract) address[2] = 0;
  return address;
}

/** Opens a socket that sends to `name`, which need not be there yet. */
export function openNotifySocket(name: string): NotifySocket {
  const address = unixAddress(name);
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  const socket: (family: number, type: number, protocol: number) => number = library.func('int socket(int, int, int)');
  const close: (descriptor: number) => number = library.func('int close(int)');
  const sendto: (
    descriptor: number,
    datagram: Uint8Array,
    length: number,
    flags: number,
    to: Uint8Array,
    size: number,
  ) => number = library.func('int64_t sendto(int, uint8_t *, size_t, int, uint8_t *, uint32_t)');
  const descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const failed = (what: string): VRouterError =>
    new VRouterError('NOTIFY', `can't ${what} NOTIFY_SOCKET '${name}': errno ${koffi.errno()}`);
  if (descriptor < 0) throw failed('open a socket for');
  return {
    send(text) {
      const datagram = Buffer.from(text);
      const sent = sendto(descriptor, datagram, datagram.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length);
      if (Number(sent) !== datagram.length) throw failed('send to');
    },
    close: () => void close(descriptor),
  };
}
