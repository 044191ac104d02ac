import { type Entries, EntriesWriter } from '../../base/index.ts';
import type { WorkloadEndpoint } from '../../model/index.ts';
import { type Endpoint, workloadEndpoint } from '../../policy/index.ts';

/** A pod here, where its packets pass. */
export interface LocalEndpoint {
  readonly interfaceName: string;
  readonly endpoint: Endpoint;
}

/** A pod of this node, if it has an interface and an address. */
export function localEndpoint(endpoint: WorkloadEndpoint): LocalEndpoint | undefined {
  const { interfaceName, ipNetworks = [] } = endpoint.spec;
  if (!interfaceName || ipNetworks.length === 0) return undefined;
  return { interfaceName, endpoint: workloadEndpoint(endpoint) };
}

/** Values of endpoints by interface: where two have one, the last by key counts. */
export class ByInterface<V> {
  readonly #writer: EntriesWriter<V>;
  readonly #claims = new Map<string, Map<string, V>>();
  readonly #at = new Map<string, string>();

  constructor(same: (a: V, b: V) => boolean) {
    this.#writer = new EntriesWriter(same);
  }

  put(key: string, interfaceName: string, value: V): void {
    if (this.#at.get(key) !== interfaceName) this.remove(key);
    this.#at.set(key, interfaceName);
    const claims = this.#claims.get(interfaceName) ?? new Map<string, V>();
    this.#claims.set(interfaceName, claims.set(key, value));
    this.#choose(interfaceName);
  }

  remove(key: string): void {
    const interfaceName = this.#at.get(key);
    if (interfaceName === undefined) return;
    this.#at.delete(key);
    this.#claims.get(interfaceName)?.delete(key);
    this.#choose(interfaceName);
  }

  commit(): Entries<V> {
    return this.#writer.commit();
  }

  #choose(interfaceName: string): void {
    const claims = this.#claims.get(interfaceName) ?? new Map<string, V>();
    const last = [...claims.keys()].sort().at(-1);
    if (last === undefined) this.#claims.delete(interfaceName);
    this.#writer.set(interfaceName, last === undefined ? undefined : claims.get(last));
  }
}
