import { createRequire } from 'node:module';
import { unixAddress } from '../../src/daemon/notify-socket.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;

/** The other end of `NOTIFY_SOCKET`: a real unix datagram socket, bound to a path or to `@name`. */
export class DatagramReceiver {
  readonly #descriptor: number;
  readonly #recv: (descriptor: number, buffer: Uint8Array, length: number, flags: number) => number;
  readonly #close: (descriptor: number) => number;

  constructor(name: string) {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const libc = koffi.load(null);
    const socket: (family: number, type: number, protocol: number) => number = libc.func('int socket(int, int, int)');
    const bind: (descriptor: number, address: Uint8Array, length: number) => number = libc.func(
      'int bind(int, uint8_t *, uint32_t)',
    );
    this.#recv = libc.func('int64_t recv(int, uint8_t *, size_t, int)');
    this.#close = libc.func('int close(int)');
    this.#descriptor = socket(AF_UNIX, SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
    const address = unixAddress(name);
    if (bind(this.#descriptor, address, address.length) !== 0) throw new Error(`bind ${name}: errno ${koffi.errno()}`);
  }

  /** What has come since the last time, a text for each datagram. */
  received(): readonly string[] {
    const texts: string[] = [];
    const buffer = Buffer.alloc(4096);
    for (;;) {
      const length = Number(this.#recv(this.#descriptor, buffer, buffer.length, 0));
      if (length < 0) return texts;
      texts.push(buffer.toString('utf8', 0, length));
    }
  }

  close(): void {
    this.#close(this.#descriptor);
  }
}
