import { KernelError } from './errors.ts';
import { libc } from './libc.ts';
import { openRequestDescriptor, type RequestPlace, receiveQueued } from './request-descriptor.ts';
import { growReceiveBuffer, growSendBuffer } from './socket-options.ts';

/** Octets of receive buffer that one answer takes, its bookkeeping in the kernel included: twice what was seen. */
const ANSWER_COST = 2048;
const RECEIVE_BUFFER = 4 * 1024 * 1024;
const SEND_BUFFER = 512 * 1024;
/** The kernel never makes a larger datagram of a dump. */
const LONGEST_ANSWER = 32 * 1024;

/** A socket for datagrams of many requests. Tests put a scripted one in its place. */
export interface BatchSocket {
  readonly port: number;
  /** Requests in one datagram whose answers are sure to find room, even if each of them is refused. */
  readonly room: number;
  /**
   * Resolves when the kernel has carried out the datagram, and `answer` has seen each of its answers. The datagram must
   * stay as it is until then; one at a time.
   */
  exchange(datagram: Uint8Array, answer: (answer: Uint8Array) => void): Promise<void>;
  /** Closes after what is under way is finished. */
  close(): void;
}

export interface BatchSocketOptions extends RequestPlace {
  /** Octets of the longest datagram. */
  readonly sendBuffer?: number;
}

/**
 * Opens a socket whose sending runs on libuv's thread pool. rtnetlink and nftables carry out a whole datagram inside
 * `send`, some four microseconds a route, and queue their answers meanwhile: so the event loop goes on, and when it
 * hears of the end, all answers are there to be read.
 */
export function openBatchSocket({ sendBuffer = SEND_BUFFER, ...place }: BatchSocketOptions = {}): BatchSocket {
  const { descriptor, port } = openRequestDescriptor(place);
  growSendBuffer(descriptor, sendBuffer);
  return new PoolSocket(descriptor, port, Math.floor(growReceiveBuffer(descriptor, RECEIVE_BUFFER) / ANSWER_COST));
}

class PoolSocket implements BatchSocket {
  readonly port: number;
  readonly room: number;
  readonly #descriptor: number;
  readonly #received = new Uint8Array(LONGEST_ANSWER);
  #underWay = false;
  #closed = false;

  constructor(descriptor: number, port: number, room: number) {
    this.#descriptor = descriptor;
    this.port = port;
    this.room = room;
  }

  async exchange(datagram: Uint8Array, answer: (answer: Uint8Array) => void): Promise<void> {
    if (this.#closed) throw new KernelError('CLOSED', 'netlink', 'the socket was closed');
    this.#underWay = true;
    try {
      await this.#send(datagram);
      for (let message = this.#receive(); message !== undefined; message = this.#receive()) answer(message);
    } finally {
      this.#underWay = false;
      if (this.#closed) libc().close(this.#descriptor);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A thread that has not come to its call yet would find another file under this number.
    if (!this.#underWay) libc().close(this.#descriptor);
  }

  #send(datagram: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      libc().sendInPool(this.#descriptor, datagram, datagram.length, 0, (error, octets) => {
        if (error !== null) reject(new KernelError('EIO', 'sending to the kernel', error.message, { cause: error }));
        else if (octets < 0) reject(KernelError.fromErrno(libc().errno(), 'sending to the kernel'));
        else resolve();
      });
    });
  }

  /** The next answer, in a buffer that the one after it overwrites; undefined when there are no more. */
  #receive(): Uint8Array | undefined {
    const length = receiveQueued(this.#descriptor, this.#received);
    if (length === undefined) return undefined;
    // ENOBUFS: some answers found no room.
    if (length < 0) throw KernelError.fromErrno(-length, 'reading the answers of the kernel');
    return this.#received.subarray(0, length);
  }
}
