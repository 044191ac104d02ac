import type { Cancel, Clock } from '../../base/index.ts';
import type { Connection, ConnectionReceiver, Transport } from '../transport/index.ts';
import { RtrError } from './decode.ts';
import { RtrFramer } from './framer.ts';
import { RtrSession } from './session.ts';

/** Where a cache is. */
export interface CacheAddress {
  readonly address: string;
  readonly port: number;
}

interface CacheLinkOptions {
  readonly at: CacheAddress;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly limit: number;
  /** The attempt is over, or the connection is gone: with or without an answer. */
  readonly failed: (reason: string) => void;
  /** All that the cache has is here. */
  readonly settled: () => void;
  /** What it says has changed. */
  readonly changed: () => void;
}

/** One cache: the connection to it, what it said, and why the last connection ended. */
export class CacheLink implements ConnectionReceiver {
  readonly at: CacheAddress;
  readonly #options: CacheLinkOptions;
  #session: RtrSession;
  #framer = new RtrFramer();
  #connection: Connection | undefined;
  #lastError: { readonly at: number; readonly reason: string } | undefined;
  #cancelDial: Cancel = () => {};

  constructor(options: CacheLinkOptions) {
    this.at = options.at;
    this.#options = options;
    this.#session = this.#begin();
  }

  get session(): RtrSession {
    return this.#session;
  }

  get lastError(): { readonly at: number; readonly reason: string } | undefined {
    return this.#lastError;
  }

  dial(): void {
    this.#cancelDial = this.#options.transport.dial(this.at, {
      connected: (connection) => {
        this.#connection = connection;
        this.#framer = new RtrFramer();
        connection.receive(this);
        this.#session.connected();
      },
      failed: (reason) => this.#failed(reason),
    });
  }

  /** Leaves the cache; what it said stays until it expires. */
  leave(): void {
    this.#cancelDial();
    this.#connection?.end();
    this.#connection = undefined;
    this.#session.disconnected();
  }

  /** Leaves the cache, and forgets what it said. */
  forget(): void {
    this.leave();
    this.#session.stop();
    this.#session = this.#begin();
  }

  data(chunk: Uint8Array): void {
    const framer = this.#framer;
    try {
      for (const message of framer.push(chunk)) {
        this.#session.received(message);
        if (this.#framer !== framer) return;
      }
    } catch (error) {
      if (!(error instanceof RtrError)) throw error;
      this.#session.refuse(error, new Uint8Array(0));
    }
  }

  drained(): void {}

  closed(reason: string): void {
    this.#connection = undefined;
    this.#session.disconnected();
    this.#failed(reason);
  }

  #begin(): RtrSession {
    const { clock, limit, settled, changed } = this.#options;
    return new RtrSession(
      clock,
      {
        send: (message) => void this.#connection?.write(message),
        drop: (reason, again) => this.#drop(reason, again),
        settled,
        changed,
      },
      limit,
    );
  }

  #drop(reason: string, again: 'now' | 'later'): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#framer = new RtrFramer();
    connection?.end();
    if (again === 'later') this.#failed(reason);
    else this.#cancelDial = this.#options.clock.soon(() => this.dial());
  }

  #failed(reason: string): void {
    this.#lastError = { at: this.#options.clock.wallTime(), reason };
    this.#options.failed(reason);
  }
}
