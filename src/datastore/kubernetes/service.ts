import {
  API_VERSION,
  type KubernetesService,
  type LoadBalancerIngress,
  SERVICE_ANNOTATION,
} from '../../model/index.ts';
import type { ApiRequest, KubeObject } from './client.ts';
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
    readonly loadBalancerClass?: string;
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly LoadBalancerIngress[] | null } | null;
  };
}

const collection: Collection<'KubernetesService'> = {
  path: '/api/v1/services',
  within: (namespace) => `/api/v1/namespaces/${namespace}/services`,
  decode: (object) => decode(object as Service),
};

/**
 * Services, read-only but for `ingressRequest`. Of their many words just those are kept that say at which addresses they are
 * reached, or wish to be.
 */
export const serviceMapping: Mapping<'KubernetesService'> = {
  collections: [collection],
  locate: ({ name, namespace = 'default' }) => ({
    path: `/api/v1/namespaces/${namespace}/services/${encodeURIComponent(name)}`,
    collection,
  }),
  maker: `it is Kubernetes' own: use kubectl`,
};

/** Changes what the load balancer gave a Service, if nobody has changed the Service since. */
export function ingressRequest(
  { metadata: { name, namespace = 'default', uid, resourceVersion } }: KubernetesService,
  ingress: readonly LoadBalancerIngress[],
): ApiRequest {
  return {
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/services/${encodeURIComponent(name)}/status`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid, resourceVersion }, status: { loadBalancer: { ingress } } },
  };
}

function decode({ metadata, spec = {}, status }: Service): KubernetesService {
  const { name, namespace, uid, creationTimestamp, resourceVersion } = metadata;
  const { clusterIP, clusterIPs, externalIPs, loadBalancerIP, externalTrafficPolicy, ipFamilies } = spec;
  const ingress = status?.loadBalancer?.ingress ?? [];
  const annotations = asked(metadata.annotations);
  const cluster = clusterIPs?.length ? clusterIPs : [clusterIP ?? ''];
  return {
    apiVersion: API_VERSION,
    kind: 'KubernetesService',
    metadata: { name, namespace, uid, creationTimestamp, resourceVersion, ...(annotations && { annotations }) },
    spec: {
      type: spec.type ?? 'ClusterIP',
      clusterIPs: cluster.filter((address) => address !== '' && address !== 'None'),
      externalIPs: [...(externalIPs ?? [])],
      // Names of load balancers are no addresses.
      loadBalancerIPs: ingress.flatMap(({ ip }) => (ip ? [ip] : [])),
      ...(loadBalancerIP && { loadBalancerIP }),
      ...(externalTrafficPolicy && { externalTrafficPolicy }),
      ipFamilies: [...(ipFamilies ?? [])],
      ...(spec.loadBalancerClass && { loadBalancerClass: spec.loadBalancerClass }),
      ...(ingress.some((one) => Object.keys(one).some((word) => word !== 'ip')) && { ingress }),
    },
  };
}

function asked(annotations: KubeObject['metadata']['annotations']): Readonly<Record<string, string>> | undefined {
  const found = Object.values(SERVICE_ANNOTATION).flatMap((name) => {
    const text = annotations?.[name];
    return text === undefined ? [] : [[name, text] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
