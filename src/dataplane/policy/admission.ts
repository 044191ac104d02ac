import type { DesiredWorkload } from '../../calc/desired/index.ts';

/**
 * Admits pods: a new one gets no route until the policy that it is held to is in the kernel. Without a route nothing
 * reaches it, and nothing that it sends is taken for its own, so there is no moment in which it is open. Pods that are
 * there already are never held back: what a former run has put there protects them, and policy changes under them as a
 * whole.
 */
export class PodAdmission {
  #known: ReadonlySet<string> | undefined;
  readonly #held = new Set<string>();

  /** The pods that there should be, and whether anything restricts anybody. */
  apply(workloads: readonly DesiredWorkload[], isRestricted: boolean): void {
    const names = new Set(workloads.map(({ interfaceName }) => interfaceName));
    for (const name of this.#held) if (!names.has(name) || !isRestricted) this.#held.delete(name);
    if (this.#known !== undefined && isRestricted) {
      for (const name of names) if (!this.#known.has(name)) this.#held.add(name);
    }
    this.#known = names;
  }

  admits(interfaceName: string): boolean {
    return !this.#held.has(interfaceName);
  }

  /** Lets in those that may be now; answers with their names. */
  release(mayBe: (interfaceName: string) => boolean): readonly string[] {
    const released = [...this.#held].filter(mayBe);
    for (const name of released) this.#held.delete(name);
    return released;
  }
}
