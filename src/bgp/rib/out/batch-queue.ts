import type { Batch } from './batch.ts';

/** Batches in order, by running numbers; the old ones are dropped when nobody waits for them. */
export class BatchQueue {
  #batches: Batch[] = [];
  #first = 0;
  #octets = 0;

  /** The number of the oldest batch. */
  get first(): number {
    return this.#first;
  }

  /** The number that the next batch will have. */
  get end(): number {
    return this.#first + this.#batches.length;
  }

  /** Octets of messages in all batches. */
  get octets(): number {
    return this.#octets;
  }

  get(number: number): Batch {
    return this.#batches[number - this.#first];
  }

  push(batch: Batch): void {
    this.#batches.push(batch);
    this.#octets += batch.octets;
  }

  dropBefore(number: number): void {
    if (number <= this.#first) return;
    for (const { octets } of this.#batches.splice(0, number - this.#first)) this.#octets -= octets;
    this.#first = number;
  }
}
