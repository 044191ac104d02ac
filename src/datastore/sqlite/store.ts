import { dirname } from 'node:path';
import { makeFolder } from '../../base/folder.ts';
import { type Cancel, type Clock, reasonOf, systemClock } from '../../base/index.ts';
import { formatJson, type KindName, type ResourceOf } from '../../model/index.ts';
import { type Change, follow, Wake } from '../change-log.ts';
import { AlreadyExists, DatastoreUnavailable, NotFound } from '../errors.ts';
import {
  atRevision,
  checkPrecondition,
  eachGently,
  keyOf,
  keyText,
  matches,
  readText,
  replacedBy,
  stamped,
  taken,
} from '../object.ts';
import type { Listing, ListOptions, Portion, Precondition, ResourceKey, Store, StoreEvent } from '../store.ts';
import { type Row, SqliteConnection } from './connection.ts';
import { LogWatch } from './log-watch.ts';

export interface SqliteOptions {
  /** The file; made, with its folder, when missing. */
  readonly path: string;
  readonly clock?: Clock;
  /** How many writes a watch may be behind before it must list again. */
  readonly history?: number;
}

/** Objects read at once. */
const portion = 200;
/** How often a watch asks whether another process has written, in milliseconds, while there are writes. */
const pollInterval = 20;
/** After so many looks in vain it waits for the kernel to tell of the next write. */
const calm = 3;
/** And looks all the same now and then. */
const safetyInterval = 200;

/** One by one, as they are asked for: what is done with early is never copied by the garbage collector. */
function* readEach<Kind extends KindName>(rows: Row[]): Iterable<ResourceOf<Kind>> {
  for (const { text, revision } of taken(rows)) yield readText<Kind>(text, String(revision));
}

/** Resources in one SQLite file, shared by all processes of a machine. */
export class SqliteStore implements Store {
  readonly #connection: SqliteConnection;
  readonly #clock: Clock;
  readonly #wake = new Wake();
  /** One for each watch that goes on. */
  readonly #watching = new Set<() => void>();
  #dataVersion = -1;
  #cancelPoll: Cancel | undefined;
  readonly #log: LogWatch;
  #looksInVain = 0;

  private constructor(connection: SqliteConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#log = new LogWatch(connection.path, () => this.#written());
  }

  static async open({ path, clock = systemClock, history = 10_000 }: SqliteOptions): Promise<SqliteStore> {
    try {
      makeFolder(dirname(path));
    } catch (error) {
      throw new DatastoreUnavailable(`SQLITE_PATH ${path}: its folder can't be made: ${reasonOf(error)}`, {
        cause: error,
      });
    }
    return new SqliteStore(await SqliteConnection.open(path, clock, history), clock);
  }

  async get<Kind extends KindName>(key: ResourceKey<Kind>): Promise<ResourceOf<Kind> | undefined> {
    return this.#connection.read(() => this.#read(key));
  }

  async list<Kind extends KindName>(kind: Kind, options: ListOptions = {}): Promise<Listing<Kind>> {
    const { rows, head } = await this.#connection.read(() => ({
      rows: this.#connection.rows(kind, options.namespace),
      head: this.#connection.head(),
    }));
    const items: ResourceOf<Kind>[] = [];
    await eachGently(taken(rows), this.#clock, ({ text, revision }) => {
      const item = readText<Kind>(text, String(revision));
      if (matches(item, options)) items.push(item);
    });
    return { items, revision: String(head) };
  }

  async *portions<Kind extends KindName>(kind: Kind): AsyncGenerator<Portion<Kind>> {
    for await (const { rows, head } of this.#connection.portions(kind, portion)) {
      yield { items: readEach<Kind>(rows), revision: String(head) };
    }
  }

  async create<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>> {
    const key = keyOf(resource);
    return this.#change(() => {
      if (this.#connection.row(key) !== undefined) throw new AlreadyExists(keyText(key));
      return this.#record(key, 'added', stamped(resource, undefined, this.#clock.wallTime()));
    });
  }

  async update<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>> {
    const key = keyOf(resource);
    return this.#change(() => {
      const { text, revision } = this.#existing(key);
      const was = replacedBy(resource, text, String(revision));
      checkPrecondition(key, was, resource.metadata);
      return this.#record(key, 'modified', stamped(resource, was, this.#clock.wallTime()));
    });
  }

  async delete<Kind extends KindName>(key: ResourceKey<Kind>, precondition?: Precondition): Promise<ResourceOf<Kind>> {
    return this.#change(() => {
      const { text, revision } = this.#existing(key);
      const was = readText<Kind>(text, String(revision));
      checkPrecondition(key, was, precondition);
      this.#connection.record(key, 'deleted', text);
      return was;
    });
  }

  async *watch<Kind extends KindName>(
    kind: Kind,
    revision: string,
    signal: AbortSignal,
  ): AsyncIterable<StoreEvent<Kind>> {
    if (signal.aborted) return;
    const isClosed = (): boolean => !this.#connection.isOpen;
    const done = (): void => {
      this.#watching.delete(done);
    };
    signal.addEventListener('abort', done, { once: true });
    this.#watching.add(done);
    this.#poll(pollInterval);
    try {
      yield* follow(this.#connection, kind, revision, { clock: this.#clock, wake: this.#wake, signal, isClosed });
    } finally {
      signal.removeEventListener('abort', done);
      done();
    }
  }

  async close(): Promise<void> {
    this.#rest();
    this.#connection.close();
    this.#wake.wake();
  }

  async #change<Result>(action: () => Result): Promise<Result> {
    const result = await this.#connection.write(action);
    this.#wake.wake();
    return result;
  }

  #read<Kind extends KindName>(key: ResourceKey<Kind>): ResourceOf<Kind> | undefined {
    const row = this.#connection.row(key);
    return row && readText<Kind>(row.text, String(row.revision));
  }

  #existing(key: ResourceKey): Row {
    const row = this.#connection.row(key);
    if (row === undefined) throw new NotFound(keyText(key));
    return row;
  }

  #record<Kind extends KindName>(
    key: ResourceKey<Kind>,
    type: Change['type'],
    object: ResourceOf<Kind>,
  ): ResourceOf<Kind> {
    return atRevision(object, String(this.#connection.record(key, type, formatJson(object))));
  }

  /**
   * While anybody watches: wakes them when another process has written. In times of many writes it asks at intervals,
   * whose cost is bounded; in quiet ones it is told, which costs nothing.
   */
  #poll(interval: number): void {
    this.#cancelPoll ??= this.#clock.after(interval, () => {
      this.#cancelPoll = undefined;
      if (this.#watching.size === 0 || !this.#connection.isOpen) return this.#rest();
      // Before the look: what is written after it is told.
      const isTold = this.#looksInVain >= calm && this.#log.start();
      this.#look();
      this.#poll(isTold ? safetyInterval : pollInterval);
    });
  }

  /** The log may have been written to a moment before the write is to be seen: the next looks will find it. */
  #written(): void {
    this.#rest();
    this.#look();
    this.#poll(pollInterval);
  }

  #rest(): void {
    this.#log.stop();
    this.#looksInVain = 0;
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
  }

  #look(): void {
    let version: number;
    try {
      version = this.#connection.dataVersion();
    } catch {
      // The watches find the same failure when they read, and report it.
      version = -1;
    }
    this.#looksInVain++;
    if (version === this.#dataVersion && version >= 0) return;
    this.#looksInVain = 0;
    this.#dataVersion = version;
    this.#wake.wake();
  }
}
