import { type Entries, EntriesWriter, same } from '../../base/index.ts';
import type { KubernetesEndpointSlice } from '../../model/index.ts';
import { backendsOf, type ServiceBackend, serviceOf } from '../../policy/index.ts';

/** EndpointSlices → what is behind each service, by `namespace/name`: all slices of a service together. */
export class Services {
  readonly #slices = new Map<string, Map<string, readonly ServiceBackend[]>>();
  readonly #writer = new EntriesWriter<readonly ServiceBackend[]>(same);
  #seen: Entries<KubernetesEndpointSlice> | undefined;

  run(slices: Entries<KubernetesEndpointSlice>): Entries<readonly ServiceBackend[]> {
    const changed = new Set<string>();
    for (const [key, now, before] of slices.since(this.#seen)) {
      if (before !== undefined) {
        const service = serviceOf(before);
        this.#slices.get(service)?.delete(key);
        changed.add(service);
      }
      if (now === undefined) continue;
      const service = serviceOf(now);
      const all = this.#slices.get(service) ?? new Map<string, readonly ServiceBackend[]>();
      this.#slices.set(service, all.set(key, backendsOf(now)));
      changed.add(service);
    }
    this.#seen = slices;
    for (const service of changed) {
      const all = this.#slices.get(service);
      if (all?.size === 0) this.#slices.delete(service);
      this.#writer.set(service, all && all.size > 0 ? [...all.values()].flat() : undefined);
    }
    return this.#writer.commit();
  }
}
