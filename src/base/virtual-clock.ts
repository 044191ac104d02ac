import type { Cancel, Clock } from './clock.ts';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
  /** Where it is in the heap, or -1: cancelling is common and must not search. */
  slot: number;
}

/**
 * A clock that stands still until it is told to move: `advance` runs whatever falls due on the way, in order of
 * time, then of setting. It lives in `src` because library users test their own speakers with it too.
 */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #origin: number;
  readonly #due: Due[] = [];

  constructor(wallTimeAtStart = Date.UTC(2026, 0, 1)) {
    this.#origin = wallTimeAtStart;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#origin + this.#now;
  }

  after(delay: number, action: () => void): Cancel {
    const due: Due = { at: this.#now + Math.max(0, delay), order: this.#order++, action, slot: -1 };
    this.#push(due);
    return () => this.#remove(due);
  }

  soon(action: () => void): Cancel {
    return this.after(0, action);
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#due.length;
  }

  /** The time of the earliest timer, or undefined. */
  get nextDue(): number | undefined {
    return this.#due[0]?.at;
  }

  /** Moves time on by `milliseconds`, running everything that falls due. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const due = this.#due[0];
      if (due === undefined || due.at > until) break;
      this.#pop();
      this.#now = Math.max(this.#now, due.at);
      due.action();
    }
    this.#now = until;
  }

  /** As `advance`, but lets promises settle after each timer: for code that awaits between timers. */
  async advanceAsync(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    await settle();
    for (;;) {
      const due = this.#due[0];
      if (due === undefined || due.at > until) break;
      this.#pop();
      this.#now = Math.max(this.#now, due.at);
      due.action();
      await settle();
    }
    this.#now = until;
    await settle();
  }

  #push(due: Due): void {
    this.#rise(this.#due.push(due) - 1, due);
  }

  #rise(from: number, due: Due): void {
    const heap = this.#due;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(due, heap[parent])) break;
      this.#place(heap[parent], at);
      at = parent;
    }
    this.#place(due, at);
  }

  #place(due: Due, slot: number): void {
    this.#due[slot] = due;
    due.slot = slot;
  }

  #pop(): void {
    const heap = this.#due;
    heap[0].slot = -1;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(0, last);
  }

  #sink(from: number, due: Due): void {
    const heap = this.#due;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], due)) break;
      this.#place(heap[child], at);
      at = child;
    }
    this.#place(due, at);
  }

  #remove(due: Due): void {
    const heap = this.#due;
    const at = due.slot;
    if (at < 0) return;
    due.slot = -1;
    const last = heap.pop()!;
    if (last === due) return;
    // The last one fills the hole and finds its place, downwards or upwards.
    const parent = (at - 1) >> 1;
    if (at > 0 && before(last, heap[parent])) this.#rise(at, last);
    else this.#sink(at, last);
  }
}

function before(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
