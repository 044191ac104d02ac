import { API_VERSION, type KubernetesKind, type ResourceOf } from '../../model/index.ts';
import type { KubeObject } from './client.ts';
import type { Collection, Mapping } from './mapping.ts';

type PolicyKind = Exclude<KubernetesKind, 'KubernetesEndpointSlice' | 'KubernetesService'>;

interface Place {
  readonly group: string;
  readonly plural: string;
  readonly namespaced?: true;
}

const admin = 'policy.networking.k8s.io';
const places: { readonly [Kind in PolicyKind]: Place } = {
  KubernetesNetworkPolicy: { group: 'networking.k8s.io/v1', plural: 'networkpolicies', namespaced: true },
  KubernetesAdminNetworkPolicy: { group: `${admin}/v1alpha1`, plural: 'adminnetworkpolicies' },
  KubernetesBaselineAdminNetworkPolicy: { group: `${admin}/v1alpha1`, plural: 'baselineadminnetworkpolicies' },
  KubernetesClusterNetworkPolicy: { group: `${admin}/v1alpha2`, plural: 'clusternetworkpolicies' },
};

/** Policies of Kubernetes' own APIs, read-only, each with its spec as it is. Not every cluster has those of administrators. */
export function policyMapping<Kind extends PolicyKind>(kind: Kind): Mapping<Kind> {
  const { group, plural, namespaced } = places[kind];
  const path = `/apis/${group}/${plural}`;
  const within = (namespace: string): string => `/apis/${group}/namespaces/${namespace}/${plural}`;
  const collection: Collection<Kind> = {
    path,
    ...(namespaced ? { within } : { isOptional: true }),
    decode: (object) => decode(kind, object),
  };
  return {
    collections: [collection],
    locate: ({ name, namespace }) => ({
      path: `${namespaced ? within(namespace ?? 'default') : path}/${encodeURIComponent(name)}`,
      collection,
    }),
    maker: `it is Kubernetes' own: use kubectl`,
  };
}

/** Whatever stands in a policy's spec may protect something: none of it is lost, whether we know it or not. */
function decode<Kind extends PolicyKind>(kind: Kind, { metadata, spec = {} }: KubeObject): ResourceOf<Kind> {
  const { name, namespace, uid, creationTimestamp, resourceVersion, labels } = metadata;
  const known = { name, ...(namespace !== undefined && { namespace }), ...(labels && { labels }) };
  const whole = {
    apiVersion: API_VERSION,
    kind,
    metadata: { ...known, uid, creationTimestamp, resourceVersion },
    spec,
  };
  return whole as unknown as ResourceOf<Kind>;
}
