import { OutOfBytes } from '../base/index.ts';
import type { ConnectionEvent, ConnectionEvents } from './connection-event.ts';
import { KernelError } from './errors.ts';
import { libc } from './libc.ts';
import { openRequestDescriptor, receiveQueued } from './request-descriptor.ts';
import { NETLINK_NETFILTER } from './socket.ts';
import {
  droppedMessages,
  enableNetlinkOption,
  growReceiveBuffer,
  joinGroup,
  NETLINK_NO_ENOBUFS,
} from './socket-options.ts';
import { decodeConnectionEvent, emptyConnectionEvent } from './wire/conntrack-event.ts';
import { forEachMessage } from './wire/message.ts';

/** NFNLGRP_CONNTRACK_NEW and NFNLGRP_CONNTRACK_DESTROY: updates say nothing that a flow is made of. */
const GROUPS = [1, 3] as const;
/** Octets of messages that wait: some six thousand, with what the kernel adds to each. */
const BUFFER = 4 * 1024 * 1024;
/** The kernel makes a datagram of a few hundred octets for each event. */
const LONGEST = 8192;

/**
 * Follows connections that begin and end, of one namespace. Nothing is read until somebody asks, so that a thousand
 * events cost one turn of the event loop and not a thousand.
 */
export function followConnections(
  namespace: string | undefined,
  stopped: () => void,
  buffer = BUFFER,
): ConnectionEvents {
  const place = { ...(namespace !== undefined && { namespace }), protocol: NETLINK_NETFILTER };
  const { descriptor } = openRequestDescriptor(place);
  enableNetlinkOption(descriptor, NETLINK_NO_ENOBUFS);
  growReceiveBuffer(descriptor, buffer);
  for (const group of GROUPS) {
    if (joinGroup(descriptor, group)) continue;
    const errno = libc().errno();
    libc().close(descriptor);
    throw KernelError.fromErrno(errno, 'following connections');
  }
  return new QueuedEvents(descriptor, stopped);
}

class QueuedEvents implements ConnectionEvents {
  readonly #descriptor: number;
  readonly #received = new Uint8Array(LONGEST);
  readonly #event: ConnectionEvent = emptyConnectionEvent();
  readonly #stopped: () => void;
  #malformed = 0;
  #dropped = 0;
  #isStopped = false;

  constructor(descriptor: number, stopped: () => void) {
    this.#descriptor = descriptor;
    this.#stopped = stopped;
  }

  get lost(): number {
    return this.#dropped + this.#malformed;
  }

  read(listener: (event: ConnectionEvent) => void, most: number): number {
    let count = 0;
    while (count < most && !this.#isStopped) {
      const length = receiveQueued(this.#descriptor, this.#received);
      if (length === undefined) break;
      count++;
      if (length >= 0) this.#decode(length, listener);
    }
    if (!this.#isStopped) this.#dropped = droppedMessages(this.#descriptor);
    return count;
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    libc().close(this.#descriptor);
    this.#stopped();
  }

  #decode(length: number, listener: (event: ConnectionEvent) => void): void {
    try {
      forEachMessage(this.#received.subarray(0, length), (message) => {
        if (decodeConnectionEvent(message, this.#event)) listener(this.#event);
      });
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof OutOfBytes)) throw error;
      this.#malformed++;
    }
  }
}
