import { widened } from '../pool/columns.ts';
import { NOTHING, type Outgoing } from './outgoing.ts';

const NO_ENTRY = 0xffffffff;

/**
 * The routes sent to the peers of an export group: for each entry the outgoing attributes and the source that it came
 * from. Without ADD-PATH an entry is a prefix and has its number. With ADD-PATH (RFC 7911) it is a prefix with a path
 * identifier; then an entry that was withdrawn keeps its number until `purge`, so that whoever has not heard of the
 * withdrawal yet can still be told.
 */
export class AdjRibOut {
  readonly addPath: boolean;
  #out = new Uint32Array(64);
  #source = new Uint16Array(64);
  #size = 0;
  readonly #sizeOfSource: number[] = [];
  readonly #outgoing: Outgoing;
  // The rest is for ADD-PATH only.
  #prefix = new Uint32Array(0);
  #pathId = new Uint32Array(0);
  #next = new Uint32Array(0);
  #head = new Uint32Array(0);
  #used = 0;
  readonly #free: number[] = [];
  readonly #withdrawn = new Set<number>();

  constructor(addPath: boolean, outgoing: Outgoing) {
    this.addPath = addPath;
    this.#outgoing = outgoing;
  }

  /** Entries that are announced. */
  get size(): number {
    return this.#size;
  }

  /** Entries that are announced and came from this source. */
  sizeOf(source: number): number {
    return this.#sizeOfSource[source] ?? 0;
  }

  /** Every entry is below this. */
  get limit(): number {
    return this.addPath ? this.#used : this.#out.length;
  }

  /** Outgoing attributes of the entry, or `NOTHING`. */
  out(entry: number): number {
    return entry < this.#out.length ? this.#out[entry] : NOTHING;
  }

  source(entry: number): number {
    return this.#source[entry];
  }

  prefix(entry: number): number {
    return this.addPath ? this.#prefix[entry] : entry;
  }

  pathId(entry: number): number {
    return this.addPath ? this.#pathId[entry] : 0;
  }

  set(entry: number, out: number, source: number): void {
    if (entry >= this.#out.length) {
      this.#out = widened(this.#out, entry + 1);
      this.#source = widened(this.#source, entry + 1);
    }
    const before = this.#out[entry];
    if (out !== NOTHING) this.#outgoing.retain(out);
    this.#tally(this.#source[entry], before === NOTHING ? 0 : -1);
    this.#tally(source, out === NOTHING ? 0 : 1);
    this.#out[entry] = out;
    this.#source[entry] = source;
    if (before !== NOTHING) this.#outgoing.release(before);
    if (this.addPath && out === NOTHING) this.#withdrawn.add(entry);
    else if (this.addPath) this.#withdrawn.delete(entry);
  }

  /** The entry of a prefix and path identifier, new if need be. */
  entry(prefix: number, pathId: number): number {
    if (prefix >= this.#head.length) {
      const from = this.#head.length;
      this.#head = widened(this.#head, prefix + 1);
      this.#head.fill(NO_ENTRY, from);
    }
    for (const entry of this.entriesOf(prefix)) if (this.#pathId[entry] === pathId) return entry;
    const entry = this.#free.pop() ?? this.#used++;
    this.#prefix = widened(this.#prefix, entry + 1);
    this.#pathId = widened(this.#pathId, entry + 1);
    this.#next = widened(this.#next, entry + 1);
    this.#prefix[entry] = prefix;
    this.#pathId[entry] = pathId;
    this.#next[entry] = this.#head[prefix];
    this.#head[prefix] = entry;
    return entry;
  }

  /** All entries of a prefix, withdrawn ones too. */
  entriesOf(prefix: number): number[] {
    if (!this.addPath) return [prefix];
    const entries: number[] = [];
    let entry = prefix < this.#head.length ? this.#head[prefix] : NO_ENTRY;
    for (; entry !== NO_ENTRY; entry = this.#next[entry]) entries.push(entry);
    return entries;
  }

  /** Gives up the numbers of withdrawn entries: everybody knows. */
  purge(): void {
    for (const entry of this.#withdrawn) {
      const prefix = this.#prefix[entry];
      if (this.#head[prefix] === entry) this.#head[prefix] = this.#next[entry];
      else {
        let before = this.#head[prefix];
        while (this.#next[before] !== entry) before = this.#next[before];
        this.#next[before] = this.#next[entry];
      }
      this.#free.push(entry);
    }
    this.#withdrawn.clear();
  }

  #tally(source: number, change: number): void {
    this.#size += change;
    this.#sizeOfSource[source] = (this.#sizeOfSource[source] ?? 0) + change;
  }
}
