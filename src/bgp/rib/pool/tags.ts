import { Interned } from '../../../base/index.ts';

/** Tags of our own routes by number, counted by the routes that bear them; 0 for none. */
export class Tags {
  readonly #tags = new Interned<string, string | undefined>(undefined);

  /** Tags that are in use. */
  get size(): number {
    return this.#tags.size;
  }

  text(number: number): string | undefined {
    return this.#tags.values[number];
  }

  /** The number of a tag that some route bears, or 0. */
  number(tag = ''): number {
    return this.#tags.find(tag);
  }

  /** A route bears it. */
  retain(tag = ''): number {
    return tag === '' ? 0 : this.#tags.retain(this.#tags.find(tag) || this.#tags.add(tag, tag));
  }

  /** A route no longer bears it. */
  release(tag = ''): void {
    this.#tags.release(this.#tags.find(tag));
  }
}
