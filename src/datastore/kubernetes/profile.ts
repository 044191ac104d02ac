import { API_VERSION, type Profile } from '../../model/index.ts';
import type { KubeObject } from './client.ts';
import type { Collection, Mapping } from './mapping.ts';
import { askedOf } from './pod.ts';

const allow = [{ action: 'Allow' as const }];

const namespaces: Collection<'Profile'> = {
  path: '/api/v1/namespaces',
  decode: (object) => made(object, `kns.${object.metadata.name}`, 'pcns', { ingress: allow, egress: allow }),
};

const serviceAccounts: Collection<'Profile'> = {
  path: '/api/v1/serviceaccounts',
  decode: (object) => made(object, `ksa.${object.metadata.namespace ?? 'default'}.${object.metadata.name}`, 'pcsa', {}),
};

/**
 * The labels that a pod inherits from its namespace and its service account. Read-only: Kubernetes' objects are the
 * source.
 */
export const profileMapping: Mapping<'Profile'> = {
  collections: [namespaces, serviceAccounts],
  constants: [
    {
      apiVersion: API_VERSION,
      kind: 'Profile',
      metadata: { name: 'projectcalico-default-allow' },
      spec: { ingress: allow, egress: allow },
    },
  ],
  locate({ name }) {
    const [, kind, rest] = /^(kns|ksa)\.(.+)$/.exec(name) ?? [];
    if (kind === 'kns') return { path: `${namespaces.path}/${encodeURIComponent(rest)}`, collection: namespaces };
    const dot = rest?.indexOf('.') ?? -1;
    if (kind !== 'ksa' || dot < 0) return undefined;
    const path = `${namespaces.path}/${rest.slice(0, dot)}/serviceaccounts/${encodeURIComponent(rest.slice(dot + 1))}`;
    return { path, collection: serviceAccounts };
  },
};

function made({ metadata }: KubeObject, name: string, prefix: string, rules: Profile['spec']): Profile {
  const { uid, creationTimestamp, resourceVersion, labels = {}, annotations = {} } = metadata;
  const asked = askedOf(annotations);
  const inherited = Object.entries(labels).map(([key, value]) => [`${prefix}.${key}`, value]);
  const labelsToApply = { ...Object.fromEntries(inherited), [`${prefix}.projectcalico.org/name`]: metadata.name };
  return {
    apiVersion: API_VERSION,
    kind: 'Profile',
    metadata: { name, ...(asked && { annotations: asked }), uid, creationTimestamp, resourceVersion },
    spec: { ...rules, labelsToApply },
  };
}
