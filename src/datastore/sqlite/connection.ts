import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Clock, sleep } from '../../base/index.ts';
import type { KindName } from '../../model/index.ts';
import type { Change, ChangeLog } from '../change-log.ts';
import { DatastoreUnavailable } from '../errors.ts';
import type { ResourceKey } from '../store.ts';
import { explain, isBusy } from './failure.ts';
import { prepare } from './schema.ts';

/** SQLite itself waits this long for another process's lock, holding up our event loop; then we wait beside it. */
const busyTimeout = 5;
/** How long a write waits for other processes before it gives up, in milliseconds. */
const patience = 10_000;

export interface Row {
  readonly revision: number;
  readonly text: string;
}

/** One open file and its prepared statements. All methods are one short, synchronous piece of SQL. */
export class SqliteConnection implements ChangeLog {
  readonly path: string;
  readonly #clock: Clock;
  readonly #history: number;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(path: string, database: DatabaseSync, clock: Clock, history: number) {
    this.path = path;
    this.#database = database;
    this.#clock = clock;
    this.#history = history;
  }

  static async open(path: string, clock: Clock, history: number): Promise<SqliteConnection> {
    let database: DatabaseSync | undefined;
    try {
      const opened = new DatabaseSync(path, { timeout: busyTimeout });
      database = opened;
      await patiently(clock, () => prepare(opened, path));
      return new SqliteConnection(path, opened, clock, history);
    } catch (error) {
      database?.close();
      throw explain(error, path);
    }
  }

  get isOpen(): boolean {
    return this.#database.isOpen;
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  /** Runs `action` in one transaction: all of it happens, or nothing. */
  async write<Result>(action: () => Result): Promise<Result> {
    return this.#guard(() => this.#transaction('BEGIN IMMEDIATE', action));
  }

  /** Runs `action` on one moment's state. */
  async read<Result>(action: () => Result): Promise<Result> {
    return this.#guard(() => this.#transaction('BEGIN', action));
  }

  row(key: ResourceKey): Row | undefined {
    const sql = 'SELECT revision, text FROM resource WHERE kind = ? AND namespace = ? AND name = ?';
    return this.#prepare(sql).get(key.kind, key.namespace ?? '', key.name) as Row | undefined;
  }

  rows(kind: KindName, namespace: string | undefined): Row[] {
    const sql =
      'SELECT revision, text FROM resource WHERE kind = ?1 AND (?2 IS NULL OR namespace = ?2) ORDER BY namespace, name';
    return this.#prepare(sql).all(kind, namespace ?? null) as unknown as Row[];
  }

  /** All of a kind at one moment, `size` rows at a time; whoever writes or reads meanwhile is not held up. */
  async *portions(kind: KindName, size: number): AsyncGenerator<{ readonly rows: Row[]; readonly head: number }> {
    const { rows, head } = await this.read(() => ({ rows: this.#first(kind, size + 1), head: this.head() }));
    if (rows.length <= size) {
      yield { rows, head };
      return;
    }
    // A transaction lasts as long as its connection reads: it is not ours, in which there are writes.
    const reader = await SqliteConnection.open(this.path, this.#clock, this.#history);
    try {
      yield* this.#portionsBy(reader, kind, size);
    } catch (error) {
      throw explain(error, this.path);
    } finally {
      reader.close();
    }
  }

  async *#portionsBy(reader: SqliteConnection, kind: KindName, size: number) {
    await reader.#guard(() => reader.#prepare('BEGIN').run());
    const head = reader.head();
    let rows: Row[] = [];
    for (const row of reader.#prepare('SELECT revision, text FROM resource WHERE kind = ?').iterate(kind)) {
      rows.push(row as unknown as Row);
      if (rows.length < size) continue;
      yield { rows, head };
      rows = [];
      if (!this.isOpen) throw new DatastoreUnavailable('this store has been closed');
    }
    yield { rows, head };
  }

  #first(kind: KindName, limit: number): Row[] {
    const sql = 'SELECT revision, text FROM resource WHERE kind = ? LIMIT ?';
    return this.#prepare(sql).all(kind, limit) as unknown as Row[];
  }

  /** Stores `text`, or removes the object, and logs it; inside `write`. Returns its revision. */
  record(key: ResourceKey, type: Change['type'], text: string): number {
    const namespace = key.namespace ?? '';
    const bump = this.#prepare('UPDATE counter SET head = head + 1 RETURNING head, forgotten');
    const { head, forgotten } = bump.get() as { head: number; forgotten: number };
    if (type === 'deleted') {
      const sql = 'DELETE FROM resource WHERE kind = ? AND namespace = ? AND name = ?';
      this.#prepare(sql).run(key.kind, namespace, key.name);
    } else {
      const sql = 'INSERT OR REPLACE INTO resource (kind, namespace, name, revision, text) VALUES (?, ?, ?, ?, ?)';
      this.#prepare(sql).run(key.kind, namespace, key.name, head, text);
    }
    this.#prepare('INSERT INTO change (revision, kind, type, text) VALUES (?, ?, ?, ?)').run(
      head,
      key.kind,
      type,
      text,
    );
    if (head - forgotten > this.#history + this.#history / 8) this.#forget(head - this.#history);
    return head;
  }

  head(): number {
    return this.#counter().head;
  }

  forgotten(): number {
    return this.#counter().forgotten;
  }

  after(revision: number, kind: KindName, limit: number): readonly Change[] {
    const sql = 'SELECT revision, type, text FROM change WHERE kind = ? AND revision > ? ORDER BY revision LIMIT ?';
    return this.#explained(() => this.#prepare(sql).all(kind, revision, limit) as unknown as readonly Change[]);
  }

  /** A number that differs from the last one if another process has written in between. */
  dataVersion(): number {
    const sql = 'PRAGMA data_version';
    return this.#explained(() => (this.#prepare(sql).get() as { data_version: number }).data_version);
  }

  #counter(): { readonly head: number; readonly forgotten: number } {
    const sql = 'SELECT head, forgotten FROM counter';
    return this.#explained(() => this.#prepare(sql).get() as { head: number; forgotten: number });
  }

  #forget(upTo: number): void {
    this.#prepare('DELETE FROM change WHERE revision <= ?').run(upTo);
    this.#prepare('UPDATE counter SET forgotten = ?').run(upTo);
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #transaction<Result>(begin: string, action: () => Result): Result {
    this.#prepare(begin).run();
    try {
      const result = action();
      this.#prepare('COMMIT').run();
      return result;
    } catch (error) {
      // After some failures SQLite has rolled back by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  async #guard<Result>(action: () => Result): Promise<Result> {
    if (!this.isOpen) throw new DatastoreUnavailable('this store has been closed');
    try {
      return await patiently(this.#clock, action);
    } catch (error) {
      throw explain(error, this.path);
    }
  }

  #explained<Result>(action: () => Result): Result {
    if (!this.isOpen) throw new DatastoreUnavailable('this store has been closed');
    try {
      return action();
    } catch (error) {
      throw explain(error, this.path);
    }
  }
}

/** Tries again while another process holds the lock, without holding up our own event loop. */
async function patiently<Result>(clock: Clock, action: () => Result): Promise<Result> {
  const deadline = clock.now() + patience;
  for (let turn = 1; ; turn++) {
    try {
      return action();
    } catch (error) {
      if (!isBusy(error) || clock.now() >= deadline) throw error;
      // Whoever has waited long asks more often than those who have just come: it halves the longest waits.
      await sleep(clock, 1 + (Math.random() * 9) / turn);
    }
  }
}
