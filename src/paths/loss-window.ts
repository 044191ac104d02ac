/** The last probes, and how many of them were lost. It begins empty: a probe that was not sent is not lost. */
export class LossWindow {
  readonly #size: number;
  /** Ring: 1 for lost. */
  readonly #lost: Uint8Array;
  #count = 0;
  #at = 0;
  #sum = 0;

  constructor(size: number) {
    this.#size = size;
    this.#lost = new Uint8Array(size);
  }

  note(isLost: boolean): void {
    const value = isLost ? 1 : 0;
    this.#sum += value - this.#lost[this.#at];
    this.#lost[this.#at] = value;
    this.#at = (this.#at + 1) % this.#size;
    this.#count = Math.min(this.#size, this.#count + 1);
  }

  /** From 0 to 1; 0 before the first. */
  get ratio(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }
}
