import type { WorkloadEndpoint } from '../model/index.ts';
import type { DesiredWorkload } from './desired.ts';

/** The pods of this node that have an interface and an address. */
export function desiredWorkloads(
  nodename: string,
  endpoints: ReadonlyMap<string, WorkloadEndpoint>,
): DesiredWorkload[] {
  return [...endpoints]
    .filter(([, { spec }]) => spec.node === nodename && spec.interfaceName && (spec.ipNetworks?.length ?? 0) > 0)
    .map(([key, { spec }]) => ({
      key,
      interfaceName: spec.interfaceName ?? '',
      addresses: spec.ipNetworks ?? [],
      why: `endpoint ${key}`,
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}
