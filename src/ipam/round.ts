/** An address and the node that it is (or was) on, as far as that is known. */
export interface Place {
  readonly address: string;
  readonly node: string | undefined;
}

/** One sweep's view of the suspects: those that aren't seen again in the same state are forgotten. */
export class Round {
  readonly seen = new Map<string, number>();
  /** Addresses that look dead. */
  readonly waiting: Place[] = [];
  readonly #before: ReadonlyMap<string, number>;
  readonly #now: number;
  readonly #grace: number;

  constructor(before: ReadonlyMap<string, number>, now: number, grace: number) {
    this.#before = before;
    this.#now = now;
    this.#grace = grace;
  }

  /** Whether it has been seen like this for the whole of the grace. */
  isDue(suspect: string): boolean {
    const since = this.#before.get(suspect) ?? this.#now;
    this.seen.set(suspect, since);
    return this.#now - since >= this.#grace;
  }
}
