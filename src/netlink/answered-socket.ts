import { KernelError } from './errors.ts';
import { libc } from './libc.ts';
import { openRequestDescriptor, receiveQueued } from './request-descriptor.ts';
import type { NetlinkSocket, SocketEvents } from './socket.ts';
import { enableNetlinkOption, NETLINK_GET_STRICT_CHK } from './socket-options.ts';

/** The kernel never makes a larger datagram of a dump. */
const LONGEST = 32 * 1024;

export interface AnsweredSocketOptions {
  readonly namespace?: string;
  /**
   * Sends on a thread of libuv's pool: for requests that keep the kernel busy for milliseconds, as the end of a link
   * does, while the event loop goes on. Otherwise the answer has come when `send` returns.
   */
  readonly inPool?: boolean;
}

/**
 * Opens a socket that is read when it was written to, and at no other time: rtnetlink carries a request out inside
 * `send` and leaves the answer in the queue. It costs the event loop nothing, neither to open nor to close.
 */
export function openAnsweredSocket(events: SocketEvents, options: AnsweredSocketOptions = {}): NetlinkSocket {
  const { inPool = false, ...place } = options;
  const { descriptor, port } = openRequestDescriptor(place);
  enableNetlinkOption(descriptor, NETLINK_GET_STRICT_CHK);
  return new AnsweredSocket(descriptor, port, events, inPool);
}

class AnsweredSocket implements NetlinkSocket {
  readonly port: number;
  readonly #descriptor: number;
  readonly #events: SocketEvents;
  readonly #inPool: boolean;
  readonly #received = new Uint8Array(LONGEST);
  #underWay = 0;
  #closed = false;

  constructor(descriptor: number, port: number, events: SocketEvents, inPool: boolean) {
    this.port = port;
    this.#descriptor = descriptor;
    this.#events = events;
    this.#inPool = inPool;
  }

  send(datagram: Uint8Array, sent: (error?: Error) => void): void {
    if (!this.#inPool) {
      this.#answered(libc().send(this.#descriptor, datagram, datagram.length, 0), sent);
      return;
    }
    this.#underWay++;
    libc().sendInPool(this.#descriptor, datagram, datagram.length, 0, (error, octets) => {
      this.#underWay--;
      if (this.#closed) this.#release();
      else if (error !== null) sent(error);
      else this.#answered(octets, sent);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
  }

  /** A thread that has not come to its call yet would find another file under this number. */
  #release(): void {
    if (this.#underWay === 0) libc().close(this.#descriptor);
  }

  #answered(octets: number, sent: (error?: Error) => void): void {
    if (octets < 0) {
      sent(KernelError.fromErrno(libc().errno(), 'sending to the kernel'));
      return;
    }
    sent();
    while (!this.#closed) {
      const length = receiveQueued(this.#descriptor, this.#received);
      if (length === undefined) return;
      if (length >= 0) this.#events.message(this.#received.slice(0, length));
      // ENOBUFS: some answers found no room.
      else this.#events.overflow();
    }
  }
}
