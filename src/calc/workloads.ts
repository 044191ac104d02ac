import type { Entries } from '../base/index.ts';
import type { WorkloadEndpoint } from '../model/index.ts';
import type { DesiredSpoofing, DesiredWorkload } from './desired/index.ts';
import type { FelixSettings } from './felix.ts';
import { floatingIps } from './floating-ips.ts';
import { desiredQos } from './qos.ts';

/**
 * The pods of this node that have an interface and an address. `localEnds`: the node's end of BGP sessions, by the
 * pod's address.
 */
export function desiredWorkloads(
  endpoints: Entries<WorkloadEndpoint>,
  felix: FelixSettings,
  localEnds: ReadonlyMap<string, string> = new Map(),
): DesiredWorkload[] {
  const own = [...endpoints]
    .filter(([, { spec }]) => spec.interfaceName && (spec.ipNetworks?.length ?? 0) > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const floating = felix.floatingIPs === 'Enabled' ? floatingIps(own) : undefined;
  return own.map(([key, endpoint]) => {
    const { spec } = endpoint;
    const qos = desiredQos(endpoint);
    const peering = new Set((spec.ipNetworks ?? []).flatMap((cidr) => localEnds.get(cidr.split('/')[0]) ?? []));
    return {
      key,
      interfaceName: spec.interfaceName ?? '',
      addresses: spec.ipNetworks ?? [],
      floatingIps: floating?.get(key) ?? [],
      sourcePrefixes: felix.workloadSourceSpoofing === 'Any' ? (spec.allowSpoofedSourcePrefixes ?? []) : [],
      ...(qos && { qos }),
      ...(peering.size > 0 && { peeringAddresses: [...peering] }),
      why: `endpoint ${key}`,
    };
  });
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
