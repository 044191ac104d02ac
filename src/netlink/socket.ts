import { RawNetlinkSocket } from 'netlink';
import {
  attachFilter,
  enableNetlinkOption,
  forceReceiveBuffer,
  inNetworkNamespace,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  socketDescriptor,
} from './namespace.ts';

const NETLINK_ROUTE = 0;
/** A datagram of a dump is at most 32 KiB, whatever we offer. */
const DUMP_BYTES = 32 * 1024;
/** Links with many virtual functions make the largest notifications; whatever is larger still means "list again". */
const NOTIFICATION_BYTES = 8 * 1024;

/** A bound rtnetlink socket: datagrams in, datagrams out. Tests put a scripted one in its place. */
export interface NetlinkSocket {
  readonly port: number;
  /** Sends at once; the buffer must stay as it is until `sent` was called. */
  send(datagram: Uint8Array, sent: (error?: Error) => void): void;
  close(): void;
}

export interface SocketEvents {
  message(datagram: Uint8Array): void;
  /** Messages were lost: the receive buffer overflowed (`ENOBUFS`), or one was longer than the buffer. */
  overflow(): void;
  /** The socket is of no more use. */
  error(error: Error): void;
}

export interface SocketOptions {
  /** Namespace to be born in; default: the one of this thread. */
  readonly namespace?: string;
  /** RTNLGRP_* to join: such a socket gets notifications. */
  readonly groups?: readonly number[];
  readonly receiveBuffer?: number;
  /** Makes the BPF program that chooses what is received, given the ports of our own requests. */
  readonly filter?: Uint8Array;
}

const DEFAULT_RECEIVE_BUFFER = 4 * 1024 * 1024;

/**
 * Opens a socket on NETLINK_ROUTE. Extended acknowledgements, short acknowledgements and strict checking are switched
 * on where the kernel has them; without them errors have fewer words and dumps are filtered by us alone.
 */
export function openSocket(events: SocketEvents, options: SocketOptions = {}): NetlinkSocket {
  const { namespace, groups = [], receiveBuffer = DEFAULT_RECEIVE_BUFFER, filter } = options;
  const create = () =>
    new RawNetlinkSocket(NETLINK_ROUTE, {
      messagePeeking: false,
      msgBufferSize: groups.length > 0 ? NOTIFICATION_BYTES : DUMP_BYTES,
      recvBufferSize: receiveBuffer,
      sendBufferSize: DEFAULT_RECEIVE_BUFFER,
    });
  const socket = namespace === undefined ? create() : inNetworkNamespace(namespace, create);
  try {
    const port = socket.address().port;
    const descriptor = socketDescriptor(port);
    if (descriptor !== undefined) {
      for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK])
        enableNetlinkOption(descriptor, option);
      forceReceiveBuffer(descriptor, receiveBuffer);
      if (filter !== undefined) attachFilter(descriptor, filter);
    }
    for (const group of groups) socket.addMembership(group);
    socket.on('message', (datagram) => events.message(datagram));
    socket.on('truncatedMessage', () => events.overflow());
    socket.on('error', (error) => (error.code === 'ENOBUFS' ? events.overflow() : events.error(error)));
    return {
      port,
      send: (datagram, sent) => socket.send(datagram, {}, sent),
      close: () => socket.close(),
    };
  } catch (error) {
    socket.close();
    throw error;
  }
}
