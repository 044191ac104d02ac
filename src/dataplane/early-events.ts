import type { KernelEvent } from '../netlink/index.ts';

/** More than this says no more than that all has to be looked at. */
const MOST = 10_000;

/**
 * Keeps the kernel's events that come before anything is wanted, in their order. A room that heard of them then would
 * take what a former run left for nobody's, and remove it.
 */
export class EarlyEvents {
  #held: KernelEvent[] | undefined = [];

  /** Whether it waits; if not, it is to be heard now. */
  hold(event: KernelEvent): boolean {
    if (this.#held === undefined) return false;
    if (this.#held.length < MOST) this.#held.push(event);
    else this.#held = [{ kind: 'resync' }];
    return true;
  }

  /** From now on nothing waits; only the first call has anything to tell. */
  release(hear: (event: KernelEvent) => void): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) hear(event);
  }
}
