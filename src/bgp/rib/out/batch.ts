import type { UpdateWriter } from './update-writer.ts';

/** Not a source: nobody is excepted, or everybody is meant. Source 0 is ourselves and never a member. */
export const ANYONE = 0;

/** Whole messages that go to every member, to all `except` one, or to `only` one. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly messages: number;
  readonly except: number;
  readonly only: number;
}

/** Encoded changes, ready to be written to any number of peers, and the entries of Adj-RIB-Out that they are about. */
export interface Batch {
  readonly parts: readonly Part[];
  readonly entries: readonly number[];
  readonly octets: number;
}

/**
 * Sorts changes into buckets, so that prefixes with equal attributes share messages, and writes each bucket once.
 * Withdrawals come first: they free what announcements may need.
 */
export class BatchBuilder {
  readonly #writer: UpdateWriter;
  #entries: number[] = [];
  #withdrawn = new Map<number, number[]>();
  #announced = new Map<number, Bucket>();
  #last: Bucket | undefined;

  constructor(writer: UpdateWriter) {
    this.#writer = writer;
  }

  begin(): void {
    this.#entries = [];
    this.#withdrawn = new Map();
    this.#announced = new Map();
    this.#last = undefined;
  }

  withdraw(entry: number, only = ANYONE): void {
    const list = this.#withdrawn.get(only);
    if (list) list.push(entry);
    else this.#withdrawn.set(only, [entry]);
    if (only === ANYONE) this.#note(entry);
  }

  announce(entry: number, out: number, except = ANYONE): void {
    this.#note(entry);
    let bucket = this.#last;
    if (bucket === undefined || bucket.out !== out || bucket.except !== except) {
      const key = out * 65536 + except;
      bucket = this.#announced.get(key);
      if (bucket === undefined) {
        bucket = { out, except, entries: [] };
        this.#announced.set(key, bucket);
      }
      this.#last = bucket;
    }
    bucket.entries.push(entry);
  }

  finish(): Batch {
    const parts: Part[] = [];
    this.#writer.withdraw(this.#withdrawn.get(ANYONE) ?? []);
    for (const { out, except, entries } of this.#announced.values()) {
      if (except === ANYONE) this.#announceOrWithdraw(out, entries);
    }
    this.#take(parts, ANYONE, ANYONE);
    for (const { out, except, entries } of this.#announced.values()) {
      if (except === ANYONE) continue;
      this.#announceOrWithdraw(out, entries);
      this.#take(parts, except, ANYONE);
    }
    for (const [only, entries] of this.#withdrawn) {
      if (only === ANYONE) continue;
      this.#writer.withdraw(entries);
      this.#take(parts, ANYONE, only);
    }
    const octets = parts.reduce((sum, part) => sum + part.bytes.length, 0);
    return { parts, entries: this.#entries, octets };
  }

  endOfRib(): Uint8Array {
    return this.#writer.endOfRib();
  }

  #announceOrWithdraw(out: number, entries: readonly number[]): void {
    if (!this.#writer.announce(out, entries)) this.#writer.withdraw(entries);
  }

  #note(entry: number): void {
    this.#entries.push(entry);
  }

  #take(parts: Part[], except: number, only: number): void {
    const messages = this.#writer.messages;
    if (messages > 0) parts.push({ bytes: this.#writer.take(), messages, except, only });
  }
}

interface Bucket {
  readonly out: number;
  readonly except: number;
  readonly entries: number[];
}
