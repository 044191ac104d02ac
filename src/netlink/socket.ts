import { RawNetlinkSocket } from 'netlink';
import { systemClock } from '../base/index.ts';
import { KernelError } from './errors.ts';
import { inPlace } from './namespace.ts';
import {
  attachFilter,
  droppedMessages,
  enableNetlinkOption,
  growReceiveBuffer,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_NO_ENOBUFS,
  socketDescriptor,
} from './socket-options.ts';

const NETLINK_ROUTE = 0;
/** Netfilter's subsystems, nftables among them. */
export const NETLINK_NETFILTER = 12;
/** Families that register by name, such as `wireguard`. */
export const NETLINK_GENERIC = 16;
const OPTIONS = [NETLINK_NO_ENOBUFS, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK];

/** A bound netlink socket: datagrams in, datagrams out. Tests put a scripted one in its place. */
export interface NetlinkSocket {
  readonly port: number;
  /** Sends at once; the buffer must stay as it is until `sent` was called. */
  send(datagram: Uint8Array, sent: (error?: Error) => void): void;
  close(): void;
}

export interface SocketEvents {
  message(datagram: Uint8Array): void;
  /** Messages were lost: the receive buffer overflowed. */
  overflow(): void;
  /** The socket is of no more use. */
  error(error: Error): void;
}

export interface SocketOptions {
  /** Default: NETLINK_ROUTE. */
  readonly protocol?: number;
  /** Namespace to be born in; default: the one of this thread. */
  readonly namespace?: string;
  /** RTNLGRP_* to join: such a socket gets notifications. */
  readonly groups?: readonly number[];
  readonly receiveBuffer?: number;
  /** Makes the BPF program that chooses what is received, given the ports of our own requests. */
  readonly filter?: Uint8Array;
}

/** Turns of the event loop after which an overflow is told though messages still pour in. */
const LONGEST_FLOOD = 5000;
const DEFAULT_RECEIVE_BUFFER = 4 * 1024 * 1024;

/**
 * Opens a socket. Extended acknowledgements, short acknowledgements and strict checking are switched
 * on where the kernel has them; without them errors have fewer words and dumps are filtered by us alone.
 */
export function openSocket(events: SocketEvents, options: SocketOptions = {}): NetlinkSocket {
  const { protocol = NETLINK_ROUTE, namespace, groups = [], receiveBuffer = DEFAULT_RECEIVE_BUFFER, filter } = options;
  const create = () =>
    new RawNetlinkSocket(protocol, {
      // A look at the length before each message costs a system call of 0.3 µs. Without it every answer, of mostly 36
      // bytes, holds a buffer for the largest until it is collected, and V8 does not know of it.
      messagePeeking: true,
      recvBufferSize: receiveBuffer,
      sendBufferSize: DEFAULT_RECEIVE_BUFFER,
    });
  const socket = inPlace(namespace, create);
  try {
    const port = socket.address().port;
    const descriptor = socketDescriptor(port);
    if (descriptor === undefined) throw new KernelError('EBADF', 'netlink socket', 'its descriptor was not found');
    for (const option of OPTIONS) enableNetlinkOption(descriptor, option);
    growReceiveBuffer(descriptor, receiveBuffer);
    if (filter !== undefined) attachFilter(descriptor, filter);
    for (const group of groups) socket.addMembership(group);
    return new Connection(socket, port, descriptor, events);
  } catch (error) {
    socket.close();
    throw error;
  }
}

/**
 * The package's socket, made safe. An exception that a listener throws would go back into native code and abort the
 * process: it is thrown on the next turn instead. An overflow that the kernel reports as an error of the socket would
 * abort it too: such reports are switched off (NETLINK_NO_ENOBUFS), and the count of lost messages is looked at after
 * each turn that brought some, which is when there can be news of it.
 */
class Connection implements NetlinkSocket {
  readonly port: number;
  readonly #socket: RawNetlinkSocket;
  readonly #descriptor: number;
  readonly #events: SocketEvents;
  #dropped = 0;
  #arrived = 0;
  #checking = false;
  /** Turns since messages were found lost, while more keep coming. */
  #floodTurns = 0;
  #closed = false;

  constructor(socket: RawNetlinkSocket, port: number, descriptor: number, events: SocketEvents) {
    this.port = port;
    this.#socket = socket;
    this.#descriptor = descriptor;
    this.#events = events;
    socket.on('message', (datagram) => {
      this.#arrived++;
      this.#checkSoon();
      if (this.#floodTurns === 0) this.#tell(() => events.message(datagram));
    });
    socket.on('error', (error) => this.#tell(() => events.error(error)));
  }

  send(datagram: Uint8Array, sent: (error?: Error) => void): void {
    this.#socket.send(datagram, {}, (error) => this.#tell(() => sent(error)));
  }

  /** Waits for the turn's end, because the package must not be closed from inside its own callbacks. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    systemClock.soon(() => this.#socket.close());
  }

  #tell(work: () => void): void {
    if (this.#closed) return;
    try {
      work();
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #checkSoon(): void {
    if (this.#checking) return;
    this.#checking = true;
    systemClock.soon(() => {
      this.#checking = false;
      if (!this.#closed) this.#check();
    });
  }

  /**
   * Tells of an overflow once, when the flood is over: a listing made in the midst of it would be out of date at once.
   * Until then messages are thrown away unread.
   */
  #check(): void {
    const dropped = droppedMessages(this.#descriptor);
    const lost = dropped !== this.#dropped;
    const drained = this.#arrived === 0;
    this.#dropped = dropped;
    this.#arrived = 0;
    if (!lost && this.#floodTurns === 0) return;
    this.#floodTurns++;
    if (drained || this.#floodTurns === LONGEST_FLOOD) {
      this.#floodTurns = 0;
      this.#tell(() => this.#events.overflow());
    } else this.#checkSoon();
  }
}
