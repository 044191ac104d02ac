import { API_VERSION, type KubernetesService } from '../../model/index.ts';
import type { KubeObject } from './client.ts';
import type { Collection, Mapping } from './mapping.ts';

/** A Service of `v1`, as far as it counts here. Lists may be null. */
interface Service extends Omit<KubeObject, 'spec' | 'status'> {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[] | null;
    readonly externalIPs?: readonly string[] | null;
    readonly loadBalancerIP?: string;
    readonly externalTrafficPolicy?: string;
    readonly ipFamilies?: readonly string[] | null;
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] | null } | null;
  };
}

const collection: Collection<'KubernetesService'> = {
  path: '/api/v1/services',
  within: (namespace) => `/api/v1/namespaces/${namespace}/services`,
  decode: (object) => decode(object as Service),
};

/** Services, read-only. Of their many words just those are kept that say at which addresses they are reached. */
export const serviceMapping: Mapping<'KubernetesService'> = {
  collections: [collection],
  locate: ({ name, namespace = 'default' }) => ({
    path: `/api/v1/namespaces/${namespace}/services/${encodeURIComponent(name)}`,
    collection,
  }),
  maker: `it is Kubernetes' own: use kubectl`,
};

function decode({ metadata, spec = {}, status }: Service): KubernetesService {
  const { name, namespace, uid, creationTimestamp, resourceVersion } = metadata;
  const { clusterIP, clusterIPs, externalIPs, loadBalancerIP, externalTrafficPolicy, ipFamilies } = spec;
  const cluster = clusterIPs?.length ? clusterIPs : [clusterIP ?? ''];
  return {
    apiVersion: API_VERSION,
    kind: 'KubernetesService',
    metadata: { name, namespace, uid, creationTimestamp, resourceVersion },
    spec: {
      type: spec.type ?? 'ClusterIP',
      clusterIPs: cluster.filter((address) => address !== '' && address !== 'None'),
      externalIPs: [...(externalIPs ?? [])],
      // Names of load balancers are no addresses.
      loadBalancerIPs: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : [])),
      ...(loadBalancerIP && { loadBalancerIP }),
      ...(externalTrafficPolicy && { externalTrafficPolicy }),
      ipFamilies: [...(ipFamilies ?? [])],
    },
  };
}
