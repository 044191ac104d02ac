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

/** Encoded changes, ready to be written to any number of peers, and the prefixes that they are about. */
export interface Batch {
  readonly parts: readonly Part[];
  readonly prefixes: Uint32Array;
  readonly octets: number;
}

/**
 * Sorts changes into buckets, so that prefixes with equal attributes share messages, and writes each bucket once.
 * Withdrawals come first: they free what announcements may need.
 */
export class BatchBuilder {
  readonly #writer: UpdateWriter;
  #prefixes = new Uint32Array(0);
  #count = 0;
  #withdrawn = new Map<number, number[]>();
  #announced = new Map<number, Bucket>();
  #last: Bucket | undefined;

  constructor(writer: UpdateWriter) {
    this.#writer = writer;
  }

  begin(capacity: number): void {
    this.#prefixes = new Uint32Array(capacity);
    this.#count = 0;
    this.#withdrawn = new Map();
    this.#announced = new Map();
    this.#last = undefined;
  }

  withdraw(prefix: number, only = ANYONE): void {
    const list = this.#withdrawn.get(only);
    if (list) list.push(prefix);
    else this.#withdrawn.set(only, [prefix]);
    if (only === ANYONE) this.#note(prefix);
  }

  announce(prefix: number, out: number, except = ANYONE): void {
    this.#note(prefix);
    let bucket = this.#last;
    if (bucket === undefined || bucket.out !== out || bucket.except !== except) {
      const key = out * 65536 + except;
      bucket = this.#announced.get(key);
      if (bucket === undefined) {
        bucket = { out, except, prefixes: [] };
        this.#announced.set(key, bucket);
      }
      this.#last = bucket;
    }
    bucket.prefixes.push(prefix);
  }

  finish(): Batch {
    const parts: Part[] = [];
    this.#writer.withdraw(this.#withdrawn.get(ANYONE) ?? []);
    for (const { out, except, prefixes } of this.#announced.values()) {
      if (except === ANYONE) this.#announceOrWithdraw(out, prefixes);
    }
    this.#take(parts, ANYONE, ANYONE);
    for (const { out, except, prefixes } of this.#announced.values()) {
      if (except === ANYONE) continue;
      this.#announceOrWithdraw(out, prefixes);
      this.#take(parts, except, ANYONE);
    }
    for (const [only, prefixes] of this.#withdrawn) {
      if (only === ANYONE) continue;
      this.#writer.withdraw(prefixes);
      this.#take(parts, ANYONE, only);
    }
    const octets = parts.reduce((sum, part) => sum + part.bytes.length, 0);
    return { parts, prefixes: this.#prefixes.subarray(0, this.#count), octets };
  }

  endOfRib(): Uint8Array {
    return this.#writer.endOfRib();
  }

  #announceOrWithdraw(out: number, prefixes: readonly number[]): void {
    if (!this.#writer.announce(out, prefixes)) this.#writer.withdraw(prefixes);
  }

  #note(prefix: number): void {
    if (this.#count < this.#prefixes.length) this.#prefixes[this.#count++] = prefix;
  }

  #take(parts: Part[], except: number, only: number): void {
    const messages = this.#writer.messages;
    if (messages > 0) parts.push({ bytes: this.#writer.take(), messages, except, only });
  }
}

interface Bucket {
  readonly out: number;
  readonly except: number;
  readonly prefixes: number[];
}
