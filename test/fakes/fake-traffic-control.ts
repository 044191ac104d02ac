import type { IngressFilter, Qdisc, QdiscSpec } from '../../src/netlink/index.ts';
import { type FakeLink, refuse } from './fake-namespace.ts';

/** Qdiscs and ingress filters of one link of the fake kernel. What the kernel chooses itself it does not show. */
export class FakeTrafficControl {
  #root: Omit<Qdisc, 'dev'> | undefined;
  #hasIngress = false;
  #redirects: { readonly priority: number; readonly to: FakeLink }[] = [];

  qdiscs(dev: string): readonly Qdisc[] {
    return [
      ...(this.#root === undefined ? [] : [{ dev, ...this.#root }]),
      ...(this.#hasIngress ? [{ dev, kind: 'ingress', parent: 'ingress', handle: 'ffff:' }] : []),
    ];
  }

  replace(spec: QdiscSpec, what: string): void {
    if (spec.kind === 'ingress') {
      if (this.#hasIngress) refuse('EEXIST', what, 'Exclusivity flag on, cannot modify');
      this.#hasIngress = true;
      return;
    }
    const { kind, handle, bucket } = spec;
    if (bucket.peak !== undefined && bucket.peak.rate <= bucket.rate) refuse('EINVAL', what, 'invalid argument');
    this.#root = { kind, parent: 'root', handle, bucket };
  }

  delete(parent: 'root' | 'ingress', what: string): void {
    const isThere = parent === 'root' ? this.#root !== undefined : this.#hasIngress;
    if (!isThere) refuse('ENOENT', what, 'Cannot delete qdisc with handle of zero');
    if (parent === 'root') {
      this.#root = undefined;
      return;
    }
    this.#hasIngress = false;
    this.#redirects = [];
  }

  /** `present`: the links that there are; an action whose device has gone stays, and leads nowhere. */
  filters(dev: string, present: readonly FakeLink[]): readonly IngressFilter[] {
    return this.#redirects.map(({ priority, to }) => {
      return { dev, kind: 'u32', priority, redirect: present.includes(to) ? to.index : 0 };
    });
  }

  redirect(priority: number, to: FakeLink, what: string): void {
    if (!this.#hasIngress) refuse('EINVAL', what, "Parent Qdisc doesn't exists");
    this.#redirects.push({ priority, to });
    this.#redirects.sort((a, b) => a.priority - b.priority);
  }
}
