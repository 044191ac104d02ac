type Column = Uint8Array | Uint16Array | Uint32Array | Float32Array;

/** The same column, at least `capacity` entries long; new entries are zero. */
export function widened<T extends Column>(column: T, capacity: number): T {
  if (column.length >= capacity) return column;
  const wider = new (column.constructor as new (length: number) => T)(Math.max(capacity, column.length * 2));
  wider.set(column);
  return wider;
}

/** Entries of a list that is worth giving back. */
const LONG = 65536;

/** A set of small integers that remembers the order of adding: a bitmap beside a list. */
export class DirtySet {
  #list = new Uint32Array(16);
  #marks = new Uint32Array(16);
  #from = 0;
  #to = 0;

  get size(): number {
    return this.#to - this.#from;
  }

  has(index: number): boolean {
    const word = index >>> 5;
    return word < this.#marks.length && (this.#marks[word] & (1 << (index & 31))) !== 0;
  }

  add(index: number): void {
    const word = index >>> 5;
    const bit = 1 << (index & 31);
    if (word >= this.#marks.length) this.#marks = widened(this.#marks, word + 1);
    if (this.#marks[word] & bit) return;
    this.#marks[word] |= bit;
    if (this.#to === this.#list.length) this.#makeRoom();
    this.#list[this.#to++] = index;
  }

  /** Takes out the member that was added first. Not for empty sets. */
  shift(): number {
    const index = this.#list[this.#from++];
    this.#marks[index >>> 5] &= ~(1 << (index & 31));
    if (this.#from === this.#to) this.#empty();
    return index;
  }

  /** A list that was once long is not kept for the next burst. */
  #empty(): void {
    this.#from = this.#to = 0;
    if (this.#list.length > LONG) this.#list = new Uint32Array(16);
  }

  #makeRoom(): void {
    if (this.#from > this.#list.length / 2) {
      this.#list.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
    } else this.#list = widened(this.#list, this.#list.length * 2);
  }
}
