/**
 * Work that is one pass at a time: who asks while a pass is under way gets another one after it, since that pass may have
 * looked too early; and all who ask meanwhile get the same one.
 */
export class Passes {
  readonly #pass: () => Promise<void>;
  #asked = false;
  #running: Promise<void> | undefined;

  constructor(pass: () => Promise<void>) {
    this.#pass = pass;
  }

  /** Resolves when nothing is left to do that was asked for by then; rejects as soon as a pass does. */
  run(): Promise<void> {
    this.#asked = true;
    this.#running ??= this.#all();
    return this.#running;
  }

  /** Ends in the same turn in which it sees that nobody has asked again: nobody can ask in between and be forgotten. */
  async #all(): Promise<void> {
    try {
      while (this.#asked) {
        this.#asked = false;
        await this.#pass();
      }
    } finally {
      this.#running = undefined;
    }
  }
}
