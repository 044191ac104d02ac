import { API_VERSION, type KubernetesEndpointSlice } from '../../model/index.ts';
import type { KubeObject } from './client.ts';
import type { Collection, Mapping } from './mapping.ts';

/** An EndpointSlice of `discovery.k8s.io/v1`, as far as it counts here. Lists may be null. */
interface Slice extends KubeObject {
  readonly addressType?: string;
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly { readonly protocol?: string | null; readonly port?: number | null }[] | null;
}

interface Endpoint {
  readonly addresses?: readonly string[] | null;
  readonly nodeName?: string | null;
  readonly conditions?: { readonly ready?: boolean | null; readonly terminating?: boolean | null } | null;
}

const group = '/apis/discovery.k8s.io/v1';

const collection: Collection<'KubernetesEndpointSlice'> = {
  path: `${group}/endpointslices`,
  within: (namespace) => `${group}/namespaces/${namespace}/endpointslices`,
  isOptional: true,
  decode: (object) => decode(object as Slice),
};

/**
 * The endpoints behind Services, read-only. Of a slice's many words just those are kept that policy and announcements
 * read.
 */
export const endpointSliceMapping: Mapping<'KubernetesEndpointSlice'> = {
  collections: [collection],
  locate: ({ name, namespace = 'default' }) => ({
    path: `${group}/namespaces/${namespace}/endpointslices/${encodeURIComponent(name)}`,
    collection,
  }),
  maker: `it is Kubernetes' own: look at the Service`,
};

/** As in Calico an endpoint counts for policy whether it is ready or not; names of hosts are no addresses. */
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
      addressType: addressType ?? 'IPv4',
      readyNodes: [...new Set((endpoints ?? []).filter(isReady).map(({ nodeName }) => nodeName ?? ''))].sort(),
      ports: (ports ?? []).flatMap(({ port, protocol }) =>
        typeof port === 'number' ? [{ protocol: protocolOf(protocol), port }] : [],
      ),
    },
  };
}

/** One that doesn't say so is ready. One that terminates is not, whatever its Service publishes. */
function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready !== false && conditions?.terminating !== true;
}

function protocolOf(text: string | null | undefined): 'TCP' | 'UDP' | 'SCTP' {
  return text === 'UDP' || text === 'SCTP' ? text : 'TCP';
}
