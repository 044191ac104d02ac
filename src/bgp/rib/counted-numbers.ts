import { widened } from './columns.ts';

/** Things that are known by numbers, which whoever stores them must count. */
export interface Counted {
  retain(id: number): number;
  release(id: number): void;
}

/**
 * Numbers for things that many refer to: counted, and given out again when nobody refers to them any more. Number 0
 * stands for nothing, and is not counted.
 */
export class CountedNumbers {
  #references = new Uint32Array(16);
  readonly #free: number[] = [];
  #used = 1;

  /** How many are in use. */
  get size(): number {
    return this.#used - 1 - this.#free.length;
  }

  /** A number that nobody refers to yet. */
  take(): number {
    const number = this.#free.pop() ?? this.#used++;
    this.#references = widened(this.#references, this.#used);
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

  isUsed(number: number): boolean {
    return this.#references[number] > 0;
  }

  /** Gives the number up. */
  give(number: number): void {
    this.#free.push(number);
  }
}
