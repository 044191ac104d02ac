import { Backoff, type Cancel, type Clock, type Log, type Prefix, silentLog } from '../../base/index.ts';
import type { OriginValidity } from '../api.ts';
import { type Connection, type ConnectionReceiver, type Transport, tcpTransport } from '../transport/index.ts';
import { RtrError } from './decode.ts';
import { RtrFramer } from './framer.ts';
import { RtrSession } from './session.ts';

/** Prefixes that are kept at most: some four times what all of the Internet has. */
const LIMIT = 2_000_000;

export interface RtrClientOptions {
  /** In order of preference: the next one is asked when one can't be had. */
  readonly caches: readonly { readonly address: string; readonly port: number }[];
  readonly clock: Clock;
  /** Default: TCP. */
  readonly transport?: Transport;
  /** Prefixes that are kept at most; default 2,000,000. A cache with more is refused, and what there was stays. */
  readonly limit?: number;
  /** Called when the data that routes are judged by has changed: judge them again. */
  readonly onChange?: () => void;
  readonly log?: Log;
}

/** How a client is. */
export interface RtrStatus {
  /** The cache that is connected, or that will be dialled. */
  readonly cache: { readonly address: string; readonly port: number };
  /** It has told all that it has. */
  readonly settled: boolean;
  /** 0 or 1, as agreed. */
  readonly version: number;
  /** Of the data; undefined while there is none, or none that a cache could add to. */
  readonly data: { readonly sessionId: number; readonly serial: number } | undefined;
  /** Validated payloads by family. */
  readonly ipv4: number;
  readonly ipv6: number;
  /** Why the last connection ended, while it is not settled again. */
  readonly problem: string | undefined;
}

/**
 * A router's client of RPKI caches (RFC 8210): dials, keeps the table of who may announce what, and judges routes by it
 * (RFC 6811). A cache that is lost is dialled again with growing waits, the others in turn; what it said holds until it
 * expires.
 */
export class RtrClient implements ConnectionReceiver {
  readonly #options: RtrClientOptions;
  readonly #transport: Transport;
  readonly #log: Log;
  readonly #session: RtrSession;
  #backoff = backoff(600);
  #framer = new RtrFramer();
  #connection: Connection | undefined;
  #at = 0;
  /** The index of the cache that the data is from. */
  #source = -1;
  #problem: string | undefined;
  #running = false;
  #cancelDial: Cancel = () => {};
  #cancelRetry: Cancel = () => {};

  constructor(options: RtrClientOptions) {
    const { clock, transport = tcpTransport(clock), limit = LIMIT, log = silentLog } = options;
    this.#options = options;
    this.#transport = transport;
    this.#log = log;
    this.#session = new RtrSession(
      clock,
      {
        send: (message) => void this.#connection?.write(message),
        drop: (reason, again) => this.#drop(reason, again),
        changed: () => options.onChange?.(),
        settled: () => this.#settled(),
      },
      limit,
    );
  }

  get status(): RtrStatus {
    const { table, settled, version, data } = this.#session;
    const cache = this.#options.caches[this.#at];
    return { cache, settled, version, data, ipv4: table.sizeOf(4), ipv6: table.sizeOf(6), problem: this.#problem };
  }

  /** `origin`: the AS that the path ends in; undefined where that is an AS_SET. Without data all is not-found. */
  validate(prefix: Prefix, origin: number | undefined): OriginValidity {
    return this.#session.table.validate(prefix, origin);
  }

  start(): void {
    if (this.#running || this.#options.caches.length === 0) return;
    this.#running = true;
    this.#dial();
  }

  stop(): void {
    this.#running = false;
    this.#cancelDial();
    this.#cancelRetry();
    this.#session.stop();
    this.#connection?.end();
    this.#connection = undefined;
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
    this.#retry(reason);
  }

  #dial(): void {
    this.#cancelDial = this.#transport.dial(this.#options.caches[this.#at], {
      connected: (connection) => {
        this.#connection = connection;
        this.#framer = new RtrFramer();
        connection.receive(this);
        this.#session.connected(this.#source === this.#at);
      },
      failed: (reason) => this.#retry(reason),
    });
  }

  #settled(): void {
    this.#source = this.#at;
    this.#problem = undefined;
    this.#backoff = backoff(this.#session.intervals.retry);
  }

  #drop(reason: string, again: 'now' | 'later'): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#framer = new RtrFramer();
    connection?.end();
    if (again === 'later') this.#retry(reason);
    else this.#cancelRetry = this.#options.clock.soon(() => this.#dial());
  }

  /** On to the next cache, at once as long as there is one that was not tried. */
  #retry(reason: string): void {
    this.#cancelRetry();
    if (!this.#running) return;
    const { caches, clock } = this.#options;
    this.#problem = reason;
    this.#log.warn({ cache: caches[this.#at].address }, `the RPKI cache is away: ${reason}`);
    this.#at = (this.#at + 1) % caches.length;
    const wait = this.#at === 0 ? this.#backoff.next() : 0;
    this.#cancelRetry = clock.after(wait, () => this.#dial());
  }
}

/** Waits up to what the cache asks for (RFC 8210 §6). */
function backoff(retry: number): Backoff {
  return new Backoff({ first: 1000, max: retry * 1000 });
}
