import type { Clock } from '../../base/index.ts';
import { ANYONE, type Batch, BatchBuilder } from './batch.ts';
import { DirtySet, widened } from './columns.ts';
import { type ExportContext, exportKey } from './export-context.ts';
import { ExportMember, type Outlet } from './export-member.ts';
import type { LocRib } from './loc-rib.ts';
import { type ExportTables, NOTHING, Outgoing } from './outgoing.ts';
import { NO_PATH } from './path-pool.ts';
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
export class ExportGroup {
  readonly key: string;
  readonly context: ExportContext;
  readonly members = new Set<ExportMember>();
  readonly dirty = new DirtySet();
  readonly #clock: Clock;
  readonly #window: number;
  readonly #loc: LocRib;
  readonly #tables: ExportTables;
  readonly #outgoing: Outgoing;
  readonly #builder: BatchBuilder;
  /** Adj-RIB-Out: what was sent for each prefix, and from which source it came. */
  #out: Uint32Array;
  #source: Uint16Array;
  #size = 0;
  readonly #sizeOfSource: number[] = [];
  /** Slabs that some member in the stream has still to get; the first has the number `#firstBatch`. */
  #batches: Batch[] = [];
  #firstBatch = 0;
  #octets = 0;
  #snapshot: Snapshot | undefined;

  constructor(context: ExportContext, loc: LocRib, tables: ExportTables, clock: Clock, window = WINDOW) {
    this.#clock = clock;
    this.#window = window;
    this.key = exportKey(context);
    this.context = context;
    this.#loc = loc;
    this.#tables = tables;
    this.#outgoing = new Outgoing(context, tables);
    const { prefixes } = loc.rib;
    const writer = new UpdateWriter(context, { ...tables, prefixes, outgoing: this.#outgoing });
    this.#builder = new BatchBuilder(writer);
    this.#out = new Uint32Array(prefixes.capacity);
    this.#source = new Uint16Array(prefixes.capacity);
    for (let prefix = 0; prefix < prefixes.limit; prefix++) {
      if (prefix < loc.best.length && loc.best[prefix] !== NO_PATH) this.dirty.add(prefix);
    }
  }

  /** Prefixes announced to a member: not those that came from it. */
  advertised(source: number): number {
    return this.#size - (this.#sizeOfSource[source] ?? 0);
  }

  get hasWork(): boolean {
    return this.dirty.size > 0;
  }

  /** Whether any member has still something to get: prefix numbers in batches must keep their meaning till then. */
  get quiet(): boolean {
    return this.dirty.size === 0 && this.#batches.length === 0 && ![...this.members].some((member) => member.behind);
  }

  /** The number after the last batch. */
  get streamEnd(): number {
    return this.#firstBatch + this.#batches.length;
  }

  /** What the group announces for the prefix, or why nothing. */
  explain(prefix: number): { announced: boolean; reason: string | undefined; source: number } {
    const path = this.#loc.best[prefix] ?? NO_PATH;
    if (path === NO_PATH) return { announced: false, reason: 'there is no best path', source: -1 };
    const reason = this.#outgoing.why(path);
    return { announced: reason === undefined, reason, source: this.#tables.rib.paths.source[path] };
  }

  holds(prefix: number): boolean {
    return prefix < this.#out.length && this.#out[prefix] !== NOTHING;
  }

  join(source: number, outlet: Outlet): ExportMember {
    const member = new ExportMember(this, source, outlet);
    this.members.add(member);
    // A table that was announced to others before goes to the newcomer as a snapshot, shared by all who come now.
    if (this.#size > 0) {
      if (this.#snapshot === undefined) this.#openSnapshot();
      member.replay(this.#snapshot!.from);
    }
    return member;
  }

  leave(member: ExportMember): void {
    this.members.delete(member);
    this.trim();
  }

  /** Gives up everything that is retained in the pool. */
  dissolve(): void {
    for (let prefix = 0; prefix < this.#out.length; prefix++) this.#set(prefix, NOTHING, 0);
    this.#outgoing.forget();
  }

  /** Turns up to a batch of dirty prefixes into one batch of the stream. */
  run(): void {
    const { prefixes } = this.#loc.rib;
    this.#out = widened(this.#out, prefixes.capacity);
    this.#source = widened(this.#source, prefixes.capacity);
    this.#builder.begin(Math.min(BATCH_SIZE, this.dirty.size));
    for (let count = Math.min(BATCH_SIZE, this.dirty.size); count > 0; count--) this.#renew(this.dirty.shift());
    const batch = this.#builder.finish();
    this.#outgoing.forget();
    if (batch.parts.length === 0) return;
    this.#batches.push(batch);
    this.#octets += batch.octets;
    for (const member of this.members) member.offer(batch);
    this.trim();
  }

  /** The batch with that number, which some member asks for. */
  batch(number: number): Batch {
    return this.#batches[number - this.#firstBatch];
  }

  /** The `index`-th piece of the snapshot, or undefined after the last. */
  snapshotBatch(index: number): Batch | undefined {
    const snapshot = this.#snapshot!;
    while (index >= snapshot.batches.length) {
      if (snapshot.next >= this.#out.length) return undefined;
      const all: number[] = [];
      for (; snapshot.next < this.#out.length && all.length < BATCH_SIZE; snapshot.next++) {
        if (this.#out[snapshot.next] !== NOTHING) all.push(snapshot.next);
      }
      if (all.length > 0) snapshot.batches.push(this.encode(all));
    }
    return snapshot.batches[index];
  }

  /** What Adj-RIB-Out now says of these prefixes, announcements and withdrawals. */
  encode(prefixes: readonly number[], withWithdrawals = false): Batch {
    this.#builder.begin(prefixes.length);
    for (const prefix of prefixes) {
      const out = prefix < this.#out.length ? this.#out[prefix] : NOTHING;
      if (out !== NOTHING) this.#builder.announce(prefix, out, this.#exception(this.#source[prefix]));
      if (withWithdrawals && (out === NOTHING || this.#exception(this.#source[prefix]) !== ANYONE)) {
        this.#builder.withdraw(prefix);
      }
    }
    return this.#builder.finish();
  }

  endOfRib(): Uint8Array {
    return this.#builder.endOfRib();
  }

  /** Every prefix in Adj-RIB-Out. */
  each(visit: (prefix: number) => void): void {
    for (let prefix = 0; prefix < this.#out.length; prefix++) if (this.#out[prefix] !== NOTHING) visit(prefix);
  }

  /** Drops batches that nobody waits for, and cuts loose who would make the rest too large. */
  trim(): void {
    this.#dropBefore(this.#wanted());
    while (this.#octets > this.#window && this.#batches.length > 1) {
      for (const member of this.members) if (member.needs === this.#firstBatch) member.fallBehind();
      this.#snapshot = undefined;
      this.#dropBefore(Math.max(this.#wanted(), this.#firstBatch + 1));
    }
  }

  /** The first batch that someone waits for. */
  #wanted(): number {
    let wanted = this.#snapshot?.from ?? this.streamEnd;
    for (const member of this.members) wanted = Math.min(wanted, member.needs);
    return wanted;
  }

  #openSnapshot(): void {
    const snapshot: Snapshot = { from: this.streamEnd, next: 0, batches: [] };
    this.#snapshot = snapshot;
    const close = (): void => {
      if (this.#snapshot !== snapshot) return;
      if ([...this.members].some((member) => member.replaying)) this.#clock.after(SNAPSHOT_LIFE, close);
      else this.#snapshot = undefined;
    };
    this.#clock.after(SNAPSHOT_LIFE, close);
  }

  #dropBefore(wanted: number): void {
    while (this.#firstBatch < wanted) this.#dropFirst();
  }

  #dropFirst(): void {
    this.#octets -= this.#batches.shift()!.octets;
    this.#firstBatch++;
  }

  /** Compares what the peers should have for the prefix with what they have. */
  #renew(prefix: number): void {
    // A prefix whose paths changed since it was decided will come again when it has been.
    if (this.#loc.rib.dirty.has(prefix)) return;
    const path = this.#loc.best[prefix];
    const out = path === NO_PATH ? NOTHING : this.#outgoing.of(path);
    const source = out === NOTHING ? 0 : this.#tables.rib.paths.source[path];
    const [outBefore, sourceBefore] = [this.#out[prefix], this.#source[prefix]];
    if (out === outBefore && source === sourceBefore) return;
    if (out === NOTHING) this.#builder.withdraw(prefix);
    else {
      const exception = this.#exception(source);
      this.#builder.announce(prefix, out, exception);
      // The peer that the route now comes from may hold another one from us.
      if (exception !== ANYONE && outBefore !== NOTHING && sourceBefore !== source) {
        this.#builder.withdraw(prefix, exception);
      }
    }
    this.#set(prefix, out, source);
  }

  /** The member that must not get a route back, if its source is one. */
  #exception(source: number): number {
    if (source === 0) return ANYONE;
    for (const member of this.members) if (member.source === source) return source;
    return ANYONE;
  }

  #set(prefix: number, out: number, source: number): void {
    const before = this.#out[prefix];
    if (out !== NOTHING) this.#outgoing.retain(out);
    this.#tally(this.#source[prefix], before === NOTHING ? 0 : -1);
    this.#tally(source, out === NOTHING ? 0 : 1);
    this.#out[prefix] = out;
    this.#source[prefix] = source;
    if (before !== NOTHING) this.#outgoing.release(before);
  }

  #tally(source: number, change: number): void {
    this.#size += change;
    this.#sizeOfSource[source] = (this.#sizeOfSource[source] ?? 0) + change;
  }
}

/** The table as it was announced before `from`, encoded piece by piece as newcomers take it. */
interface Snapshot {
  readonly from: number;
  /** The prefix to go on with. */
  next: number;
  readonly batches: Batch[];
}
