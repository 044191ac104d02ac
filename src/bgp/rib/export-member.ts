import { ANYONE, type Batch } from './batch.ts';
import { DirtySet } from './columns.ts';
import type { ExportGroup } from './export-group.ts';

/** Prefixes encoded at a time for a member that catches up on its own. */
const OWN_BATCH = 2048;

/** Where a member's messages go: false means "no more until drained". */
export interface Outlet {
  write(messages: Uint8Array): boolean;
}

/**
 * One peer in an export group. It reads the group's stream at its own pace; if it falls too far behind, it leaves
 * the stream with a set of prefixes that it has still to hear of, and comes back when that is empty.
 */
export class ExportMember {
  readonly group: ExportGroup;
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
  /** UPDATE messages written. */
  updates = 0;

  constructor(group: ExportGroup, source: number, outlet: Outlet) {
    this.group = group;
    this.source = source;
    this.#outlet = outlet;
    this.#next = group.streamEnd;
  }

  get behind(): boolean {
    return this.#behind !== undefined || this.replaying;
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

  /** Takes the place of a member of another group: what that one was sent is compared with what this one announces. */
  takeOver(before: ExportMember): void {
    this.#owesEndOfRib = before.#owesEndOfRib;
    this.#blocked = before.#blocked;
    this.updates = before.updates;
    this.refresh();
    before.group.each((prefix) => this.#behind!.add(prefix));
  }

  /** Hears of a new batch of the stream. */
  offer(batch: Batch): void {
    if (this.#behind) for (const prefix of batch.prefixes) this.#behind.add(prefix);
  }

  /** Leaves the stream: what it has not got yet becomes its own to do. */
  fallBehind(): void {
    if (this.#behind) return;
    const behind = new DirtySet();
    if (this.replaying) this.group.each((prefix) => behind.add(prefix));
    for (let number = this.#next; number < this.group.streamEnd; number++) {
      for (const prefix of this.group.batch(number).prefixes) behind.add(prefix);
    }
    this.#replayAt = -1;
    this.#part = 0;
    this.#behind = behind;
  }

  /** Sends the whole table once more (RFC 2918). */
  refresh(): void {
    this.fallBehind();
    this.group.each((prefix) => this.#behind!.add(prefix));
  }

  drained(): void {
    this.#blocked = false;
  }

  /** Writes until there is nothing left, the socket wants a pause or time is up; true if it should be called again. */
  pump(expired: () => boolean, mayEndRib: boolean): boolean {
    while (!this.#blocked) {
      if (this.#behind) this.#catchUp(this.#behind);
      else if (this.replaying) this.#replay();
      else if (this.#next < this.group.streamEnd) {
        if (this.#write(this.group.batch(this.#next))) this.#next++;
      } else {
        if (this.#owesEndOfRib && mayEndRib && !this.group.hasWork) this.#endRib();
        return false;
      }
      if (expired()) return !this.#blocked;
    }
    return false;
  }

  #catchUp(behind: DirtySet): void {
    const prefixes: number[] = [];
    while (behind.size > 0 && prefixes.length < OWN_BATCH) prefixes.push(behind.shift());
    const batch = this.group.encode(prefixes, true);
    // What a pause leaves unwritten of this piece is to be done again.
    if (!this.#write(batch)) {
      this.#part = 0;
      for (const prefix of prefixes) behind.add(prefix);
    } else if (behind.size === 0) {
      this.#behind = undefined;
      this.#next = this.group.streamEnd;
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
