import type { Socket } from 'node:net';
import type { Cancel, Clock } from '../../base/index.ts';
import { canonicalAddress } from './canonical-address.ts';
import type { Connection, ConnectionReceiver, Endpoint } from './transport.ts';

/** Milliseconds that a half-closed connection waits for the peer to read the rest. */
const LINGER = 10_000;

/** Bytes queued in one connection before `write` asks for a pause: enough to keep the kernel busy, no more. */
export const HIGH_WATER = 256 * 1024;

/** A `net.Socket` that is connected. */
export class TcpConnection implements Connection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #socket: Socket;
  readonly #clock: Clock;
  #receiver: ConnectionReceiver | undefined;
  #reason: string | undefined;
  #stopLinger: Cancel | undefined;

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.local = endpoint(socket.localAddress, socket.localPort);
    this.remote = endpoint(socket.remoteAddress, socket.remotePort);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receiver?.data(chunk));
    socket.on('drain', () => this.#receiver?.drained());
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => {
      this.#reason = error.message;
    });
    socket.on('close', () => this.#closed());
  }

  receive(receiver: ConnectionReceiver): void {
    this.#receiver = receiver;
  }

  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  get taken(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  end(): void {
    if (this.#stopLinger) return;
    this.#receiver = undefined;
    this.#socket.end();
    this.#stopLinger = this.#clock.after(LINGER, () => this.#socket.destroy());
  }

  destroy(): void {
    this.#receiver = undefined;
    this.#socket.resetAndDestroy();
  }

  #ended(): void {
    this.#reason = 'the peer closed the connection';
    this.#socket.destroy();
  }

  #closed(): void {
    this.#stopLinger?.();
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.closed(this.#reason ?? 'the connection closed');
  }
}

function endpoint(address: string | undefined, port: number | undefined): Endpoint {
  return { address: canonicalAddress(address ?? ''), port: port ?? 0 };
}
