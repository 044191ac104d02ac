import type { Prefix } from '../../base/index.ts';

/** One end of a TCP connection. An IPv6 link-local address carries its scope: `fe80::1%eth0`. */
export interface TcpEndpoint {
  readonly address: string;
  readonly port: number;
}

/** The calls of a connection to its owner. They never overlap and never come from inside a call to the connection. */
export interface ConnectionReceiver {
  /** Bytes in order. The chunk may be kept; it is not written to again. */
  data(chunk: Uint8Array): void;
  /** After `write` said false: everything was taken, go on. */
  drained(): void;
  /** The connection ended without our asking: once, and nothing follows. */
  closed(reason: string): void;
}

/** An open TCP connection, or a stand-in for one. */
export interface Connection {
  readonly local: TcpEndpoint;
  readonly remote: TcpEndpoint;
  /** Names the owner; to be called before the present turn of the event loop ends, or first bytes are lost. */
  receive(receiver: ConnectionReceiver): void;
  /** Queues bytes, in order. False: enough is queued, wait for `drained`. The bytes must not change afterwards. */
  write(bytes: Uint8Array): boolean;
  /** Bytes queued that the kernel has not taken. */
  readonly backlog: number;
  /** Bytes that the kernel has taken since the start: what a send-hold timer watches. */
  readonly taken: number;
  /** Stops taking bytes, so that the peer has to wait; those on their way may still come. Not every transport can. */
  pause?(): void;
  /** Takes bytes again. What came meanwhile may be delivered before this returns. */
  resume?(): void;
  /**
   * Ends it in order: sends what is queued, then half-closes and throws away what still arrives, so that a last
   * NOTIFICATION is not overtaken by a reset. Gone when the peer closes too, or after ten seconds.
   */
  end(): void;
  /** Ends it at once, with a TCP reset. */
  destroy(): void;
}

/** The settings below BGP that the two ends of a connection must agree on. */
export interface SocketSecurity {
  /** TCP-MD5 key (RFC 2385), at most 80 octets in UTF-8. A connection is never made without it. */
  readonly password?: string;
  /** GTSM (RFC 5082): the peer is at most so many hops away; 0 for off. */
  readonly ttlSecurity?: number;
  /** Hop limit of what we send; GTSM overrides it. */
  readonly multihop?: number;
}

export interface DialOptions extends SocketSecurity {
  readonly address: string;
  readonly port: number;
  readonly localAddress?: string;
}

/** How a dial ends: one of the two, once, unless it was cancelled. */
export interface DialReceiver {
  connected(connection: Connection): void;
  failed(reason: string): void;
}

/** A peer that may connect: one address, or (dynamic neighbours) any address in a range. */
export interface Admission extends SocketSecurity {
  readonly from: string | Prefix;
}

/** A peer that can't be let in, and why: its password or hop limit could not be installed. */
export interface AdmissionRefusal {
  readonly from: string | Prefix;
  readonly reason: string;
}

export interface ListenOptions {
  readonly address: string;
  /** 0 for any free one. */
  readonly port: number;
  /**
   * Accepted connections that have not sent a byte yet, at most, from each address or range that is let in (default
   * 1024). Further ones are closed; nobody is shut out by the silence of others.
   */
  readonly maxHalfOpen?: number;
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  /**
   * Sets who may connect, in place of whoever might before; nobody until then. Connections from others are closed
   * unread. Addresses take precedence over ranges, longer ranges over shorter ones.
   */
  admit(admissions: readonly Admission[]): readonly AdmissionRefusal[];
  /** Takes in what has changed: new and other admissions, and who may connect no more. */
  adjust(changed: readonly Admission[], gone: readonly Admission['from'][]): readonly AdmissionRefusal[];
  /** Stops listening. Connections that were accepted live on. */
  close(): void;
}

/** The only way from the speaker to the network: TCP, or a pipe in memory. */
export interface Transport {
  /** Starts to connect; the answer comes later. Returns how to give up. */
  dial(options: DialOptions, receiver: DialReceiver): () => void;
  /** `accept` is called for each connection that `admit` lets in. Rejects when the address can't be bound. */
  listen(options: ListenOptions, accept: (connection: Connection) => void): Promise<Listener>;
}
