import type { ConnectionEvent, ConnectionEvents } from './connection-event.ts';
import { DatagramBatch } from './datagram-batch.ts';
import { KernelError } from './errors.ts';
import { libc } from './libc.ts';
import { openRequestDescriptor } from './request-descriptor.ts';
import { NETLINK_NETFILTER } from './socket.ts';
import {
  droppedMessages,
  enableNetlinkOption,
  growReceiveBuffer,
  joinGroup,
  NETLINK_NO_ENOBUFS,
} from './socket-options.ts';
import { decodeConnectionEvent, emptyConnectionEvent } from './wire/conntrack-event.ts';
import { MessageCursor } from './wire/message.ts';

/** NFNLGRP_CONNTRACK_NEW and NFNLGRP_CONNTRACK_DESTROY: updates say nothing that a flow is made of. */
const GROUPS = [1, 3] as const;
/** Octets of messages that wait: some twelve thousand, with what the kernel adds to each. */
const BUFFER = 8 * 1024 * 1024;
/** Datagrams that are read at once, and octets of each: the kernel makes one of a few hundred for each event. */
const [AT_ONCE, LONGEST] = [64, 2048];

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
  readonly #batch = new DatagramBatch(AT_ONCE, LONGEST);
  readonly #messages = new MessageCursor(this.#batch.bytes);
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
      const wanted = Math.min(AT_ONCE, most - count);
      const received = this.#batch.receive(this.#descriptor, wanted);
      for (let index = 0; index < received && !this.#isStopped; index++) this.#decode(index, listener);
      count += received;
      if (received < wanted) break;
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

  #decode(index: number, listener: (event: ConnectionEvent) => void): void {
    const messages = this.#messages;
    messages.open(index * this.#batch.room, this.#batch.lengthOf(index));
    try {
      while (messages.next()) if (decodeConnectionEvent(messages, this.#event)) listener(this.#event);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#malformed++;
    }
  }
}
