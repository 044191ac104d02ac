import { definitionOf, kindNames } from '../../src/model/index.ts';
import type { NamedObject, Scene } from '../../src/policy/cases/scene.ts';
import type { Place } from '../fakes/api-server/objects.ts';

/** An object as an API server has it, and what the model calls it. */
export interface ApiObject {
  readonly place: Place;
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** `Kind namespace/name` of the model; undefined: the model has none of it. */
  readonly key: string | undefined;
}

/** What a cluster would have in its API server where a scene has what it has: real pods, namespaces, slices and policies. */
export function apiObjects(scene: Scene): readonly ApiObject[] {
  return [
    ...[...scene.namespaces].map(([name, labels]) =>
      made('namespaces', undefined, name, `Profile kns.${name}`, {
        metadata: { labels: { 'kubernetes.io/metadata.name': name, ...labels } },
      }),
    ),
    ...Object.entries(scene.serviceAccounts).map(([key, labels]) => {
      const [namespace, name] = key.split('/');
      return made('serviceaccounts', namespace, name, `Profile ksa.${namespace}.${name}`, { metadata: { labels } });
    }),
    ...scene.nodes.map(({ name, labels, addresses }) =>
      made('nodes', undefined, name, `Node ${name}`, {
        metadata: { labels },
        status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
      }),
    ),
    ...[...scene.pods.values()].map(podObject),
    ...scene.objects.flatMap((object) => (object.kind === 'Endpoints' ? slicesOf(object) : [policyObject(object)])),
  ];
}

function made(
  resource: string,
  namespace: string | undefined,
  name: string,
  key: string | undefined,
  { metadata, ...body }: { readonly metadata?: object; readonly [field: string]: unknown },
): ApiObject {
  return {
    place: { resource, namespace },
    name,
    key,
    body: { ...body, metadata: { name, ...(namespace !== undefined && { namespace }), ...metadata } },
  };
}

function podObject(pod: Scene['pods'] extends ReadonlyMap<string, infer Pod> ? Pod : never): ApiObject {
  const { namespace, name, labels, hostNetwork, serviceAccount } = pod;
  const ips = [pod.ip].flat();
  const ports = pod.ports.map(({ name: word, port, protocol }) => ({
    ...(word !== undefined && { name: word }),
    containerPort: port,
    ...(protocol !== undefined && { protocol }),
  }));
  const key = hostNetwork ? undefined : `WorkloadEndpoint ${namespace}/n-k8s-${name.replaceAll('-', '--')}-eth0`;
  return made('pods', namespace, name, key, {
    metadata: { labels },
    spec: { nodeName: 'n', hostNetwork, serviceAccountName: serviceAccount, containers: [{ name: 'c', ports }] },
    status: { phase: 'Running', podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) },
  });
}

/** Slices have the same ports for all of their addresses, and are of one family. */
function slicesOf({ metadata: { name, namespace = 'default' }, endpoints = [] }: NamedObject): ApiObject[] {
  const groups = Map.groupBy(endpoints, ({ ip, port, protocol }) => `${ip.includes(':')} ${protocol} ${port}`);
  return [...groups.values()].map((group, at) => {
    const [{ ip, port, protocol }] = group;
    const slice = `${name}-${at}`;
    return made('endpointslices.discovery.k8s.io', namespace, slice, `KubernetesEndpointSlice ${namespace}/${slice}`, {
      metadata: { labels: { 'kubernetes.io/service-name': name } },
      addressType: ip.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: group.map((one) => ({ addresses: [one.ip], conditions: { ready: true } })),
      ports: [{ port, protocol }],
    });
  });
}

function policyObject({ apiVersion = '', kind, metadata, spec }: NamedObject): ApiObject {
  const { name, namespace } = metadata;
  const [group] = apiVersion.split('/');
  const own = kindNames.find((one) => group === 'projectcalico.org' && one === kind);
  const key = `${own ?? `Kubernetes${kind}`} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  const plural = own === undefined ? kind.toLowerCase().replace(/y$/, 'ies') : pluralOf(own);
  const resource = `${plural}.${own === undefined ? group : 'crd.projectcalico.org'}`;
  return made(resource, namespace, name, key, { metadata: { labels: metadata.labels }, spec });
}

function pluralOf(kind: (typeof kindNames)[number]): string {
  const { crd, plural } = definitionOf(kind);
  return crd?.plural ?? plural;
}
