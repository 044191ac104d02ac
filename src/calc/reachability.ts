import {
  containsAddress,
  type Entries,
  EntriesWriter,
  formatAddress,
  formatPrefix,
  type Prefix,
  parseDuration,
  parsePrefix,
  same,
  tryParseInterfaceAddress,
} from '../base/index.ts';
import type { DesiredPool, DesiredReachability, DesiredWorkload, ProxiedAddress } from './desired/index.ts';
import type { FelixSettings } from './felix.ts';
import type { Configurations } from './node-bgp.ts';
import type { AnsweredRanges } from './service-owners.ts';
import { listedRanges } from './service-ranges.ts';

/** Felix's. */
const REFRESH = 120_000;

/** Whether nodes answer for pods and Services on their own subnets (`localSubnetL2Reachability`). */
export function isReachableByL2({ localSubnetL2Reachability }: FelixSettings): boolean {
  return localSubnetL2Reachability === 'PodsAndLoadBalancers';
}

/** Pools without encapsulation, as in Calico, and what `BGPConfiguration default` lists for Services. */
export function answeredRanges(
  felix: FelixSettings,
  pools: readonly DesiredPool[],
  configurations: Configurations,
): AnsweredRanges | undefined {
  if (!isReachableByL2(felix)) return undefined;
  const { external = [], loadBalancer = [] } = listedRanges(configurations) ?? {};
  return { loadBalancer: [...new Set([...plainPools(pools), ...loadBalancer])], external };
}

function plainPools(pools: readonly DesiredPool[]): string[] {
  return pools.flatMap(({ cidr, encapsulation }) =>
    encapsulation === 'none' ? [formatPrefix(parsePrefix(cidr))] : [],
  );
}

/**
 * The addresses that the node answers for: its pods in pools without encapsulation, and those of Services and gateways
 * that it owns.
 */
export class AnsweredAddresses {
  readonly #writer = new EntriesWriter<ProxiedAddress>(same);
  #services: Entries<ProxiedAddress> | undefined;
  /** Pods' and gateways' addresses. */
  #others: ReadonlySet<string> = new Set();
  #told: DesiredReachability | undefined;

  run(
    felix: FelixSettings,
    services: Entries<ProxiedAddress>,
    workloads: readonly DesiredWorkload[],
    pools: readonly DesiredPool[],
    egress: readonly ProxiedAddress[] = [],
  ): DesiredReachability | undefined {
    const isOn = isReachableByL2(felix);
    const pods = isOn
      ? podAddresses(
          workloads,
          plainPools(pools).map((cidr) => parsePrefix(cidr)),
        )
      : [];
    const others = [...pods, ...egress];
    const names = new Set(others.map(({ address }) => address));
    for (const [address, now] of services.since(this.#services)) this.#writer.set(address, now);
    for (const address of this.#others) if (!names.has(address)) this.#writer.set(address, services.get(address));
    for (const other of others) this.#writer.set(other.address, other);
    this.#services = services;
    this.#others = names;
    const addresses = this.#writer.commit();
    const { localSubnetL2ReachabilityRefreshInterval: every } = felix;
    const refresh = (every === undefined ? undefined : parseDuration(every)) ?? REFRESH;
    const told = { addresses, refresh: Math.max(0, refresh) / 1000 };
    if (!isOn && egress.length === 0) this.#told = undefined;
    else if (this.#told?.addresses !== addresses || this.#told.refresh !== told.refresh) this.#told = told;
    return this.#told;
  }
}

function podAddresses(workloads: readonly DesiredWorkload[], ranges: readonly Prefix[]): readonly ProxiedAddress[] {
  return workloads.flatMap(({ addresses, why }) =>
    addresses.flatMap((text): ProxiedAddress[] => {
      const address = tryParseInterfaceAddress(text)?.address;
      if (address === undefined || !ranges.some((range) => containsAddress(range, address))) return [];
      return [{ address: formatAddress(address), of: 'pod', why }];
    }),
  );
}
