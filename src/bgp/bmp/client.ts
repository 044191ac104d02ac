import { type Cancel, type Log, silentLog } from '../../base/index.ts';
import type { SessionEnds, SessionRecord } from '../api.ts';
import { type Transport, tcpTransport } from '../transport/index.ts';
import { MESSAGE } from '../wire/index.ts';
import { CollectorLink, type LinkOptions } from './collector-link.ts';
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

const STATISTICS_INTERVAL = 60;

export interface BmpClientOptions extends LinkOptions {
  /** Default: TCP. */
  readonly transport?: Transport;
  readonly name: string;
  readonly description: string;
  /** UPDATEs that tell all that the peer has announced: for collectors that come late. */
  readonly table: (peer: string) => Iterable<Uint8Array>;
  readonly statistics: (peer: string) => BmpStatistics;
  /** Seconds between statistics reports; default 60, 0 for none. */
  readonly statisticsInterval?: number;
  readonly log?: Log;
}

/** Milliseconds that the telling of tables may take before others have their turn. */
const SLICE = 3;

/** The knowledge of a session on the way up, and as long as it is up. */
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
  readonly #link: CollectorLink;
  readonly #sessions = new Map<string, Session>();
  /** Sessions whose tables a new collector has still to be told. */
  #untold: Session[] = [];
  #cancelTurn: Cancel = () => {};
  #cancelReport: Cancel = () => {};

  constructor(options: BmpClientOptions) {
    const { transport = tcpTransport(), log = silentLog } = options;
    this.#options = options;
    this.#link = new CollectorLink(options, transport, log, {
      begin: () => this.#begin(),
      drained: () => this.#tellTables(),
    });
  }

  get connected(): boolean {
    return this.#link.up;
  }

  start(): void {
    this.#link.start();
  }

  /** Says goodbye and stays away. */
  stop(reason = ''): void {
    this.#cancelTurn();
    this.#cancelReport();
    this.#link.stop(encodeTermination(0, reason));
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
        if (this.#link.up) this.#peerUp(session);
        break;
      }
      case 'down': {
        const session = this.#sessions.get(key);
        if (session?.told) this.#link.send(encodePeerDown(session.ends, this.#now(), session.down));
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
        if (direction === 'received' && this.#link.up && this.#sessions.get(key)?.told) {
          this.#link.send(encodeRouteMonitoring(record, this.#now(), bytes));
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

  #begin(): void {
    const { name, description } = this.#options;
    this.#link.send(encodeInitiation(name, description));
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
    while (this.#link.up && !this.#link.blocked && this.#untold.length > 0) {
      if (clock.now() >= end) {
        this.#cancelTurn = clock.soon(() => this.#tellTables());
        return;
      }
      this.#tellTable(this.#untold.shift()!);
    }
    if (this.#link.up && this.#untold.length === 0) this.#link.settled();
  }

  #tellTable(session: Session): void {
    if (!session.up || session.told || this.#sessions.get(keyOf(session.ends)) !== session) return;
    this.#peerUp(session);
    const ends = { ...session.ends, fourOctetAs: true };
    for (const update of this.#options.table(ends.peer)) {
      this.#link.sendTable(encodeRouteMonitoring(ends, this.#now(), update));
    }
  }

  #peerUp(session: Session): void {
    const { ends, sentOpen, receivedOpen } = session;
    if (sentOpen === undefined || receivedOpen === undefined) return;
    session.told = true;
    this.#link.send(encodePeerUp(ends, this.#now(), sentOpen, receivedOpen));
  }

  /** Statistics now and then. */
  #report(): void {
    const { clock, statistics, statisticsInterval = STATISTICS_INTERVAL } = this.#options;
    this.#cancelReport();
    if (statisticsInterval === 0 || !this.#link.up) return;
    this.#cancelReport = clock.after(statisticsInterval * 1000, () => {
      for (const { told, ends } of this.#sessions.values()) {
        if (told) this.#link.send(encodeStatistics(ends, this.#now(), statistics(ends.peer)));
      }
      this.#report();
    });
  }

  #now(): number {
    return this.#options.clock.wallTime();
  }
}

function keyOf({ peer, local, remote }: SessionEnds): string {
  return `${peer} ${local.port} ${remote.port}`;
}
