import { CountedNumbers } from './counted-numbers.ts';

/** Tags of our own routes by number, counted by the routes that bear them; 0 for none. */
export class Tags {
  readonly #numbers = new CountedNumbers();
  readonly #texts: (string | undefined)[] = [undefined];
  readonly #ids = new Map<string, number>();

  /** Tags that are in use. */
  get size(): number {
    return this.#numbers.size;
  }

  text(number: number): string | undefined {
    return this.#texts[number];
  }

  /** The number of a tag that some route bears, or 0. */
  number(tag = ''): number {
    return this.#ids.get(tag) ?? 0;
  }

  /** A route bears it. */
  retain(tag = ''): number {
    if (tag === '') return 0;
    let number = this.#ids.get(tag);
    if (number === undefined) {
      number = this.#numbers.take();
      this.#ids.set(tag, number);
      this.#texts[number] = tag;
    }
    return this.#numbers.retain(number);
  }

  release(tag = ''): void {
    const number = this.number(tag);
    if (number === 0 || !this.#numbers.release(number)) return;
    this.#ids.delete(tag);
    this.#texts[number] = undefined;
    this.#numbers.give(number);
  }
}
