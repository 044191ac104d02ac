/**
 * The prefixes that the kernel has by each way: a list for each, linked through columns of prefixes, so that what goes
 * with a link is found without looking at all routes. A change costs a few writes.
 */
export class WayUsers {
  /** First prefix of each way; one more than its number, 0 for none. */
  #first = new Uint32Array(64);
  #next: Uint32Array;
  #previous: Uint32Array;

  constructor(expected: number) {
    this.#next = new Uint32Array(expected);
    this.#previous = new Uint32Array(expected);
  }

  /** The prefix goes by another way now; 0 for none. */
  move(prefix: number, from: number, to: number): void {
    if (from === to) return;
    if (from !== 0) this.#take(prefix, from);
    if (to !== 0) this.#put(prefix, to);
  }

  /** Whether any prefix goes by the way. */
  any(way: number): boolean {
    return (this.#first[way] ?? 0) !== 0;
  }

  /** Prefixes that go by the way, as they are now. */
  of(way: number): readonly number[] {
    const found: number[] = [];
    for (let entry = this.#first[way] ?? 0; entry !== 0; entry = this.#next[entry - 1]) found.push(entry - 1);
    return found;
  }

  #put(prefix: number, way: number): void {
    if (prefix >= this.#next.length) {
      this.#next = wider(this.#next, prefix);
      this.#previous = wider(this.#previous, prefix);
    }
    if (way >= this.#first.length) this.#first = wider(this.#first, way);
    const first = this.#first[way];
    this.#next[prefix] = first;
    this.#previous[prefix] = 0;
    if (first !== 0) this.#previous[first - 1] = prefix + 1;
    this.#first[way] = prefix + 1;
  }

  #take(prefix: number, way: number): void {
    const [next, previous] = [this.#next[prefix], this.#previous[prefix]];
    if (previous === 0) this.#first[way] = next;
    else this.#next[previous - 1] = next;
    if (next !== 0) this.#previous[next - 1] = previous;
  }
}

function wider(column: Uint32Array, index: number): Uint32Array<ArrayBuffer> {
  const made = new Uint32Array(Math.max(column.length * 2, index + 1));
  made.set(column);
  return made;
}
