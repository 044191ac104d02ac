import type { DesiredWorkload } from '../../calc/desired/index.ts';

/** Addresses of a pod that nothing may lead to yet. */
interface Held {
  readonly cidrs: ReadonlySet<string>;
  /** The number of what was asked of the packet filter with them: it may be in any set. */
  readonly asked: number;
}

/**
 * Admits pods: a new one gets no route until the policy that it is held to is in the kernel, and its addresses are in
 * the sets by which other pods know it. Without a route nothing reaches it, and nothing that it sends is taken for its
 * own, so there is no moment in which it is open. Addresses that a pod had already are never held back: what a former run
 * has put there protects them, and policy changes under them as a whole.
 */
export class PodAdmission {
  /** Interface → its addresses. */
  #known: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  readonly #held = new Map<string, Held>();
  #isRestricted = false;

  /**
   * Takes in the pods that there should be, whether anything restricts anybody, and the number of what the packet filter
   * has been asked for with them.
   */
  apply(workloads: readonly DesiredWorkload[], isRestricted: boolean, asked: number): void {
    const now = addressesOf(workloads);
    for (const name of this.#held.keys()) if (!now.has(name)) this.#held.delete(name);
    this.#isRestricted = isRestricted;
    for (const [name, cidrs] of this.#known !== undefined && isRestricted ? now : []) {
      const known = this.#known?.get(name);
      const added = [...cidrs].filter((cidr) => known?.has(cidr) !== true);
      if (added.length === 0 && known !== undefined) continue;
      const held = [...(this.#held.get(name)?.cidrs ?? [])].filter((cidr) => cidrs.has(cidr));
      this.#held.set(name, { cidrs: new Set([...held, ...added]), asked });
    }
    this.#known = now;
  }

  /** Whether the pod may be led to at that address; without one, at all of its own. */
  admits(interfaceName: string, cidr?: string): boolean {
    const held = this.#held.get(interfaceName);
    if (held === undefined) return true;
    return cidr !== undefined && this.#known?.get(interfaceName)?.has(cidr) === true && !held.cidrs.has(cidr);
  }

  /** Lets in those that may be now; answers with their names. */
  release(mayBe: (interfaceName: string, asked: number) => boolean): readonly string[] {
    const released = [...this.#held].flatMap(([name, { asked }]) =>
      !this.#isRestricted || mayBe(name, asked) ? [name] : [],
    );
    for (const name of released) this.#held.delete(name);
    return released;
  }
}

/** Of several pods with one interface, all. */
function addressesOf(workloads: readonly DesiredWorkload[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { interfaceName, addresses } of workloads) {
    const known = found.get(interfaceName);
    if (known === undefined) found.set(interfaceName, new Set(addresses));
    else for (const cidr of addresses) known.add(cidr);
  }
  return found;
}
