import { type Clock, systemClock } from '../../base/index.ts';
import { formatJson, type KindName, type ResourceOf } from '../../model/index.ts';
import { type Change, type ChangeLog, follow, Wake } from '../change-log.ts';
import { AlreadyExists, DatastoreUnavailable, NotFound } from '../errors.ts';
import { atRevision, checkPrecondition, keyOf, keyText, matches, readText, replacedBy, stamped } from '../object.ts';
import type { Listing, ListOptions, Precondition, ResourceKey, Store, StoreEvent } from '../store.ts';

interface Entry {
  readonly revision: number;
  readonly text: string;
}

/** The database that several `MemoryStore`s of one process may share, as connections share a server. */
export class MemoryDatabase implements ChangeLog {
  readonly entries = new Map<KindName, Map<string, Entry>>();
  readonly wake = new Wake();
  readonly #history: number;
  #log: (Change & { readonly kind: KindName })[] = [];
  #head = 0;
  #forgotten = 0;

  /** `history`: how many writes a watch may be behind. */
  constructor(history = 10_000) {
    this.#history = history;
  }

  head(): number {
    return this.#head;
  }

  forgotten(): number {
    return this.#forgotten;
  }

  after(revision: number, kind: KindName, limit: number): readonly Change[] {
    const found: Change[] = [];
    for (let at = revision - this.#forgotten; at < this.#log.length && found.length < limit; at++) {
      if (this.#log[at].kind === kind) found.push(this.#log[at]);
    }
    return found;
  }

  record(kind: KindName, type: Change['type'], text: string): number {
    this.#log.push({ kind, type, text, revision: ++this.#head });
    if (this.#log.length > 2 * this.#history) {
      this.#log = this.#log.slice(-this.#history);
      this.#forgotten = this.#head - this.#history;
    }
    this.wake.wake();
    return this.#head;
  }
}

/** Resources in this process's memory, gone when it ends: for tests, and for trying things out. */
export class MemoryStore implements Store {
  readonly #database: MemoryDatabase;
  readonly #clock: Clock;
  #closed = false;

  constructor(options: { readonly database?: MemoryDatabase; readonly clock?: Clock } = {}) {
    this.#database = options.database ?? new MemoryDatabase();
    this.#clock = options.clock ?? systemClock;
  }

  async get<Kind extends KindName>(key: ResourceKey<Kind>): Promise<ResourceOf<Kind> | undefined> {
    return this.#read(key);
  }

  async list<Kind extends KindName>(kind: Kind, options: ListOptions = {}): Promise<Listing<Kind>> {
    const items = [...this.#entries(kind)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { text, revision }]) => readText<Kind>(text, String(revision)))
      .filter((item) => matches(item, options));
    return { items, revision: String(this.#database.head()) };
  }

  async create<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>> {
    const key = keyOf(resource);
    if (this.#read(key) !== undefined) throw new AlreadyExists(keyText(key));
    return this.#write(key, 'added', stamped(resource, undefined, this.#clock.wallTime()));
  }

  async update<Kind extends KindName>(resource: ResourceOf<Kind>): Promise<ResourceOf<Kind>> {
    const key = keyOf(resource);
    const { text, revision } = this.#existing(key);
    const was = replacedBy(resource, text, String(revision));
    checkPrecondition(key, was, resource.metadata);
    return this.#write(key, 'modified', stamped(resource, was, this.#clock.wallTime()));
  }

  async delete<Kind extends KindName>(key: ResourceKey<Kind>, precondition?: Precondition): Promise<ResourceOf<Kind>> {
    const { text, revision } = this.#existing(key);
    const was = readText<Kind>(text, String(revision));
    checkPrecondition(key, was, precondition);
    const entries = this.#entries(key.kind);
    entries.delete(entryName(key));
    this.#database.record(key.kind, 'deleted', text);
    return was;
  }

  watch<Kind extends KindName>(kind: Kind, revision: string, signal: AbortSignal): AsyncIterable<StoreEvent<Kind>> {
    const { wake } = this.#database;
    return follow(this.#database, kind, revision, {
      clock: this.#clock,
      wake,
      signal,
      isClosed: () => this.#closed,
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#database.wake.wake();
  }

  #entries(kind: KindName): Map<string, Entry> {
    if (this.#closed) throw new DatastoreUnavailable('this store has been closed');
    let entries = this.#database.entries.get(kind);
    if (entries === undefined) {
      entries = new Map();
      this.#database.entries.set(kind, entries);
    }
    return entries;
  }

  #read<Kind extends KindName>(key: ResourceKey<Kind>): ResourceOf<Kind> | undefined {
    const entry = this.#entries(key.kind).get(entryName(key));
    return entry && readText<Kind>(entry.text, String(entry.revision));
  }

  #existing(key: ResourceKey): Entry {
    const entry = this.#entries(key.kind).get(entryName(key));
    if (entry === undefined) throw new NotFound(keyText(key));
    return entry;
  }

  #write<Kind extends KindName>(
    key: ResourceKey<Kind>,
    type: Change['type'],
    object: ResourceOf<Kind>,
  ): ResourceOf<Kind> {
    const text = formatJson(object);
    const revision = this.#database.record(key.kind, type, text);
    this.#entries(key.kind).set(entryName(key), { revision, text });
    return atRevision(object, String(revision));
  }
}

/** Sorts by namespace, then name. */
function entryName({ name, namespace }: ResourceKey): string {
  return `${namespace ?? ''}/${name}`;
}
