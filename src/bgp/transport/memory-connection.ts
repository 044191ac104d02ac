import type { Connection, ConnectionReceiver, Endpoint } from './transport.ts';

/** Bytes under way before `write` asks for a pause. */
const HIGH_WATER = 256 * 1024;

/** One end of a connection in memory. Bytes are under way until the other end has them. */
export class MemoryConnection implements Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #send: (action: () => void) => void;
  readonly #open: Set<MemoryConnection>;
  #peer: MemoryConnection | undefined;
  #receiver: ConnectionReceiver | undefined;
  #early: Uint8Array[] = [];
  #ended = false;
  #waiting = false;
  backlog = 0;
  taken = 0;

  constructor(local: Endpoint, remote: Endpoint, send: (action: () => void) => void, open: Set<MemoryConnection>) {
    this.local = local;
    this.remote = remote;
    this.#send = send;
    this.#open = open;
    open.add(this);
  }

  join(peer: MemoryConnection): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  receive(receiver: ConnectionReceiver): void {
    this.#receiver = receiver;
    for (const chunk of this.#early.splice(0)) receiver.data(chunk);
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#open.has(this) || this.#ended) return true;
    const copy = bytes.slice();
    this.backlog += copy.length;
    this.#send(() => this.#arrive(copy));
    this.#waiting = this.backlog >= HIGH_WATER;
    return !this.#waiting;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#receiver = undefined;
    this.#send(() => this.#peer?.break('the peer closed the connection'));
  }

  destroy(): void {
    if (!this.#open.delete(this)) return;
    this.#receiver = undefined;
    this.#send(() => this.#peer?.break('connection reset by the peer'));
  }

  /** This end learns that the connection is gone; the other end too, if it has not left already. */
  break(reason: string): void {
    if (!this.#open.delete(this)) return;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    const peer = this.#peer;
    this.#send(() => peer?.break('connection reset by the peer'));
    receiver?.closed(reason);
  }

  #arrive(bytes: Uint8Array): void {
    this.backlog -= bytes.length;
    this.taken += bytes.length;
    const peer = this.#peer;
    if (peer) peer.#take(bytes);
    if (!this.#waiting || this.backlog > 0) return;
    this.#waiting = false;
    this.#receiver?.drained();
  }

  #take(bytes: Uint8Array): void {
    if (!this.#open.has(this) || this.#ended) return;
    if (this.#receiver) this.#receiver.data(bytes);
    else this.#early.push(bytes);
  }
}
