import { addressBits, tryParseInterfaceAddress } from '../../base/index.ts';
import { API_VERSION, type Node } from '../../model/index.ts';
import type { KubeObject } from './client.ts';
import type { Collection, Mapping } from './mapping.ts';
import { mergedMetadata, ownMetadata } from './node-labels.ts';

/** The annotations of Kubernetes' Node that hold Calico's Node: each with its place in the resource. */
const annotations = {
  'projectcalico.org/IPv4Address': ['spec', 'bgp', 'ipv4Address'],
  'projectcalico.org/IPv6Address': ['spec', 'bgp', 'ipv6Address'],
  'projectcalico.org/IPv4IPIPTunnelAddr': ['spec', 'bgp', 'ipv4IPIPTunnelAddr'],
  'projectcalico.org/ASNumber': ['spec', 'bgp', 'asNumber'],
  'projectcalico.org/RouteReflectorClusterID': ['spec', 'bgp', 'routeReflectorClusterID'],
  'projectcalico.org/IPv4VXLANTunnelAddr': ['spec', 'ipv4VXLANTunnelAddr'],
  'projectcalico.org/VXLANTunnelMACAddr': ['spec', 'vxlanTunnelMACAddr'],
  'projectcalico.org/IPv6VXLANTunnelAddr': ['spec', 'ipv6VXLANTunnelAddr'],
  'projectcalico.org/VXLANTunnelMACAddrV6': ['spec', 'vxlanTunnelMACAddrV6'],
  'projectcalico.org/IPv4WireguardInterfaceAddr': ['spec', 'wireguard', 'interfaceIPv4Address'],
  'projectcalico.org/IPv6WireguardInterfaceAddr': ['spec', 'wireguard', 'interfaceIPv6Address'],
  'projectcalico.org/WireguardPublicKey': ['status', 'wireguardPublicKey'],
  'projectcalico.org/WireguardPublicKeyV6': ['status', 'wireguardPublicKeyV6'],
  'projectcalico.org/Interfaces': ['spec', 'interfaces'],
} as const;

const asJson: readonly string[] = ['projectcalico.org/Interfaces'];
const path = '/api/v1/nodes';
const collection: Collection<'Node'> = { path, decode };

/** Nodes belong to Kubernetes: only what Calico knows of them is written, beside their status. */
export const nodeMapping: Mapping<'Node'> = {
  collections: [collection],
  maker: 'kubelet registers nodes. Does it run, and has NODENAME the name that `kubectl get nodes` shows?',
  locate: ({ name }) => ({ path: `${path}/${encodeURIComponent(name)}`, collection }),
  update: ({ metadata, ...node }) => ({
    method: 'PATCH',
    path: `${path}/${metadata.name}/status`,
    contentType: 'application/merge-patch+json',
    body: {
      metadata: {
        resourceVersion: metadata.resourceVersion,
        annotations: { ...ownMetadata(metadata), ...encode(node) },
      },
    },
  }),
};

type Tree = { [name: string]: unknown };

function encode(node: object): Readonly<Record<string, string | null>> {
  const written: Record<string, string | null> = {};
  for (const [annotation, place] of Object.entries(annotations)) {
    let value: unknown = node;
    for (const step of place) value = (value as Tree | undefined)?.[step];
    // In a merge patch null removes.
    written[annotation] =
      value === undefined ? null : asJson.includes(annotation) ? JSON.stringify(value) : String(value);
  }
  return written;
}

function decode({ metadata, spec, status }: KubeObject): Node {
  const tree: { spec: Tree; status: Tree } = { spec: {}, status: {} };
  for (const [annotation, place] of Object.entries(annotations)) {
    const text = metadata.annotations?.[annotation];
    if (!text) continue;
    const value = asJson.includes(annotation) ? fromJson(text) : text;
    const last = place[place.length - 1];
    let at: Tree = tree;
    for (const step of place.slice(0, -1)) at = (at[step] ??= {}) as Tree;
    at[last] = last === 'asNumber' ? asNumber(text) : value;
  }
  const bgp = tree.spec['bgp'] as { ipv4Address?: string; ipv6Address?: string } | undefined;
  const addresses = [bgp?.ipv4Address, bgp?.ipv6Address]
    .filter((address) => address !== undefined)
    .map((address) => ({ address: withLength(address), type: 'CalicoNodeIP' }));
  tree.spec['addresses'] = [...addresses, ...statusAddresses(status)];
  tree.spec['orchRefs'] = [{ nodeName: metadata.name, orchestrator: 'k8s' }];
  const podCIDRs = spec?.['podCIDRs'];
  if (Array.isArray(podCIDRs)) tree.status['podCIDRs'] = podCIDRs;
  if (!isReady(status)) tree.status['ready'] = false;
  if (spec?.['unschedulable'] === true) tree.status['unschedulable'] = true;
  const { name, uid, creationTimestamp, resourceVersion } = metadata;
  const seen = { name, uid, ...mergedMetadata(metadata), creationTimestamp, resourceVersion };
  return { apiVersion: API_VERSION, kind: 'Node', metadata: seen, spec: tree.spec, status: tree.status };
}

function statusAddresses(status: KubeObject['status']): readonly { address: string; type: string }[] {
  const listed = status?.['addresses'];
  if (!Array.isArray(listed)) return [];
  // Kubernetes takes any text for one; what is none must not keep the Node from being written.
  return listed.filter(
    ({ type, address }) =>
      ['InternalIP', 'ExternalIP'].includes(type) && tryParseInterfaceAddress(address) !== undefined,
  );
}

/** Kubelet says so, or has said nothing yet. A daemon that ends or starts says nothing here: its kernel goes on. */
function isReady(status: KubeObject['status']): boolean {
  const conditions = status?.['conditions'];
  return (
    !Array.isArray(conditions) || conditions.every(({ type, status: word }) => type !== 'Ready' || word === 'True')
  );
}

function withLength(text: string): string {
  const at = tryParseInterfaceAddress(text);
  return at === undefined || text.includes('/') ? text : `${text}/${addressBits(at.address.family)}`;
}

/** Digits or asdot; anything else is left as it is, for validation to name. */
function asNumber(text: string): number | string {
  return /^[0-9]+$/.test(text) ? Number(text) : text;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
