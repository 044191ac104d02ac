import { createConnection, type Socket } from 'node:net';
import { stampArrivals, takeArrival } from './arrivals.ts';
import { KEEPALIVE, MessageReader, openMessage } from './raw-bgp.ts';

export interface RawPeerOptions {
  /** Where the daemon listens. */
  readonly daemon: string;
  readonly address: string;
  readonly asn: number;
  readonly holdTime: number;
}

/** Milliseconds before another dial. */
const AGAIN = 200;

/** Read into by all peers of the process: what is read is looked at before anything else is. */
const buffer = Buffer.alloc(512 * 1024);

/** One session of a measurement: dials until it is up, counts what it is told, and how often it was cut off. */
export class RawPeer {
  readonly options: RawPeerOptions;
  announced = 0;
  withdrawn = 0;
  /** Connections that were made and then lost, NOTIFICATION or not. */
  drops = 0;
  /** Sessions that were up and then lost. */
  flaps = 0;
  isUp = false;
  /** When an UPDATE last came: `performance.now`. */
  heardAt = 0;
  onUp: (() => void) | undefined;
  #socket: Socket | undefined;
  #ended = false;

  constructor(options: RawPeerOptions) {
    this.options = options;
  }

  dial(): void {
    const { daemon, address, asn, holdTime } = this.options;
    const reader = new MessageReader({
      open: () => socket.write(KEEPALIVE),
      keepalive: () => {
        if (this.isUp) return;
        this.isUp = true;
        this.onUp?.();
      },
      notification() {},
      update: (announced, withdrawn) => {
        this.announced += announced;
        this.withdrawn += withdrawn;
        this.heardAt = performance.now();
      },
    });
    const onread = {
      buffer,
      callback: (length: number) => {
        reader.read(buffer.subarray(0, length));
        return true;
      },
    };
    const socket: Socket = createConnection({ host: daemon, port: 179, localAddress: address, onread });
    let connected = false;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('connect', () => {
      connected = true;
      socket.write(openMessage(asn, address, holdTime));
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#ended) return;
      if (connected) this.drops++;
      if (this.isUp) this.flaps++;
      this.isUp = false;
      setTimeout(() => this.dial(), AGAIN).unref();
    });
  }

  write(messages: Buffer): void {
    this.#socket?.write(messages);
  }

  /** Resolves when the kernel has all of it. */
  writeAll(messages: Buffer): Promise<void> {
    return new Promise((resolve) => this.#socket?.write(messages, () => resolve()));
  }

  /** From now on nothing is read but by `arrived`. */
  leaveUnread(): void {
    if (this.#socket) stampArrivals(this.#socket);
  }

  /** When what has come since the last call came, by `now` of arrivals.ts. */
  arrived(): number | undefined {
    return this.#socket && takeArrival(this.#socket);
  }

  keepalive(): void {
    if (this.isUp) this.#socket?.write(KEEPALIVE);
  }

  end(): void {
    this.#ended = true;
    this.#socket?.destroy();
  }
}
