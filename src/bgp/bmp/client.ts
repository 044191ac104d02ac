import { Backoff, type Cancel, type Clock, type Log, silentLog } from '../../base/index.ts';
import type { SessionEnds, SessionRecord } from '../api.ts';
import { type Connection, type Transport, tcpTransport } from '../transport/index.ts';
import { MESSAGE } from '../wire/index.ts';
import {
  type BmpStatistics,
  encodeInitiation,
  encodePeerDown,
  encodePeerUp,
  encodeRouteMonitoring,
  encodeStatistics,
  encodeTermination,
  type PeerDownReason,
} from './messages.ts';

/** Octets that may wait for a collector that reads slowly. One that needs more starts again from the tables. */
const BUFFER = 16 * 1024 * 1024;
const STATISTICS_INTERVAL = 60;

export interface BmpClientOptions {
  readonly collector: { readonly address: string; readonly port: number };
  /** Default: TCP. */
  readonly transport?: Transport;
  readonly clock: Clock;
  readonly name: string;
  readonly description: string;
  /** UPDATEs that tell all that the peer has announced: for collectors that come late. */
  readonly table: (peer: string) => Iterable<Uint8Array>;
  readonly statistics: (peer: string) => BmpStatistics;
  /** Seconds between statistics reports; default 60, 0 for none. */
  readonly statisticsInterval?: number;
  /** Octets; default 16 MiB. */
  readonly buffer?: number;
  readonly log?: Log;
}

/** What is known of a session on the way up, and as long as it is up. */
interface Session {
  ends: SessionEnds;
  sentOpen: Uint8Array | undefined;
  receivedOpen: Uint8Array | undefined;
  down: PeerDownReason;
  up: boolean;
}

/**
 * Tells a collector what peers say (RFC 7854): hand it every `SessionRecord`. It dials, and dials again with growing
 * waits. A collector that comes late, or comes back, is told who is up and then their tables; nothing is stored for
 * one that is away.
 */
export class BmpClient {
  readonly #options: BmpClientOptions;
  readonly #log: Log;
  readonly #transport: Transport;
  readonly #backoff = new Backoff({ first: 1000, max: 720_000 });
  readonly #sessions = new Map<string, Session>();
  #connection: Connection | undefined;
  #cancelDial: Cancel = () => {};
  #cancelTimer: Cancel = () => {};
  #running = false;

  constructor(options: BmpClientOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#transport = options.transport ?? tcpTransport();
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#dial();
  }

  /** Says goodbye and stays away. */
  stop(reason = ''): void {
    this.#running = false;
    this.#cancelDial();
    this.#cancelTimer();
    this.#connection?.write(encodeTermination(0, reason));
    this.#connection?.end();
    this.#connection = undefined;
  }

  /** Something happened in a session. */
  record(record: SessionRecord): void {
    const key = keyOf(record);
    switch (record.kind) {
      case 'message':
        this.#message(key, record);
        break;
      case 'up': {
        const session = this.#session(key, record);
        session.up = true;
        session.ends = record;
        if (this.connected) this.#peerUp(session);
        break;
      }
      case 'down': {
        const session = this.#sessions.get(key);
        if (session?.up) this.#send(encodePeerDown(session.ends, this.#now(), session.down));
        this.#sessions.delete(key);
        break;
      }
    }
  }

  #message(key: string, record: SessionRecord & { kind: 'message' }): void {
    const { direction, bytes } = record;
    switch (bytes[18]) {
      case MESSAGE.OPEN: {
        const session = this.#session(key, record);
        if (direction === 'sent') session.sentOpen = bytes.slice();
        else session.receivedOpen = bytes.slice();
        break;
      }
      case MESSAGE.NOTIFICATION:
        this.#session(key, record).down = { kind: direction, notification: bytes.slice() };
        break;
      case MESSAGE.UPDATE:
        if (direction === 'received' && this.connected) {
          this.#send(encodeRouteMonitoring(record, this.#now(), bytes));
        }
        break;
    }
  }

  #session(key: string, ends: SessionEnds): Session {
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = { ends, sentOpen: undefined, receivedOpen: undefined, down: { kind: 'lost' }, up: false };
      this.#sessions.set(key, session);
    }
    return session;
  }

  #dial(): void {
    this.#cancelDial = this.#transport.dial(this.#options.collector, {
      connected: (connection) => this.#begin(connection),
      failed: (reason) => this.#retry(reason),
    });
  }

  #retry(reason: string): void {
    this.#cancelTimer();
    if (!this.#running) return;
    this.#log.warn({ collector: this.#options.collector.address }, `the BMP collector is away: ${reason}`);
    this.#cancelTimer = this.#options.clock.after(this.#backoff.next(), () => this.#dial());
  }

  #begin(connection: Connection): void {
    if (!this.#running) {
      connection.destroy();
      return;
    }
    this.#connection = connection;
    connection.receive({
      // A collector has nothing to say (§3.2).
      data: () => {},
      drained: () => {},
      closed: (reason) => {
        this.#connection = undefined;
        this.#retry(reason);
      },
    });
    const { name, description } = this.#options;
    this.#send(encodeInitiation(name, description));
    for (const session of this.#sessions.values()) {
      if (!session.up) continue;
      this.#peerUp(session);
      for (const update of this.#options.table(session.ends.peer)) {
        this.#send(encodeRouteMonitoring({ ...session.ends, fourOctetAs: true }, this.#now(), update));
      }
    }
    if (this.connected) this.#backoff.reset();
    this.#report();
  }

  #peerUp({ ends, sentOpen, receivedOpen }: Session): void {
    if (sentOpen && receivedOpen) this.#send(encodePeerUp(ends, this.#now(), sentOpen, receivedOpen));
  }

  /** Statistics now and then. */
  #report(): void {
    const { clock, statistics, statisticsInterval = STATISTICS_INTERVAL } = this.#options;
    this.#cancelTimer();
    if (statisticsInterval === 0 || !this.connected) return;
    this.#cancelTimer = clock.after(statisticsInterval * 1000, () => {
      for (const { up, ends } of this.#sessions.values()) {
        if (up) this.#send(encodeStatistics(ends, this.#now(), statistics(ends.peer)));
      }
      this.#report();
    });
  }

  #send(message: Uint8Array): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    connection.write(message);
    const { buffer = BUFFER } = this.#options;
    if (connection.backlog <= buffer) return;
    this.#connection = undefined;
    connection.destroy();
    this.#retry(`it reads too slowly: more than ${buffer} octets wait for it`);
  }

  #now(): number {
    return this.#options.clock.wallTime();
  }
}

function keyOf({ peer, local, remote }: SessionEnds): string {
  return `${peer} ${local.port} ${remote.port}`;
}
