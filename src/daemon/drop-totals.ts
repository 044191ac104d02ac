/** A count that only grows, out of one that begins anew when its rule is made anew. */
interface Total {
  base: number;
  last: number;
}

/** Counts by name, each as if its rule had never been made anew. */
export class DropTotals {
  readonly #totals = new Map<string, Total>();

  /** Takes in what a counter shows, and answers with the whole. */
  of(name: string, shown: number): number {
    const total = this.#totals.get(name) ?? { base: 0, last: 0 };
    if (shown < total.last) total.base += total.last;
    total.last = shown;
    this.#totals.set(name, total);
    return total.base + shown;
  }

  /** Forgets all but these. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#totals.keys()) if (!names.has(name)) this.#totals.delete(name);
  }
}
