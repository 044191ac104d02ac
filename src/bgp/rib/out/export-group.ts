import type { Clock } from '../../../base/index.ts';
import type { LocRib } from '../best/loc-rib.ts';
import { DirtySet } from '../pool/columns.ts';
import { NO_PATH } from '../pool/path-pool.ts';
import { AdjRibOut } from './adj-rib-out.ts';
import { ANYONE, type Batch, BatchBuilder } from './batch.ts';
import { BatchQueue } from './batch-queue.ts';
import { type ExportContext, exportKey } from './export-context.ts';
import { ExportMember, type Outlet } from './export-member.ts';
import type { ExportStream } from './export-stream.ts';
import { type ExportTables, NOTHING, Outgoing } from './outgoing.ts';
import { TableSnapshot } from './snapshot.ts';
import { UpdateWriter } from './update-writer.ts';

/** Most prefixes in one batch. */
const BATCH_SIZE = 8192;
/** Octets of batches kept for members that lag, before the slowest get a list of their own. */
const WINDOW = 4 * 1024 * 1024;

/** Milliseconds in which newcomers share one encoding of the table. */
const SNAPSHOT_LIFE = 1000;

/**
 * Peers that get equal bytes, with one Adj-RIB-Out among them. Changes of the Loc-RIB come in as prefix numbers, and
 * go out as batches that are encoded once:
 *
 *     dirty ──run──► Adj-RIB-Out ──► batch ─┬─► member (in the stream: the same bytes for each)
 *                         ▲                ├─► member
 *                         └── own dirty ───┴─▷ member that fell behind: catches up on its own, then re-joins
 *
 * What waits is bounded by the size of the table and never by the rate of change.
 */
export class ExportGroup implements ExportStream {
  readonly key: string;
  readonly context: ExportContext;
  readonly members = new Set<ExportMember>();
  readonly dirty = new DirtySet();
  readonly queue = new BatchQueue();
  readonly #memberSources = new Set<number>();
  readonly #clock: Clock;
  readonly #window: number;
  readonly #loc: LocRib;
  readonly #outgoing: Outgoing;
  readonly #adj: AdjRibOut;
  readonly #builder: BatchBuilder;
  #snapshot: TableSnapshot | undefined;

  constructor(context: ExportContext, loc: LocRib, tables: ExportTables, clock: Clock, window = WINDOW) {
    this.#clock = clock;
    this.#window = window;
    this.key = exportKey(context);
    this.context = context;
    this.#loc = loc;
    this.#outgoing = new Outgoing(context, tables);
    this.#adj = new AdjRibOut(context.addPath, this.#outgoing);
    const { prefixes } = loc.rib;
    const writer = new UpdateWriter(context, { ...tables, prefixes, outgoing: this.#outgoing, adj: this.#adj });
    this.#builder = new BatchBuilder(writer);
    for (let prefix = 0; prefix < prefixes.limit; prefix++) {
      if (prefix < loc.best.length && loc.best[prefix] !== NO_PATH) this.dirty.add(prefix);
    }
  }

  /** Whether the filter asks for interfaces. */
  get asksInterface(): boolean {
    return this.#outgoing.asksInterface;
  }

  /** Routes announced to a member: not those that came from it. */
  advertised(source: number): number {
    return this.#adj.size - this.#adj.sizeOf(source);
  }

  get hasWork(): boolean {
    return this.dirty.size > 0;
  }

  /** Whether every member has been written all that there is, though some of it may be kept for newcomers. */
  get isAnnounced(): boolean {
    return !this.hasWork && [...this.members].every((member) => !member.behind && member.needs === this.queue.end);
  }

  /** Whether no member has anything to get: until then prefix numbers in batches must keep their meaning. */
  get quiet(): boolean {
    return !this.hasWork && this.queue.first === this.queue.end && ![...this.members].some((member) => member.behind);
  }

  /** Tells what the group announces for the prefix, or why nothing. */
  explain(prefix: number): { announced: boolean; reason: string | undefined; source: number } {
    const path = this.#loc.best[prefix] ?? NO_PATH;
    if (path === NO_PATH) return { announced: false, reason: 'there is no best path', source: -1 };
    const reason = this.#outgoing.why(path);
    return { announced: reason === undefined, reason, source: this.#loc.rib.paths.source[path] };
  }

  holds(prefix: number): boolean {
    return this.#adj.entriesOf(prefix).some((entry) => this.context.addPath || this.#adj.out(entry) !== NOTHING);
  }

  join(source: number, outlet: Outlet): ExportMember {
    const member = new ExportMember(this, source, outlet);
    this.members.add(member);
    this.#memberSources.add(source);
    // A table that was announced to others before goes to the newcomer as a snapshot, shared by all who come now.
    if (this.#adj.size > 0) {
      this.#snapshot ??= this.#openSnapshot();
      member.replay(this.#snapshot.from);
    }
    return member;
  }

  leave(member: ExportMember): void {
    this.members.delete(member);
    this.#memberSources.delete(member.source);
    this.trim();
  }

  /** Gives up everything that is retained in the pool. */
  dissolve(): void {
    this.each((entry) => this.#adj.set(entry, NOTHING, 0));
    this.#outgoing.close();
  }

  /** TimeSlices a number of dirty prefixes into one batch of the stream. */
  run(): void {
    const count = Math.min(BATCH_SIZE, this.dirty.size);
    this.#builder.begin();
    for (let done = 0; done < count; done++) this.#renew(this.dirty.shift());
    const batch = this.#builder.finish();
    this.#outgoing.forget();
    if (batch.parts.length === 0) return;
    this.queue.push(batch);
    for (const member of this.members) member.offer(batch);
    this.trim();
  }

  /** A piece of the snapshot; only members that were told to replay one ask. */
  snapshotBatch(index: number): Batch | undefined {
    return this.#snapshot!.batch(index);
  }

  /**
   * Encodes the present state of these entries in Adj-RIB-Out; with `whole` also that an entry is not, or no longer,
   * for a member.
   */
  encode(entries: readonly number[], whole = false): Batch {
    this.#builder.begin();
    for (const entry of entries) {
      const out = this.#adj.out(entry);
      const exception = out === NOTHING ? ANYONE : this.#exception(this.#adj.source(entry));
      if (out !== NOTHING) this.#builder.announce(entry, out, exception);
      if (whole && (out === NOTHING || exception !== ANYONE)) this.#builder.withdraw(entry);
    }
    return this.#builder.finish();
  }

  endOfRib(): Uint8Array {
    return this.#builder.endOfRib();
  }

  /** Every entry that is announced. */
  each(visit: (entry: number) => void): void {
    for (let entry = 0; entry < this.#adj.limit; entry++) if (this.#adj.out(entry) !== NOTHING) visit(entry);
  }

  /** Entries of this group for those of another, by prefix. */
  entriesLike(other: ExportGroup): number[] {
    const entries: number[] = [];
    other.each((entry) => {
      const prefix = other.#adj.prefix(entry);
      entries.push(this.context.addPath ? this.#adj.entry(prefix, other.#adj.pathId(entry)) : prefix);
    });
    return entries;
  }

  /** Drops batches that nobody waits for, and cuts loose who would make the rest too large. */
  trim(): void {
    const { queue } = this;
    queue.dropBefore(this.#wanted());
    while (queue.octets > this.#window && queue.end - queue.first > 1) {
      for (const member of this.members) if (member.needs === queue.first) member.fallBehind();
      this.#snapshot = undefined;
      queue.dropBefore(Math.max(this.#wanted(), queue.first + 1));
    }
    if (this.context.addPath && this.quiet) this.#adj.purge();
  }

  /** The first batch that someone waits for. */
  #wanted(): number {
    let wanted = this.#snapshot?.from ?? this.queue.end;
    for (const member of this.members) wanted = Math.min(wanted, member.needs);
    return wanted;
  }

  #openSnapshot(): TableSnapshot {
    const snapshot = new TableSnapshot(this.queue.end, this.#adj, BATCH_SIZE, (entries) => this.encode(entries));
    const close = (): void => {
      if (this.#snapshot !== snapshot) return;
      if ([...this.members].some((member) => member.replaying)) this.#clock.after(SNAPSHOT_LIFE, close);
      else this.#snapshot = undefined;
    };
    this.#clock.after(SNAPSHOT_LIFE, close);
    return snapshot;
  }

  /** Compares what the peers should have for the prefix with what they have. */
  #renew(prefix: number): void {
    // A prefix whose paths changed since it was decided will come again when it has been.
    if (this.#loc.rib.dirty.has(prefix)) return;
    const best = this.#loc.best[prefix];
    if (this.context.addPath) this.#renewAll(prefix);
    else this.#announce(prefix, best === NO_PATH ? NOTHING : this.#outgoing.of(best), best);
  }

  /** With ADD-PATH every path that may be chosen goes out, known by its number here. */
  #renewAll(prefix: number): void {
    const present = new Set<number>();
    for (const path of this.#loc.eligible(prefix)) {
      const out = this.#outgoing.of(path);
      if (out === NOTHING) continue;
      const entry = this.#adj.entry(prefix, path);
      present.add(entry);
      this.#announce(entry, out, path);
    }
    for (const entry of this.#adj.entriesOf(prefix)) {
      if (!present.has(entry)) this.#announce(entry, NOTHING, NO_PATH);
    }
  }

  #announce(entry: number, out: number, path: number): void {
    const source = out === NOTHING ? 0 : this.#loc.rib.paths.source[path];
    const outBefore = this.#adj.out(entry);
    const sourceBefore = outBefore === NOTHING ? 0 : this.#adj.source(entry);
    if (out === outBefore && source === sourceBefore) return;
    if (out === NOTHING) this.#builder.withdraw(entry);
    else {
      const exception = this.#exception(source);
      this.#builder.announce(entry, out, exception);
      // The peer that the route now comes from may hold another one from us.
      if (exception !== ANYONE && outBefore !== NOTHING && sourceBefore !== source) {
        this.#builder.withdraw(entry, exception);
      }
    }
    this.#adj.set(entry, out, source);
  }

  /** The member that must not get a route back, if its source is one. */
  #exception(source: number): number {
    return this.#memberSources.has(source) ? source : ANYONE;
  }
}
