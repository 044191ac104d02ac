import { type HostEndpoint, isOlderVersion } from '../../model/index.ts';
import { isCreatedHere } from './host-endpoint-plan.ts';

/** The host endpoints as the syncer and our own writes tell of them, and of which node those with our label are. */
export class KnownHostEndpoints {
  readonly #all = new Map<string, HostEndpoint>();
  /** Names by node. */
  readonly #created = new Map<string, Set<string>>();

  get(name: string): HostEndpoint | undefined {
    return this.#all.get(name);
  }

  /** The names of those with our label that say they are of this node. */
  of(node: string): readonly string[] {
    return [...(this.#created.get(node) ?? [])];
  }

  /** Nodes of which there is one with our label. */
  owners(): Iterable<string> {
    return this.#created.keys();
  }

  /** Takes in what the syncer tells; the nodes whose endpoints may not be as they should then. */
  heard(name: string, told: HostEndpoint | undefined): readonly string[] {
    const known = this.#all.get(name);
    // Our own write comes back, or what was before it.
    if (known !== undefined && told !== undefined && !isNewer(told, known)) return [];
    this.#set(name, told);
    return [
      ...new Set([known, told].flatMap((one) => (one !== undefined && isCreatedHere(one) ? [one.spec.node] : []))),
    ];
  }

  /** It is so in the store now. */
  wrote(endpoint: HostEndpoint): void {
    this.#set(endpoint.metadata.name, endpoint);
  }

  forget(name: string): void {
    this.#set(name, undefined);
  }

  #set(name: string, next: HostEndpoint | undefined): void {
    const known = this.#all.get(name);
    if (known !== undefined && isCreatedHere(known)) {
      const names = this.#created.get(known.spec.node);
      names?.delete(name);
      if (names?.size === 0) this.#created.delete(known.spec.node);
    }
    if (next === undefined) this.#all.delete(name);
    else this.#all.set(name, next);
    if (next === undefined || !isCreatedHere(next)) return;
    const names = this.#created.get(next.spec.node) ?? new Set();
    this.#created.set(next.spec.node, names.add(name));
  }
}

function isNewer(told: HostEndpoint, known: HostEndpoint): boolean {
  const [a, b] = [told.metadata, known.metadata];
  if (a.uid !== b.uid) return true;
  return a.resourceVersion !== b.resourceVersion && !isOlderVersion(a.resourceVersion, b.resourceVersion);
}
