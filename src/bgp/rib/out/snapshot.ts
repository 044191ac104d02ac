import type { AdjRibOut } from './adj-rib-out.ts';
import type { Batch } from './batch.ts';
import { NOTHING } from './outgoing.ts';

/** The table as it was announced before batch `from` of the stream, encoded piece by piece as newcomers take it. */
export class TableSnapshot {
  readonly from: number;
  readonly #adj: AdjRibOut;
  readonly #size: number;
  readonly #encode: (entries: readonly number[]) => Batch;
  readonly #batches: Batch[] = [];
  #next = 0;

  /** `size`: most entries in a piece. */
  constructor(from: number, adj: AdjRibOut, size: number, encode: (entries: readonly number[]) => Batch) {
    this.from = from;
    this.#adj = adj;
    this.#size = size;
    this.#encode = encode;
  }

  /** The `index`-th piece, or undefined after the last. */
  batch(index: number): Batch | undefined {
    while (index >= this.#batches.length) {
      if (this.#next >= this.#adj.limit) return undefined;
      const entries: number[] = [];
      for (; this.#next < this.#adj.limit && entries.length < this.#size; this.#next++) {
        if (this.#adj.out(this.#next) !== NOTHING) entries.push(this.#next);
      }
      if (entries.length > 0) this.#batches.push(this.#encode(entries));
    }
    return this.#batches[index];
  }
}
