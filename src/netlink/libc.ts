import { createRequire } from 'node:module';

/** The functions of libc that we call ourselves, by way of koffi; it is loaded on first use. */
interface Libc {
  setns(descriptor: number, type: number): number;
  socket(family: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Uint8Array, length: number): number;
  connect(descriptor: number, address: Uint8Array, length: number): number;
  close(descriptor: number): number;
  setsockopt(descriptor: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(descriptor: number, level: number, name: number, value: Uint32Array, length: Uint32Array): number;
  getsockname(descriptor: number, address: Uint8Array, length: Uint32Array): number;
  recv(descriptor: number, buffer: Uint8Array, length: number, flags: number): number;
  /** As many datagrams as `struct mmsghdr` are there and are to be had at once. */
  recvmmsg(descriptor: number, headers: Uint8Array, count: number, flags: number, timeout: null): number;
  send(descriptor: number, datagram: Uint8Array, length: number, flags: number): number;
  /**
   * Sends on a thread of libuv's pool, and calls back on ours. The bytes and the descriptor must stay as they are until
   * then. In the callback, `errno` is that of the call.
   */
  sendInPool(
    descriptor: number,
    datagram: Uint8Array,
    length: number,
    flags: number,
    sent: (error: Error | null, octets: number) => void,
  ): void;
  address(buffer: Uint8Array): bigint;
  exit(code: number): void;
  errno(): number;
}

let loaded: Libc | undefined;

export function libc(): Libc {
  if (loaded !== undefined) return loaded;
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  const send = library.func('int64_t send(int, uint8_t *, size_t, int)');
  loaded = {
    setns: library.func('int setns(int, int)'),
    socket: library.func('int socket(int, int, int)'),
    bind: library.func('int bind(int, uint8_t *, uint32_t)'),
    connect: library.func('int connect(int, uint8_t *, uint32_t)'),
    close: library.func('int close(int)'),
    setsockopt: library.func('int setsockopt(int, int, int, uint8_t *, uint32_t)'),
    getsockopt: library.func('int getsockopt(int, int, int, uint32_t *, uint32_t *)'),
    getsockname: library.func('int getsockname(int, uint8_t *, uint32_t *)'),
    recv: library.func('int64_t recv(int, uint8_t *, size_t, int)'),
    recvmmsg: library.func('int recvmmsg(int, uint8_t *, unsigned int, int, void *)'),
    send,
    sendInPool: send.async,
    exit: library.func('void _exit(int)'),
    address: (buffer) => koffi.address(buffer),
    errno: () => koffi.errno(),
  };
  return loaded;
}
