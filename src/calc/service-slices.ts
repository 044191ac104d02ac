import type { Entries } from '../base/index.ts';
import type { KubernetesEndpointSlice, KubernetesService } from '../model/index.ts';
import { serviceOf } from '../policy/index.ts';

/** The endpoints behind each Service, followed slice by slice. */
export class ServiceSlices {
  readonly #slices = new Map<string, Map<string, KubernetesEndpointSlice>>();
  #seen: Entries<KubernetesEndpointSlice> | undefined;

  /** The Services behind which something has changed since the last call. */
  run(slices: Entries<KubernetesEndpointSlice>): Set<string> {
    const touched = new Set<string>();
    for (const [key, now, before] of slices.since(this.#seen)) {
      if (before !== undefined) {
        const service = serviceOf(before);
        const all = this.#slices.get(service);
        all?.delete(key);
        if (all?.size === 0) this.#slices.delete(service);
        touched.add(service);
      }
      if (now === undefined) continue;
      const service = serviceOf(now);
      this.#slices.set(service, (this.#slices.get(service) ?? new Map()).set(key, now));
      touched.add(service);
    }
    this.#seen = slices;
    return touched;
  }

  /**
   * Where it has a ready endpoint of a family that is its own: names of nodes, one of them '' where an endpoint is on
   * none.
   */
  readyNodes(key: string, { spec: { ipFamilies } }: KubernetesService): ReadonlySet<string> {
    const nodes = new Set<string>();
    for (const { spec } of this.#slices.get(key)?.values() ?? []) {
      const { addressType = 'IPv4', readyNodes = [] } = spec;
      if (ipFamilies.length > 0 && !ipFamilies.includes(addressType)) continue;
      for (const node of readyNodes) nodes.add(node);
    }
    return nodes;
  }
}
