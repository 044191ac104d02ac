import { SMALL } from './probe-packet.ts';

/** Packets of one size in a row that must be lost before it counts as too large: any network loses one now and then. */
const PATIENCE = 3;

/**
 * The largest packet that a way takes, up to the size that is wanted. While that gets through nothing else is tried. When it does not,
 * halving finds what does; from then on what is wanted and what was found are tried in turn, so that it is noticed when the way
 * is mended, and when it becomes narrower still.
 */
export class MtuSearch {
  readonly #wanted: number;
  /** The largest that got through; 0: not known. */
  #passed = 0;
  /** The smallest that does not. */
  #failed: number | undefined;
  #misses = 0;
  #isTurnOfWanted = false;

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  get wanted(): number {
    return this.#wanted;
  }

  /** Octets that are known to get through; 0: nothing is known. */
  get passed(): number {
    return this.#passed;
  }

  /** The size to try now. */
  next(): number {
    if (this.#failed === undefined) return this.#wanted;
    if (this.#failed - this.#passed > 1) return Math.floor((this.#passed + this.#failed) / 2);
    this.#isTurnOfWanted = !this.#isTurnOfWanted;
    return this.#isTurnOfWanted ? this.#wanted : this.#passed;
  }

  /** Takes the fate of a packet while smaller ones got through. */
  heard(size: number, isLost: boolean): void {
    if (!isLost) {
      this.#misses = 0;
      this.#passed = Math.max(this.#passed, size);
      if (this.#failed !== undefined && size >= this.#failed) this.#failed = undefined;
      return;
    }
    if (this.#failed !== undefined && size >= this.#failed) return;
    this.#misses++;
    if (this.#misses < PATIENCE) return;
    this.#misses = 0;
    this.#failed = size;
    if (this.#passed >= size) this.#passed = Math.min(SMALL, size - 1);
    else this.#passed = Math.max(this.#passed, SMALL);
  }
}
