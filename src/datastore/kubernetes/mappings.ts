import { isKubernetesKind, type KindName } from '../../model/index.ts';
import { customResource } from './custom-resource.ts';
import { endpointSliceMapping } from './endpoint-slice.ts';
import type { Mapping } from './mapping.ts';
import { nodeMapping } from './node.ts';
import { podMapping } from './pod.ts';
import { policyMapping } from './policy.ts';
import { profileMapping } from './profile.ts';
import { serviceMapping } from './service.ts';

/** How each kind is kept. `interfacePrefix` is that of the pods' interfaces. */
export function mappingOf(kind: KindName, wallTime: () => number, interfacePrefix: string): Mapping {
  switch (kind) {
    case 'Node':
      return nodeMapping as unknown as Mapping;
    case 'WorkloadEndpoint':
      return podMapping(interfacePrefix) as unknown as Mapping;
    case 'Profile':
      return profileMapping as unknown as Mapping;
    case 'KubernetesEndpointSlice':
      return endpointSliceMapping as unknown as Mapping;
    case 'KubernetesService':
      return serviceMapping as unknown as Mapping;
    default:
      return isKubernetesKind(kind) ? (policyMapping(kind) as unknown as Mapping) : customResource(kind, wallTime);
  }
}
