import { type Address, formatAddress } from '../../base/index.ts';
import { loadBalancerAllocations } from '../../ipam/index.ts';
import { type IPAMBlock, isOlderVersion, type KubernetesService } from '../../model/index.ts';

/** An address that is given out to a Service. */
interface HeldAddress {
  readonly address: Address;
  readonly handleId: string;
  /** `namespace/name`. */
  readonly service: string;
}

/**
 * The Services of type LoadBalancer, and what the blocks give out to Services, as the syncer and our own writes tell of
 * them.
 */
export class KnownLoadBalancers {
  readonly #services = new Map<string, KubernetesService>();
  /** By the name of their block. */
  readonly #blocks = new Map<string, readonly HeldAddress[]>();
  /** By Service. */
  readonly #held = new Map<string, Set<HeldAddress>>();

  get(key: string): KubernetesService | undefined {
    return this.#services.get(key);
  }

  /** All Services of that type, and those of which there is an address whatever has become of them. */
  keys(): ReadonlySet<string> {
    return new Set([...this.#services.keys(), ...this.#held.keys()]);
  }

  /** The addresses given out to Services of this name, by handle: each Service that ever was has its own. */
  heldBy(key: string): ReadonlyMap<string, readonly Address[]> {
    const all = [...(this.#held.get(key) ?? [])];
    const byHandle = Map.groupBy(all, ({ handleId }) => handleId);
    return new Map([...byHandle].map(([handleId, some]) => [handleId, some.map(({ address }) => address)]));
  }

  /** The Service as the syncer tells; whether it may not be as it should then. */
  heardService(key: string, told: KubernetesService | undefined): boolean {
    const known = this.#services.get(key);
    // Our own write comes back, or what was before it.
    if (known !== undefined && told !== undefined && !isNewer(told, known)) return false;
    this.wrote(key, told);
    return known !== undefined || told?.spec.type === 'LoadBalancer' || this.#held.has(key);
  }

  /** It is so in the store now. */
  wrote(key: string, service: KubernetesService | undefined): void {
    if (service?.spec.type === 'LoadBalancer') this.#services.set(key, service);
    else this.#services.delete(key);
  }

  /** The block as the syncer tells; the Services that got or lost an address. */
  heardBlock(name: string, told: IPAMBlock | undefined): ReadonlySet<string> {
    const before = this.#blocks.get(name) ?? [];
    const now = told === undefined ? [] : heldIn(told);
    const [was, is] = [new Set(before.map(textOf)), new Set(now.map(textOf))];
    for (const one of before) {
      const all = this.#held.get(one.service);
      all?.delete(one);
      if (all?.size === 0) this.#held.delete(one.service);
    }
    for (const one of now) this.#held.set(one.service, (this.#held.get(one.service) ?? new Set()).add(one));
    if (now.length === 0) this.#blocks.delete(name);
    else this.#blocks.set(name, now);
    return new Set(
      [...before.filter((one) => !is.has(textOf(one))), ...now.filter((one) => !was.has(textOf(one)))].map(
        ({ service }) => service,
      ),
    );
  }
}

function heldIn(block: IPAMBlock): readonly HeldAddress[] {
  return loadBalancerAllocations(block).flatMap(({ address, handleId, service }) =>
    handleId === undefined || service === undefined ? [] : [{ address, handleId, service }],
  );
}

function textOf({ address, handleId }: HeldAddress): string {
  return `${formatAddress(address)} ${handleId}`;
}

function isNewer(told: KubernetesService, known: KubernetesService): boolean {
  const [a, b] = [told.metadata, known.metadata];
  if (a.uid !== b.uid) return true;
  return a.resourceVersion !== b.resourceVersion && !isOlderVersion(a.resourceVersion, b.resourceVersion);
}
