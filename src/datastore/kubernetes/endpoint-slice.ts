import { API_VERSION, type KubernetesEndpointSlice } from '../../model/index.ts';
import type { KubeObject } from './client.ts';
import type { Collection, Mapping } from './mapping.ts';

/** An EndpointSlice of `discovery.k8s.io/v1`, as far as it counts here. Lists may be null. */
interface Slice extends KubeObject {
  readonly addressType?: string;
  readonly endpoints?: readonly { readonly addresses?: readonly string[] | null }[] | null;
  readonly ports?: readonly { readonly protocol?: string | null; readonly port?: number | null }[] | null;
}

const group = '/apis/discovery.k8s.io/v1';

const collection: Collection<'KubernetesEndpointSlice'> = {
  path: `${group}/endpointslices`,
  within: (namespace) => `${group}/namespaces/${namespace}/endpointslices`,
  isOptional: true,
  decode: (object) => decode(object as Slice),
};

/** What is behind Services, read-only. Of a slice's many words just those are kept that policy reads. */
export const endpointSliceMapping: Mapping<'KubernetesEndpointSlice'> = {
  collections: [collection],
  locate: ({ name, namespace = 'default' }) => ({
    path: `${group}/namespaces/${namespace}/endpointslices/${encodeURIComponent(name)}`,
    collection,
  }),
  maker: `it is Kubernetes' own: look at the Service`,
};

/** As in Calico an endpoint counts whether it is ready or not; names of hosts are no addresses. */
function decode({ metadata, addressType, endpoints, ports }: Slice): KubernetesEndpointSlice {
  const { name, namespace, labels, uid, creationTimestamp, resourceVersion } = metadata;
  const addresses = addressType === 'FQDN' ? [] : (endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? []);
  return {
    apiVersion: API_VERSION,
    kind: 'KubernetesEndpointSlice',
    metadata: { name, namespace, uid, creationTimestamp, resourceVersion },
    spec: {
      // A slice that is nobody's any more is still there, and says so.
      service: labels?.['kubernetes.io/service-name'] ?? '',
      addresses: [...new Set(addresses)],
      ports: (ports ?? []).flatMap(({ port, protocol }) =>
        typeof port === 'number' ? [{ protocol: protocolOf(protocol), port }] : [],
      ),
    },
  };
}

function protocolOf(text: string | null | undefined): 'TCP' | 'UDP' | 'SCTP' {
  return text === 'UDP' || text === 'SCTP' ? text : 'TCP';
}
