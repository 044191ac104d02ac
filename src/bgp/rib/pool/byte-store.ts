import { widened } from './columns.ts';

const ALIGN = 16;
/** Octets that lie idle before it is worth moving everything together. */
const IDLE = 256 * 1024;

/**
 * Byte strings in one slab, by offset. A place that was given up goes to the next string of about its length; when most
 * of the slab is places that nobody has taken again, the owner moves what is left to a new one.
 */
export class ByteStore {
  bytes = new Uint8Array(1024);
  #used = 0;
  #idle = 0;
  /** Free places by their size in units of `ALIGN`. */
  readonly #places = new Map<number, number[]>();

  /** Octets of the slab that were ever in use. */
  get octets(): number {
    return this.#used;
  }

  /** Whether the strings take less than half of the room. */
  get isSparse(): boolean {
    return this.#idle > IDLE && this.#idle > this.#used / 2;
  }

  /** Copies the string in and returns its offset. */
  put(string: Uint8Array): number {
    const offset = this.#place(Math.ceil(string.length / ALIGN));
    this.bytes.set(string, offset);
    return offset;
  }

  drop(offset: number, length: number): void {
    const units = Math.ceil(length / ALIGN);
    this.#idle += units * ALIGN;
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
    if (freed !== undefined) {
      this.#idle -= units * ALIGN;
      return freed;
    }
    const offset = this.#used;
    this.#used += units * ALIGN;
    this.bytes = widened(this.bytes, this.#used);
    return offset;
  }
}
