import { closeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inNetworkNamespace } from '../../src/netlink/namespace.ts';

const AF_PACKET = 17;
const SOCK_RAW = 3;

/** Sends whole Ethernet frames from an interface of a namespace, as nobody who means well would make them. */
export class RawFrames {
  readonly #descriptor: number;
  /** Struct `sockaddr_ll` of linux/if_packet.h. */
  readonly #to = Buffer.alloc(20);
  readonly #sendto: (
    socket: number,
    frame: Uint8Array,
    length: number,
    flags: number,
    to: Uint8Array,
    size: number,
  ) => number;

  /** `index`: that of the interface in the namespace at this path. */
  constructor(namespace: string, index: number) {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const libc = koffi.load(null);
    const socket: (family: number, type: number, protocol: number) => number = libc.func('int socket(int, int, int)');
    this.#sendto = libc.func('int64_t sendto(int, uint8_t *, size_t, int, uint8_t *, uint32_t)');
    this.#descriptor = inNetworkNamespace(namespace, () => socket(AF_PACKET, SOCK_RAW, 0));
    this.#to.writeUInt16LE(AF_PACKET, 0);
    this.#to.writeInt32LE(index, 4);
    this.#to.writeUInt8(6, 11);
  }

  send(frame: Uint8Array): void {
    const sent = this.#sendto(this.#descriptor, frame, frame.length, 0, this.#to, this.#to.length);
    if (Number(sent) !== frame.length) throw new Error(`a frame of ${frame.length} octets is refused`);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
