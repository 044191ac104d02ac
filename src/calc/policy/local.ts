import type { Entries } from '../../base/index.ts';
import type { WorkloadEndpoint } from '../../model/index.ts';
import { type Endpoint, workloadEndpoint } from '../../policy/index.ts';

/** A pod here, where its packets pass. */
export interface LocalEndpoint {
  readonly interfaceName: string;
  readonly endpoint: Endpoint;
}

/** The pods of this node that have an interface and an address, in the order of their keys. */
export function localEndpoints(own: Entries<WorkloadEndpoint>): readonly LocalEndpoint[] {
  return [...own]
    .filter(([, { spec }]) => spec.interfaceName && (spec.ipNetworks?.length ?? 0) > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, endpoint]) => ({
      interfaceName: endpoint.spec.interfaceName ?? '',
      endpoint: workloadEndpoint(endpoint),
    }));
}
