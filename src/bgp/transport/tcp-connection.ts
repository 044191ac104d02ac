import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Cancel, Clock } from '../../base/index.ts';
import { canonicalAddress } from './canonical-address.ts';
import { descriptorOf } from './descriptor.ts';
import type { Connection, ConnectionReceiver, TcpEndpoint } from './transport.ts';

/** Milliseconds that a half-closed connection waits for the peer to read the rest. */
const LINGER = 10_000;

/** Bytes queued in one connection before `write` asks for a pause: enough to keep the kernel busy, no more. */
export const HIGH_WATER = 256 * 1024;

/** A `net.Socket` that is connected. */
export class TcpConnection implements Connection {
  readonly local: TcpEndpoint;
  readonly remote: TcpEndpoint;
  readonly #socket: Socket;
  readonly #clock: Clock;
  #receiver: ConnectionReceiver | undefined;
  #reason: string | undefined;
  #stopLinger: Cancel | undefined;
  /** Bytes that the kernel took without the stream. */
  #direct = 0;

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
    const written = this.#socket.writableLength === 0 ? this.#writeNow(bytes) : 0;
    return written === bytes.length || this.#socket.write(written === 0 ? bytes : bytes.subarray(written));
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  get taken(): number {
    return this.#direct + this.#socket.bytesWritten - this.#socket.writableLength;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    if (this.#stopLinger) return;
    this.#receiver = undefined;
    this.#socket.resume();
    this.#socket.end();
    this.#stopLinger = this.#clock.after(LINGER, () => this.#socket.destroy());
  }

  destroy(): void {
    this.#receiver = undefined;
    this.#socket.resetAndDestroy();
  }

  /**
   * Past the stream, straight to the kernel, which mostly has room: a change that goes to hundreds of peers is with
   * the last of them in half the time. Answers how much it took; the stream waits for room for the rest, or meets the
   * same error and tells of it.
   */
  #writeNow(bytes: Uint8Array): number {
    const descriptor = descriptorOf(this.#socket);
    if (descriptor === undefined) return 0;
    try {
      const written = writeSync(descriptor, bytes, 0, bytes.length, null);
      this.#direct += written;
      return written;
    } catch {
      return 0;
    }
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

function endpoint(address: string | undefined, port: number | undefined): TcpEndpoint {
  return { address: canonicalAddress(address ?? ''), port: port ?? 0 };
}
