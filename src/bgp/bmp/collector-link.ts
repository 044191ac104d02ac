import { Backoff, type Cancel, type Clock, type Log } from '../../base/index.ts';
import type { Connection, ConnectionReceiver, DialReceiver, Transport } from '../transport/index.ts';

/** Octets of news that may wait for a collector that reads slowly. One that needs more starts again from the tables. */
const BUFFER = 16 * 1024 * 1024;

/** Where the collector is, and how much may wait for it. */
export interface LinkOptions {
  readonly collector: { readonly address: string; readonly port: number };
  readonly clock: Clock;
  /** Octets; default 16 MiB. */
  readonly buffer?: number;
}

/** A source of messages for the collector. */
export interface Teller {
  /** There is a new connection. */
  begin(): void;
  /** The collector has read all that was written: `blocked` is over. */
  drained(): void;
}

/** The connection to a collector: dialled, dialled again with growing waits, and given up when news pile up. */
export class CollectorLink implements DialReceiver, ConnectionReceiver {
  readonly #options: LinkOptions;
  readonly #transport: Transport;
  readonly #log: Log;
  readonly #teller: Teller;
  readonly #backoff = new Backoff({ first: 1000, max: 720_000 });
  #connection: Connection | undefined;
  #cancelDial: Cancel = () => {};
  #cancelRetry: Cancel = () => {};
  #running = false;
  #blocked = false;
  /** Octets of tables that were written since it last had read all. */
  #tableOctets = 0;

  constructor(options: LinkOptions, transport: Transport, log: Log, teller: Teller) {
    this.#options = options;
    this.#transport = transport;
    this.#log = log;
    this.#teller = teller;
  }

  get up(): boolean {
    return this.#connection !== undefined;
  }

  /** The collector wants a pause. */
  get blocked(): boolean {
    return this.#blocked;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#dial();
  }

  /** Says goodbye and stays away. */
  stop(goodbye: Uint8Array): void {
    this.#running = false;
    this.#cancelDial();
    this.#cancelRetry();
    this.#connection?.write(goodbye);
    this.#connection?.end();
    this.#connection = undefined;
  }

  /** Sends part of a table: bounded by it, and no faster than it is read. */
  sendTable(message: Uint8Array): void {
    this.#tableOctets += message.length;
    this.#write(message);
  }

  /** Sends what happens now: that must not pile up. */
  send(message: Uint8Array): void {
    this.#write(message);
    const connection = this.#connection;
    const { buffer = BUFFER } = this.#options;
    if (connection === undefined || connection.backlog - this.#tableOctets <= buffer) return;
    this.#connection = undefined;
    connection.destroy();
    this.#retry(`it reads too slowly: more than ${buffer} octets wait for it`);
  }

  /** The collector knows all: should it go away, it is dialled again soon. */
  settled(): void {
    this.#backoff.reset();
  }

  connected(connection: Connection): void {
    if (!this.#running) {
      connection.destroy();
      return;
    }
    this.#connection = connection;
    this.#blocked = false;
    this.#tableOctets = 0;
    connection.receive(this);
    this.#teller.begin();
  }

  failed(reason: string): void {
    this.#retry(reason);
  }

  /** A collector has nothing to say (§3.2). */
  data(): void {}

  drained(): void {
    this.#blocked = false;
    this.#tableOctets = 0;
    this.#teller.drained();
  }

  closed(reason: string): void {
    this.#connection = undefined;
    this.#retry(reason);
  }

  #write(message: Uint8Array): void {
    if (this.#connection?.write(message) === false) this.#blocked = true;
  }

  #dial(): void {
    this.#cancelDial = this.#transport.dial(this.#options.collector, this);
  }

  #retry(reason: string): void {
    this.#cancelRetry();
    if (!this.#running) return;
    this.#log.warn({ collector: this.#options.collector.address }, `the BMP collector is away: ${reason}`);
    this.#cancelRetry = this.#options.clock.after(this.#backoff.next(), () => this.#dial());
  }
}
