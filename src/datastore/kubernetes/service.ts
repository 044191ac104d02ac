import {
  ADVERTISED,
  API_VERSION,
  type KubernetesService,
  type LoadBalancerIngress,
  SERVICE_ANNOTATION,
} from '../../model/index.ts';
import type { ServiceCondition, ServiceStatuses } from '../store.ts';
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
    readonly conditions?: readonly (ServiceCondition & { readonly type: string })[] | null;
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

/** `write` sends a request about a Service; `now` is the time as Kubernetes writes it. */
export function serviceStatuses(
  write: (service: KubernetesService, request: ApiRequest) => Promise<KubernetesService>,
  now: () => string,
): ServiceStatuses {
  return {
    setIngress: (service, ingress) => write(service, ingressRequest(service, ingress)),
    setAdvertised: (service, condition) => write(service, advertisedRequest(service, condition, now())),
  };
}

/** Changes what the load balancer gave a Service, if nobody has changed the Service since. */
function ingressRequest(
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

/** Other conditions stay, since a strategic merge patch finds a condition by its type. */
function advertisedRequest(
  service: KubernetesService,
  condition: ServiceCondition,
  lastTransitionTime: string,
): ApiRequest {
  const { path } = ingressRequest(service, []);
  const { uid, resourceVersion } = service.metadata;
  return {
    method: 'PATCH',
    path,
    contentType: 'application/strategic-merge-patch+json',
    body: {
      metadata: { uid, resourceVersion },
      status: { conditions: [{ type: ADVERTISED, ...condition, lastTransitionTime }] },
    },
  };
}

function decode({ metadata, spec = {}, status }: Service): KubernetesService {
  const { name, namespace, uid, creationTimestamp, resourceVersion } = metadata;
  const { clusterIP, clusterIPs, externalIPs, loadBalancerIP, externalTrafficPolicy, ipFamilies } = spec;
  const ingress = status?.loadBalancer?.ingress ?? [];
  const annotations = asked(metadata.annotations);
  const advertised = status?.conditions?.find(({ type }) => type === ADVERTISED);
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
      ...(advertised && { advertised: conditionOf(advertised) }),
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

function conditionOf({ status, reason = '', message = '' }: ServiceCondition): ServiceCondition {
  return { status, reason, message };
}
