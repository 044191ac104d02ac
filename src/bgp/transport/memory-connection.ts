import type { Connection, ConnectionReceiver, TcpEndpoint } from './transport.ts';

/** Bytes under way before `write` asks for a pause. */
const HIGH_WATER = 256 * 1024;

/** Something under way from one host to another, for one connection. It arrives, or is lost with a silent link. */
export interface Parcel {
  readonly from: string;
  readonly to: string;
  /** Tells connections apart: what one host sends for one connection stays in order. */
  readonly connection: number;
  arrive(): void;
}

/** The network that connections run through, as they see it. */
export interface Carrier {
  send(parcel: Parcel): void;
  /** The connection is open no more. */
  forget(connection: MemoryConnection): void;
}

/** One end of a connection in memory. Bytes are under way until the other end has them; nobody copies them. */
export class MemoryConnection implements Connection {
  readonly local: TcpEndpoint;
  readonly remote: TcpEndpoint;
  readonly number: number;
  readonly #carrier: Carrier;
  #peer: MemoryConnection | undefined;
  #receiver: ConnectionReceiver | undefined;
  /** The bytes that came before there was a receiver, or while none were wanted. */
  #early: Uint8Array[] | undefined;
  #open = true;
  #ended = false;
  #waiting = false;
  #paused = false;
  backlog = 0;
  taken = 0;

  constructor(local: TcpEndpoint, remote: TcpEndpoint, number: number, carrier: Carrier) {
    this.local = local;
    this.remote = remote;
    this.number = number;
    this.#carrier = carrier;
  }

  join(peer: MemoryConnection): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  receive(receiver: ConnectionReceiver): void {
    this.#receiver = receiver;
    this.#deliverEarly();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliverEarly();
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#open || this.#ended) return true;
    this.backlog += bytes.length;
    this.#carrier.send(new Sent(this, bytes));
    this.#waiting = this.backlog >= HIGH_WATER;
    return !this.#waiting;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#receiver = undefined;
    this.#carrier.send(new Sent(this, 'the peer closed the connection'));
  }

  destroy(): void {
    if (!this.#close()) return;
    this.#receiver = undefined;
    this.#reset();
  }

  /** This end learns that the connection is gone; the other end too, if it has not left already. */
  break(reason: string): void {
    if (!this.#close()) return;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.#reset();
    receiver?.closed(reason);
  }

  /** Bytes that this end wrote have come to the other one. */
  arrived(bytes: Uint8Array): void {
    this.backlog -= bytes.length;
    this.taken += bytes.length;
    this.#peer!.#take(bytes);
    if (!this.#waiting || this.backlog > 0) return;
    this.#waiting = false;
    this.#receiver?.drained();
  }

  /** The news that this end is gone has come to the other one. */
  parted(reason: string): void {
    this.#peer!.break(reason);
  }

  #take(bytes: Uint8Array): void {
    if (!this.#open || this.#ended) return;
    if (this.#receiver && !this.#paused) this.#receiver.data(bytes);
    else if (this.#early) this.#early.push(bytes);
    else this.#early = [bytes];
  }

  #deliverEarly(): void {
    const early = this.#early;
    while (early?.length && this.#receiver && !this.#paused) this.#receiver.data(early.shift()!);
    if (early?.length === 0) this.#early = undefined;
  }

  #reset(): void {
    if (this.#peer!.#open) this.#carrier.send(new Sent(this, 'connection reset by the peer'));
  }

  #close(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#carrier.forget(this);
    return true;
  }
}

/** A parcel from one end to the other: bytes, or the reason why it is gone. */
class Sent implements Parcel {
  readonly #end: MemoryConnection;
  readonly #content: Uint8Array | string;

  constructor(end: MemoryConnection, content: Uint8Array | string) {
    this.#end = end;
    this.#content = content;
  }

  get from(): string {
    return this.#end.local.address;
  }

  get to(): string {
    return this.#end.remote.address;
  }

  get connection(): number {
    return this.#end.number;
  }

  arrive(): void {
    if (typeof this.#content === 'string') this.#end.parted(this.#content);
    else this.#end.arrived(this.#content);
  }
}
