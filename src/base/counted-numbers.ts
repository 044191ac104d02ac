/** Things that are known by numbers, which whoever stores them must count. */
export interface Counted {
  /** Whoever stores the number calls this; answers the number. */
  retain(number: number): number;
  /** Whoever no longer stores the number calls this, once for each `retain`. */
  release(number: number): void;
}

const FIRST_CAPACITY = 16;

/**
 * Small dense numbers for things that many refer to: counted, and given out again when nobody refers to them any more.
 * Number 0 stands for nothing: it is never given out, and counting it costs nothing. `Interned` adds the values.
 */
export class CountedNumbers {
  #references = new Uint32Array(FIRST_CAPACITY);
  readonly #free: number[] = [];
  #used = 1;

  /** How many are in use. */
  get size(): number {
    return this.#used - 1 - this.#free.length;
  }

  /** Every number given out so far is below this. */
  get limit(): number {
    return this.#used;
  }

  /** A number that nobody refers to yet. */
  take(): number {
    const number = this.#free.pop() ?? this.#used++;
    if (number >= this.#references.length) this.#grow();
    this.#references[number] = 0;
    return number;
  }

  retain(number: number): number {
    this.#references[number]++;
    return number;
  }

  /** True when nobody refers to it any more. */
  release(number: number): boolean {
    return --this.#references[number] === 0 && number !== 0;
  }

  references(number: number): number {
    return this.#references[number];
  }

  /** Gives the number up. */
  give(number: number): void {
    this.#free.push(number);
  }

  #grow(): void {
    const wider = new Uint32Array(this.#references.length * 2);
    wider.set(this.#references);
    this.#references = wider;
  }
}
