import { createHash } from 'node:crypto';
import { formatPrefix, parsePrefix, tryParseAddress, tryParsePrefix } from '../../base/index.ts';
import {
  API_VERSION,
  CNI_ANNOTATION,
  ipNATsOf,
  isCniRequest,
  isQosAnnotation,
  qosOfAnnotations,
  type WorkloadEndpoint,
} from '../../model/index.ts';
import type { ResourceKey } from '../store.ts';
import type { ApiRequest, KubeObject } from './client.ts';
import type { Collection, Mapping } from './mapping.ts';

const { podIP, podIPs, containerID, floatingIPs, allowedSourcePrefixes } = CNI_ANNOTATION;
/** The addresses that AWS' plugin gave, where it wires pods and only policy is ours; empty once it has taken them back. */
const AWS_POD_IPS = 'vpc.amazonaws.com/pod-ips';
const SERVICE_ACCOUNT = 'projectcalico.org/serviceaccount';

/** The fields of a pod that count here. */
interface Pod extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly serviceAccountName?: string;
    readonly containers?: readonly Container[] | null;
    readonly initContainers?: readonly Container[] | null;
    readonly [other: string]: unknown;
  };
  readonly status?: {
    readonly phase?: string;
    readonly startTime?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly [other: string]: unknown;
  };
}

interface Container {
  readonly ports?: readonly ContainerPort[] | null;
}

interface ContainerPort {
  readonly name?: string;
  readonly protocol?: string;
  readonly containerPort?: number;
  readonly hostPort?: number;
  readonly hostIP?: string;
}

/** Every pod with a network of its own and a node is a workload endpoint; what CNI knows is in its annotations. */
export function podMapping(interfacePrefix: string): Mapping<'WorkloadEndpoint'> {
  const collection: Collection<'WorkloadEndpoint'> = {
    path: '/api/v1/pods',
    within: (namespace) => `/api/v1/namespaces/${namespace}/pods`,
    decode: (object) => decode(object as Pod, interfacePrefix),
  };
  return {
    collections: [collection],
    locate({ name, namespace }) {
      const pod = podOf(name);
      return pod === undefined ? undefined : { path: podPath(namespace, pod), collection };
    },
    create: (endpoint) => annotate(endpoint, endpoint.metadata.uid, undefined, addressesOf(endpoint)),
    update: (endpoint) =>
      annotate(endpoint, endpoint.metadata.uid, endpoint.metadata.resourceVersion, addressesOf(endpoint)),
    // The pod stays; empty addresses say that its network has gone.
    remove: (was, { metadata: { uid, resourceVersion } }) =>
      annotate(was, uid, resourceVersion, { [podIP]: '', [podIPs]: '' }),
  };
}

function podPath(namespace: string | undefined, pod: string): string {
  return `/api/v1/namespaces/${namespace ?? 'default'}/pods/${encodeURIComponent(pod)}`;
}

function annotate(
  endpoint: WorkloadEndpoint,
  uid: string | undefined,
  resourceVersion: string | undefined,
  annotations: Readonly<Record<string, string>>,
): ApiRequest {
  const pod = endpoint.spec.pod ?? podOf(endpoint.metadata.name) ?? endpoint.metadata.name;
  return {
    method: 'PATCH',
    path: `${podPath(endpoint.metadata.namespace, pod)}/status`,
    contentType: 'application/merge-patch+json',
    body: { metadata: { uid, resourceVersion, annotations } },
  };
}

function addressesOf({ spec }: WorkloadEndpoint): Readonly<Record<string, string>> {
  const addresses = spec.ipNetworks ?? [];
  return {
    [podIP]: addresses[0] ?? '',
    [podIPs]: addresses.join(','),
    ...(spec.containerID !== undefined && { [containerID]: spec.containerID }),
  };
}

function decode(pod: Pod, interfacePrefix: string): WorkloadEndpoint | undefined {
  const { metadata, spec } = pod;
  const node = spec?.nodeName;
  if (!node || spec?.hostNetwork === true) return undefined;
  const namespace = metadata.namespace ?? 'default';
  const account = spec?.serviceAccountName || undefined;
  const { uid, creationTimestamp, resourceVersion, generateName, annotations = {} } = metadata;
  const name = `${dashed(node)}-k8s-${dashed(metadata.name)}-eth0`;
  const ports = portsOf(pod);
  const ipNetworks = networksOf(pod);
  const ipNATs = ipNATsOf(listOf(annotations[floatingIPs], tryParseAddress), ipNetworks);
  const prefixes = listOf(annotations[allowedSourcePrefixes], tryParsePrefix).map((text) =>
    formatPrefix(parsePrefix(text)),
  );
  const asked = askedOf(annotations);
  const { controls } = qosOfAnnotations(annotations);
  return {
    apiVersion: API_VERSION,
    kind: 'WorkloadEndpoint',
    metadata: {
      name,
      namespace,
      labels: labelsOf(pod, namespace, account),
      ...(asked && { annotations: asked }),
      ...(generateName !== undefined && { generateName }),
      uid,
      creationTimestamp,
      resourceVersion,
    },
    spec: {
      orchestrator: 'k8s',
      node,
      pod: metadata.name,
      endpoint: 'eth0',
      containerID: annotations[containerID],
      ...(account !== undefined && { serviceAccountName: account }),
      ipNetworks,
      ...(ipNATs.length > 0 && { ipNATs: [...ipNATs] }),
      profiles: [`kns.${namespace}`, ...(account === undefined ? [] : [`ksa.${namespace}.${account}`])],
      interfaceName: interfaceOf(interfacePrefix, namespace, metadata.name),
      ...(ports.length > 0 && { ports }),
      ...(controls && { qosControls: controls }),
      ...(prefixes.length > 0 && { allowSpoofedSourcePrefixes: prefixes }),
    },
  };
}

/** Whoever wires pods names their interfaces so: Calico, vRouter, and the plugin of AWS with the prefix `eni`. */
function interfaceOf(prefix: string, namespace: string, pod: string): string {
  return `${prefix}${createHash('sha1').update(`${namespace}.${pod}`).digest('hex').slice(0, 11)}`;
}

/** The requests to CNI by a pod, or by a namespace for all of its pods, and a pod's limits; undefined for none. */
export function askedOf(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
  const asked = Object.entries(annotations).filter(([name]) => isCniRequest(name) || isQosAnnotation(name));
  return asked.length === 0 ? undefined : Object.fromEntries(asked);
}

/**
 * The entries of a JSON list that can be read. CNI refuses a list that is wrong; one that became so later must not take
 * the pod's network away.
 */
function listOf(annotation: string | undefined, read: (text: string) => unknown): readonly string[] {
  try {
    const list: unknown = JSON.parse(annotation ?? '[]');
    return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string' && read(entry) !== undefined) : [];
  } catch {
    return [];
  }
}

/**
 * None once the pod has finished: its addresses may be another's by now. What CNI wrote comes before the status, which
 * kubelet writes later: until then it tells of a former sandbox, or of a former pod of the same name.
 */
function networksOf(pod: Pod): readonly string[] {
  const { metadata, status } = pod;
  if (['Succeeded', 'Failed', 'Completed'].includes(status?.phase ?? '')) return [];
  const written = writtenNetworks(metadata.annotations ?? {});
  if (written !== undefined) return written;
  const given = metadata.annotations?.[AWS_POD_IPS];
  if (given === '' && metadata.deletionTimestamp !== undefined) return [];
  const { podIPs: listed = [], podIP: one = '' } = isOfFormerPod(pod) ? {} : (status ?? {});
  const networks = hostCidrs(listed.length > 0 ? listed.map(({ ip }) => ip) : [one]);
  return networks.length > 0 ? networks : hostCidrs((given ?? '').split(','));
}

/** The networks that CNI wrote: none after DEL; undefined when it has written nothing, or nothing that can be read. */
function writtenNetworks(annotations: Readonly<Record<string, string>>): readonly string[] | undefined {
  const [one, all] = [annotations[podIP], annotations[podIPs]];
  if (one === undefined && all === undefined) return undefined;
  if (!one && !all) return [];
  const networks = [all, one].map((text) => hostCidrs((text ?? '').split(','))).find(({ length }) => length > 0);
  return networks;
}

/** As many of these texts as are addresses, each as a CIDR. */
function hostCidrs(texts: readonly string[]): readonly string[] {
  return texts
    .map((text) => text.trim())
    .map((text) => (text.includes('/') ? text : `${text}${text.includes(':') ? '/128' : '/32'}`))
    .filter((text) => tryParsePrefix(text) !== undefined);
}

/**
 * A pod that began before it was made has the status of the one that had its name before: a kubelet that finds a
 * StatefulSet's pod made again within seconds copies it. Static pods do begin before the API server hears of them.
 */
function isOfFormerPod({ metadata, status }: Pod): boolean {
  if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return false;
  return Date.parse(status?.startTime ?? '') < Date.parse(metadata.creationTimestamp ?? '');
}

function labelsOf({ metadata }: Pod, namespace: string, account: string | undefined): Readonly<Record<string, string>> {
  // Nobody is of an account because his labels say so.
  const { [SERVICE_ACCOUNT]: _, ...own } = metadata.labels ?? {};
  return {
    ...own,
    'projectcalico.org/namespace': namespace,
    'projectcalico.org/orchestrator': 'k8s',
    // Longer than a label may be.
    ...(account !== undefined && account.length < 63 && { [SERVICE_ACCOUNT]: account }),
  };
}

const protocols: readonly string[] = ['TCP', 'UDP', 'SCTP'];

/** Those that rules may name or that the host has one for; of init containers too, since a sidecar is one. */
function portsOf({ spec }: Pod): NonNullable<WorkloadEndpoint['spec']['ports']> {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
    .flatMap((container) => container.ports ?? [])
    .flatMap(({ name, protocol = 'TCP', containerPort: port = 0, hostPort = 0, hostIP }) => {
      const counts = port > 0 && (name || hostPort > 0) && protocols.includes(protocol);
      return counts ? [{ name, protocol, port, ...(hostPort > 0 && { hostPort, hostIP }) }] : [];
    });
}

/** In a name dashes are doubled, so that single ones separate. */
function dashed(text: string): string {
  return text.replaceAll('-', '--');
}

/** The pod of an endpoint's name `<node>-k8s-<pod>-eth0`. */
function podOf(name: ResourceKey['name']): string | undefined {
  const parts = name.replaceAll('--', '\0').split('-');
  if (parts.length !== 4 || parts[1] !== 'k8s') return undefined;
  return parts[2].replaceAll('\0', '-');
}
