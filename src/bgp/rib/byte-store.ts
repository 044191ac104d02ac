import { widened } from './columns.ts';

const ALIGN = 16;

/** Byte strings in one slab, by offset. A place that was given up goes to the next string of about its length. */
export class ByteStore {
  bytes = new Uint8Array(1024);
  #used = 0;
  /** Free places by their size in units of `ALIGN`. */
  readonly #places = new Map<number, number[]>();

  /** Copies the string in and returns its offset. */
  put(string: Uint8Array): number {
    const offset = this.#place(Math.ceil(string.length / ALIGN));
    this.bytes.set(string, offset);
    return offset;
  }

  drop(offset: number, length: number): void {
    const units = Math.ceil(length / ALIGN);
    const places = this.#places.get(units);
    if (places) places.push(offset);
    else this.#places.set(units, [offset]);
  }

  /** A view, valid until the next `put`. */
  view(offset: number, length: number): Uint8Array {
    return this.bytes.subarray(offset, offset + length);
  }

  #place(units: number): number {
    const freed = this.#places.get(units)?.pop();
    if (freed !== undefined) return freed;
    const offset = this.#used;
    this.#used += units * ALIGN;
    this.bytes = widened(this.bytes, this.#used);
    return offset;
  }
}
