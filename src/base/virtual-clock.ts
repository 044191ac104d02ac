import type { Cancel, Clock } from './clock.ts';

const DONE = -1;
const IN_LINE = -2;
/** Milliseconds up to which a timer is short. */
const SHORT = 10;

interface Due {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
  /** Where it is in the heap, `IN_LINE` or `DONE`: cancelling is common and must not search. */
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
  /** Short timers mostly fall due in the order of their setting: as long as they do, a line serves for a heap. */
  #line: Due[] = [];
  #lineFrom = 0;
  #pending = 0;

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
    const due: Due = { at: this.#now + Math.max(0, delay), order: this.#order++, action, slot: DONE };
    const line = this.#line;
    this.#pending++;
    if (delay <= SHORT && (line.length === 0 || line[line.length - 1].at <= due.at)) {
      due.slot = IN_LINE;
      line.push(due);
    } else this.#push(due);
    return () => this.#cancel(due);
  }

  soon(action: () => void): Cancel {
    return this.after(0, action);
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#pending;
  }

  /** The time of the earliest timer, or undefined. */
  get nextDue(): number | undefined {
    return this.#first()?.at;
  }

  /** Moves time on by `milliseconds`, running everything that falls due. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const due = this.#first();
      if (due === undefined || due.at > until) break;
      this.#take(due);
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
      const due = this.#first();
      if (due === undefined || due.at > until) break;
      this.#take(due);
      this.#now = Math.max(this.#now, due.at);
      due.action();
      await settle();
    }
    this.#now = until;
    await settle();
  }

  /** The earliest of all: at the head of the line, or at the top of the heap. */
  #first(): Due | undefined {
    while (this.#lineFrom < this.#line.length && this.#line[this.#lineFrom].slot === DONE) this.#lineFrom++;
    if (this.#lineFrom === this.#line.length) {
      if (this.#lineFrom > 0) this.#line = [];
      this.#lineFrom = 0;
      return this.#due[0];
    }
    const inLine = this.#line[this.#lineFrom];
    const inHeap = this.#due[0];
    return inHeap !== undefined && before(inHeap, inLine) ? inHeap : inLine;
  }

  #take(due: Due): void {
    this.#pending--;
    if (due.slot === IN_LINE) {
      due.slot = DONE;
      // Timers that have run are let go now and then.
      if (++this.#lineFrom % 4096 === 0) this.#lineFrom -= this.#line.splice(0, this.#lineFrom).length;
    } else this.#pop();
  }

  #cancel(due: Due): void {
    if (due.slot === DONE) return;
    this.#pending--;
    if (due.slot === IN_LINE) due.slot = DONE;
    else this.#remove(due);
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
    heap[0].slot = DONE;
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
    due.slot = DONE;
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
