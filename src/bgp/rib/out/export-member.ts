import { DirtySet } from '../pool/columns.ts';
import type { RefreshMarks } from '../refresh-marks.ts';
import { ANYONE, type Batch } from './batch.ts';
import type { ExportStream } from './export-stream.ts';

/** Entries encoded at a time for a member that catches up on its own. */
const OWN_BATCH = 2048;

/** Where a member's messages go: false means "no more until drained". */
export interface Outlet {
  write(messages: Uint8Array): boolean;
}

interface Refresh {
  /** Absent for peers that don't know them. */
  readonly marks: RefreshMarks | undefined;
}

/**
 * One peer in an export group. It reads the group's stream at its own pace; if it falls too far behind, it leaves
 * the stream with a set of entries that it has still to hear of, and comes back when that is empty.
 */
export class ExportMember {
  readonly group: ExportStream;
  /** The peer's number as a source of paths. */
  readonly source: number;
  readonly #outlet: Outlet;
  /** The number of the next batch. */
  #next: number;
  /** The part of the present batch to go on with. */
  #part = 0;
  #replayAt = -1;
  #behind: DirtySet | undefined;
  #blocked = false;
  #owesEndOfRib = true;
  /** A refresh that is under way, and one that is to begin after it. */
  #refreshing: Refresh | undefined;
  #asked: Refresh | undefined;
  /** UPDATE messages written. */
  updates = 0;

  constructor(group: ExportStream, source: number, outlet: Outlet) {
    this.group = group;
    this.source = source;
    this.#outlet = outlet;
    this.#next = group.queue.end;
  }

  get behind(): boolean {
    return this.#behind !== undefined || this.replaying || this.#asked !== undefined;
  }

  get replaying(): boolean {
    return this.#replayAt >= 0;
  }

  get owesEndOfRib(): boolean {
    return this.#owesEndOfRib;
  }

  /** The first batch of the stream that must be kept for it. */
  get needs(): number {
    return this.#behind ? Number.POSITIVE_INFINITY : this.#next;
  }

  /** Starts with the group's snapshot, and goes on with the stream at batch `from`. */
  replay(from: number): void {
    this.#replayAt = 0;
    this.#next = from;
  }

  /**
   * Takes the place of a member of another group, which was sent `entries`, as numbered here: they are compared with
   * what this one announces.
   */
  takeOver(before: ExportMember, entries: readonly number[]): void {
    this.#owesEndOfRib = before.#owesEndOfRib;
    this.#blocked = before.#blocked;
    this.updates = before.updates;
    this.#begin({ marks: undefined });
    // The peer waits for the end of what it was told the beginning of.
    this.#refreshing = before.#refreshing ?? this.#refreshing;
    this.#asked = before.#asked;
    for (const entry of entries) this.#behind!.add(entry);
  }

  /** Hears of a new batch of the stream. */
  offer(batch: Batch): void {
    if (this.#behind) for (const entry of batch.entries) this.#behind.add(entry);
  }

  /** Leaves the stream: what it has not got yet becomes its own to do. */
  fallBehind(): void {
    if (this.#behind) return;
    const behind = new DirtySet();
    if (this.replaying) this.group.each((entry) => behind.add(entry));
    for (let number = this.#next; number < this.group.queue.end; number++) {
      for (const entry of this.group.queue.get(number).entries) behind.add(entry);
    }
    this.#replayAt = -1;
    this.#part = 0;
    this.#behind = behind;
  }

  /**
   * Sends the whole table once more (RFC 2918), between marks if the peer knows them (RFC 7313). However often a peer
   * asks, no more than one is under way, and one to come: a few octets must not cost a table each.
   */
  refresh(marks?: RefreshMarks): void {
    this.#asked = { marks };
  }

  #begin(refresh: Refresh): void {
    this.fallBehind();
    if (refresh.marks) this.#blocked = !this.#outlet.write(refresh.marks.begin) || this.#blocked;
    this.#refreshing = refresh;
    this.group.each((entry) => this.#behind!.add(entry));
  }

  drained(): void {
    this.#blocked = false;
  }

  /** Writes until there is nothing left, the socket wants a pause or time is up; true if it should be called again. */
  pump(expired: () => boolean, mayEndRib: boolean): boolean {
    while (!this.#blocked) {
      // A table is not begun again before its first end (RFC 7313 §4).
      if (this.#asked && !this.#refreshing && !this.#owesEndOfRib) {
        const asked = this.#asked;
        this.#asked = undefined;
        this.#begin(asked);
      } else if (this.#behind) this.#catchUp(this.#behind);
      else if (this.replaying) this.#replay();
      else if (this.#next < this.group.queue.end) {
        if (this.#write(this.group.queue.get(this.#next))) this.#next++;
      } else {
        const ends = this.#owesEndOfRib && mayEndRib && !this.group.hasWork;
        if (ends) this.#endRib();
        if (!ends || this.#asked === undefined) return false;
      }
      if (expired()) return !this.#blocked;
    }
    return false;
  }

  #catchUp(behind: DirtySet): void {
    const entries: number[] = [];
    while (behind.size > 0 && entries.length < OWN_BATCH) entries.push(behind.shift());
    const batch = this.group.encode(entries, true);
    // A pause leaves part of this piece unwritten: it is done again.
    if (!this.#write(batch)) {
      this.#part = 0;
      for (const entry of entries) behind.add(entry);
    } else if (behind.size === 0) {
      this.#behind = undefined;
      this.#next = this.group.queue.end;
      const end = this.#refreshing?.marks?.end;
      if (end) this.#blocked = !this.#outlet.write(end) || this.#blocked;
      this.#refreshing = undefined;
    }
  }

  #replay(): void {
    const batch = this.group.snapshotBatch(this.#replayAt);
    if (batch === undefined) this.#replayAt = -1;
    else if (this.#write(batch)) this.#replayAt++;
  }

  /** True when the whole batch is written. A pause asked for by its last part still counts as written. */
  #write(batch: Batch): boolean {
    while (this.#part < batch.parts.length) {
      if (this.#blocked) return false;
      const { bytes, messages, except, only } = batch.parts[this.#part++];
      if ((except !== ANYONE && except === this.source) || (only !== ANYONE && only !== this.source)) continue;
      this.#blocked = !this.#outlet.write(bytes);
      this.updates += messages;
    }
    this.#part = 0;
    return true;
  }

  #endRib(): void {
    this.#owesEndOfRib = false;
    this.updates++;
    this.#blocked = !this.#outlet.write(this.group.endOfRib());
  }
}
