import { libc } from './libc.ts';

const MSG_DONTWAIT = 0x40;
/** struct mmsghdr on machines of 64 bits: struct msghdr (its pointer to the iovec, how many), then the length received. */
const [HEADER, IOVEC_AT, IOVECS_AT, RECEIVED_AT] = [64, 16, 24, 56];
/** struct iovec: where to, and how much room there is. */
const [IOVEC, ROOM_AT] = [16, 8];

/** Room for datagrams that are there already, so that one system call brings many of them. */
export class DatagramBatch {
  readonly bytes: Uint8Array;
  /** Of each datagram. */
  readonly room: number;
  readonly #headers: Uint8Array;
  readonly #lengths: Uint32Array;
  /** Pointed to by the headers. */
  readonly #vectors: Uint8Array;

  constructor(count: number, room: number) {
    this.room = room;
    this.bytes = new Uint8Array(count * room);
    this.#headers = new Uint8Array(count * HEADER);
    this.#lengths = new Uint32Array(this.#headers.buffer);
    this.#vectors = new Uint8Array(count * IOVEC);
    const [bytes, vectors] = [libc().address(this.bytes), libc().address(this.#vectors)];
    const [header, vector] = [new DataView(this.#headers.buffer), new DataView(this.#vectors.buffer)];
    for (let at = 0; at < count; at++) {
      header.setBigUint64(at * HEADER + IOVEC_AT, vectors + BigInt(at * IOVEC), true);
      header.setBigUint64(at * HEADER + IOVECS_AT, 1n, true);
      vector.setBigUint64(at * IOVEC, bytes + BigInt(at * room), true);
      vector.setBigUint64(at * IOVEC + ROOM_AT, BigInt(room), true);
    }
  }

  /** How many datagrams have come: the first at the beginning of `bytes`, each other one `room` further. */
  receive(descriptor: number, most: number): number {
    return Math.max(0, libc().recvmmsg(descriptor, this.#headers, most, MSG_DONTWAIT, null));
  }

  /** Octets of a datagram; one that is longer than there is room for is cut. */
  lengthOf(index: number): number {
    return this.#lengths[(index * HEADER + RECEIVED_AT) / 4];
  }
}
