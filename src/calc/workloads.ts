import { type Entries, EntriesWriter, same } from '../base/index.ts';
import type { WorkloadEndpoint } from '../model/index.ts';
import type { DesiredSpoofing, DesiredWorkload } from './desired/index.ts';
import type { FelixSettings } from './felix.ts';
import { floatingIps } from './floating-ips.ts';
import { desiredQos } from './qos.ts';

/** The pods of this node that have an interface and an address, by key: a pod that changes costs that pod. */
export class Workloads {
  readonly #writer = new EntriesWriter<DesiredWorkload>(same);
  #kept: Entries<DesiredWorkload> | undefined;
  #list: readonly DesiredWorkload[] = [];
  #seen: Parameters<Workloads['run']> | undefined;

  /** `localEnds`: the node's end of BGP sessions, by the pod's address. */
  run(
    endpoints: Entries<WorkloadEndpoint>,
    felix: FelixSettings,
    localEnds: ReadonlyMap<string, string>,
  ): readonly DesiredWorkload[] {
    const [before, ...others] = this.#seen ?? [];
    this.#seen = [endpoints, felix, localEnds];
    // Which of two pods has a floating IP depends on all of them.
    const isAnew = others[0] !== felix || others[1] !== localEnds || felix.floatingIPs === 'Enabled';
    const floating = felix.floatingIPs === 'Enabled' ? floatingIps(inOrder(endpoints)) : NO_ADDRESSES;
    const changes = endpoints.since(before);
    for (const [key, now] of changes) if (now === undefined) this.#writer.set(key, undefined);
    for (const [key, endpoint] of isAnew ? endpoints : changes) {
      if (endpoint === undefined) continue;
      const entry = [key, endpoint] as const;
      this.#writer.set(key, isReachable(entry) ? workload(entry, felix, floating.get(key), localEnds) : undefined);
    }
    const kept = this.#writer.commit();
    if (kept !== this.#kept) this.#list = kept.toJSON();
    this.#kept = kept;
    return this.#list;
  }
}

type Entry = readonly [key: string, endpoint: WorkloadEndpoint];

const NO_ADDRESSES: ReturnType<typeof floatingIps> = new Map();

function inOrder(endpoints: Entries<WorkloadEndpoint>): readonly Entry[] {
  return [...endpoints].filter(isReachable).sort(([a], [b]) => (a < b ? -1 : 1));
}

function isReachable([, { spec }]: Entry): boolean {
  return spec.interfaceName !== undefined && spec.interfaceName !== '' && (spec.ipNetworks?.length ?? 0) > 0;
}

function workload(
  [key, endpoint]: Entry,
  felix: FelixSettings,
  floating: DesiredWorkload['floatingIps'] = [],
  localEnds: ReadonlyMap<string, string>,
): DesiredWorkload {
  const { spec } = endpoint;
  const qos = desiredQos(endpoint);
  const peering = new Set((spec.ipNetworks ?? []).flatMap((cidr) => localEnds.get(cidr.split('/')[0]) ?? []));
  return {
    key,
    interfaceName: spec.interfaceName ?? '',
    addresses: spec.ipNetworks ?? [],
    floatingIps: floating,
    sourcePrefixes: felix.workloadSourceSpoofing === 'Any' ? (spec.allowSpoofedSourcePrefixes ?? []) : [],
    ...(qos && { qos }),
    ...(peering.size > 0 && { peeringAddresses: [...peering] }),
    why: `endpoint ${key}`,
  };
}

/** The pods that send from addresses that are not their own. */
export function desiredSpoofing(workloads: readonly DesiredWorkload[]): DesiredSpoofing[] {
  return workloads
    .filter(({ sourcePrefixes }) => sourcePrefixes.length > 0)
    .map(({ key, interfaceName, sourcePrefixes }) => ({
      interfaceName,
      prefixes: sourcePrefixes,
      why: `allowedSourcePrefixes of endpoint ${key}`,
    }));
}
