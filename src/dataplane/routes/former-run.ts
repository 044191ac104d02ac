import type { RouteTable } from './route-table.ts';

/**
 * The routes that a former run has left in the kernel, of any family: found by the first reading, and held there and
 * then if BGP may still want it, until `release`. Nothing has been written before that, so it makes no difference who
 * is asked first.
 */
export class FormerRun {
  readonly #tables: readonly RouteTable[];
  readonly #onRelease: () => void;
  #found: boolean | undefined;

  /** `onRelease`: what is wanted less by then may be removed. */
  constructor(tables: Iterable<RouteTable>, onRelease: () => void) {
    this.#tables = [...tables];
    this.#onRelease = onRelease;
  }

  /** Whether it had left routes. */
  get found(): boolean {
    return this.#found ?? false;
  }

  /** The kernel's routes have been read; later readings find our own. */
  read(hold: boolean): void {
    if (this.#found !== undefined) return;
    this.#found = this.#tables.some((table) => table.present > 0);
    if (hold && this.#found) for (const table of this.#tables) table.holdDeletions();
  }

  /** Removes from now on those that nobody wants. */
  release(): void {
    for (const table of this.#tables) table.releaseDeletions();
    this.#onRelease();
  }
}
