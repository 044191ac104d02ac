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

/** Milliseconds that the telling of tables may take before others have their turn. */
const SLICE = 3;

/** What is known of a session on the way up, and as long as it is up. */
interface Session {
  ends: SessionEnds;
  sentOpen: Uint8Array | undefined;
  receivedOpen: Uint8Array | undefined;
  down: PeerDownReason;
  up: boolean;
  /** The collector knows that it is up. */
  told: boolean;
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
  /** Sessions whose tables a new collector has still to be told. */
  #untold: Session[] = [];
  #cancelTurn: Cancel = () => {};
  /** The collector wants a pause. */
  #blocked = false;
  /** Octets of tables that were written since it last had read all. */
  #tableOctets = 0;
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
    this.#cancelTurn();
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
        session.told = false;
        if (this.connected) this.#peerUp(session);
        break;
      }
      case 'down': {
        const session = this.#sessions.get(key);
        if (session?.told) this.#send(encodePeerDown(session.ends, this.#now(), session.down));
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
        // Of one that is not told yet the table will speak.
        if (direction === 'received' && this.connected && this.#sessions.get(key)?.told) {
          this.#send(encodeRouteMonitoring(record, this.#now(), bytes));
        }
        break;
    }
  }

  #session(key: string, ends: SessionEnds): Session {
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = { ends, sentOpen: undefined, receivedOpen: undefined, down: { kind: 'lost' }, up: false, told: false };
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
      drained: () => {
        this.#blocked = false;
        this.#tableOctets = 0;
        this.#tellTables();
      },
      closed: (reason) => {
        this.#connection = undefined;
        this.#retry(reason);
      },
    });
    const { name, description } = this.#options;
    this.#blocked = false;
    this.#tableOctets = 0;
    this.#send(encodeInitiation(name, description));
    this.#untold = [...this.#sessions.values()];
    for (const session of this.#untold) session.told = false;
    this.#tellTables();
    this.#report();
  }

  /**
   * Tells who is up and their tables: one session after another, as fast as the collector reads, some milliseconds at
   * a time. A table is told at one stroke, since the session may change it afterwards.
   */
  #tellTables(): void {
    this.#cancelTurn();
    const { clock } = this.#options;
    const end = clock.now() + SLICE;
    while (this.connected && !this.#blocked && this.#untold.length > 0) {
      if (clock.now() >= end) {
        this.#cancelTurn = clock.soon(() => this.#tellTables());
        return;
      }
      this.#tellTable(this.#untold.shift()!);
    }
    if (this.connected && this.#untold.length === 0) this.#backoff.reset();
  }

  #tellTable(session: Session): void {
    if (!session.up || session.told || this.#sessions.get(keyOf(session.ends)) !== session) return;
    this.#peerUp(session);
    const ends = { ...session.ends, fourOctetAs: true };
    for (const update of this.#options.table(ends.peer)) {
      const message = encodeRouteMonitoring(ends, this.#now(), update);
      this.#tableOctets += message.length;
      this.#write(message);
    }
  }

  #peerUp(session: Session): void {
    const { ends, sentOpen, receivedOpen } = session;
    if (sentOpen === undefined || receivedOpen === undefined) return;
    session.told = true;
    this.#send(encodePeerUp(ends, this.#now(), sentOpen, receivedOpen));
  }

  /** Statistics now and then. */
  #report(): void {
    const { clock, statistics, statisticsInterval = STATISTICS_INTERVAL } = this.#options;
    this.#cancelTimer();
    if (statisticsInterval === 0 || !this.connected) return;
    this.#cancelTimer = clock.after(statisticsInterval * 1000, () => {
      for (const { told, ends } of this.#sessions.values()) {
        if (told) this.#send(encodeStatistics(ends, this.#now(), statistics(ends.peer)));
      }
      this.#report();
    });
  }

  #write(message: Uint8Array): void {
    if (this.#connection?.write(message) === false) this.#blocked = true;
  }

  /** What happens now, as opposed to what tables say, must not pile up. */
  #send(message: Uint8Array): void {
    this.#write(message);
    const connection = this.#connection;
    const { buffer = BUFFER } = this.#options;
    if (connection === undefined || connection.backlog - this.#tableOctets <= buffer) return;
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
