import * as z from 'zod';
import {
  type Address,
  hostPrefix,
  type Prefix,
  prefix,
  tryParseAddress,
  tryParseInterfaceAddress,
} from '../../base/index.ts';
import type { Labels, Node, WorkloadEndpoint } from '../../model/index.ts';
import {
  NAMESPACE_LABEL,
  NAMESPACE_PREFIX,
  ORCHESTRATOR_LABEL,
  SERVICE_ACCOUNT_LABEL,
  SERVICE_ACCOUNT_PREFIX,
} from '../expression.ts';
import type { AddressSet, Endpoint, NamedPort, Profile } from '../form.ts';
import { protocolNumber } from '../protocol.ts';
import type { PolicyObject } from './object.ts';

/** The things that policies are about: pods, hosts, sets, and the profiles that pods inherit labels by. */

/** A pod as policy knows it. */
export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly serviceAccount?: string | undefined;
  /** None once it is finished: it leaves all sets at once. */
  readonly addresses: readonly string[];
  readonly ports?: readonly {
    readonly name?: string | undefined;
    readonly port: number;
    readonly protocol?: string | undefined;
  }[];
}

const NAMESPACE_PROFILE = 'kns.';
const NO_PORTS: readonly NamedPort[] = [];
/** A profile that everybody may name, and that lets all through. */
export const OPEN_PROFILE = 'projectcalico-default-allow';

/** The longest value of a label; a name of that length or more is not one. */
const LONGEST_LABEL = 63;

/** The labels that a pod, or a set in a namespace, may give itself. Those of its namespace and service account are theirs: else it could pretend to be in another. */
function ownLabels(labels: Labels = {}): Labels {
  const own = Object.entries(labels).filter(([key]) => !isInherited(key));
  return own.length === Object.keys(labels).length ? labels : Object.fromEntries(own);
}

function isInherited(label: string): boolean {
  return label.startsWith(NAMESPACE_PREFIX) || label.startsWith(SERVICE_ACCOUNT_PREFIX);
}

export function podEndpoint({ namespace, name, labels, serviceAccount, addresses, ports = [] }: PodFacts): Endpoint {
  const account = serviceAccount !== undefined && serviceAccount.length < LONGEST_LABEL ? serviceAccount : undefined;
  const { [SERVICE_ACCOUNT_LABEL]: _, ...own } = ownLabels(labels);
  return {
    kind: 'pod',
    name: `${namespace}/${name}`,
    labels: {
      ...own,
      [NAMESPACE_LABEL]: namespace,
      [ORCHESTRATOR_LABEL]: 'k8s',
      ...(account !== undefined && { [SERVICE_ACCOUNT_LABEL]: account }),
    },
    profiles: [
      namespaceProfileName(namespace),
      ...(serviceAccount === undefined ? [] : [accountProfileName(namespace, serviceAccount)]),
    ],
    addresses: addresses.flatMap((text) => tryParseAddress(text) ?? []),
    ports: ports.flatMap(({ name: word, port, protocol = 'TCP' }): NamedPort[] => {
      const number = protocolNumber(protocol);
      return word === undefined || number === undefined ? [] : [{ name: word, port, protocol: number }];
    }),
  };
}

/**
 * A pod as the datastore knows it. Its namespace and service account are labels of it, whoever wrote it. One that this
 * program's own CNI plugin made outside of Kubernetes names no profile: nothing but policy restricts it.
 */
export function workloadEndpoint({ metadata, spec }: WorkloadEndpoint): Endpoint {
  const { namespace = 'default', name } = metadata;
  const { orchestrator, serviceAccountName: account, profiles = [], ipNetworks = [], ports = [] } = spec;
  return {
    kind: 'pod',
    name: `${namespace}/${spec.pod ?? name}`,
    labels: {
      ...ownLabels(metadata.labels),
      [NAMESPACE_LABEL]: namespace,
      ...(orchestrator !== undefined && { [ORCHESTRATOR_LABEL]: orchestrator }),
      ...(account !== undefined && account.length < LONGEST_LABEL && { [SERVICE_ACCOUNT_LABEL]: account }),
    },
    profiles: profiles.length === 0 && orchestrator === 'cni' ? [OPEN_PROFILE] : profiles,
    addresses: addressesOf(ipNetworks),
    ports:
      ports.length === 0
        ? NO_PORTS
        : ports.flatMap(({ name: word, port, protocol }): NamedPort[] => {
            const number = protocolNumber(protocol);
            return word === undefined || number === undefined ? [] : [{ name: word, port, protocol: number }];
          }),
    node: spec.node,
  };
}

/** All pods of a cluster are remembered: the list has no room for more, as one that was filtered has. */
function addressesOf(networks: readonly string[]): readonly Address[] {
  const addresses = networks.map((text) => tryParseInterfaceAddress(text)?.address);
  return addresses.every((address) => address !== undefined)
    ? addresses
    : addresses.filter((address) => address !== undefined);
}

/** A node as a peer of rules: its own addresses and those of its tunnels. */
export function nodeSet({ metadata, spec }: Node): AddressSet {
  const { bgp = {}, addresses = [], ipv4VXLANTunnelAddr, ipv6VXLANTunnelAddr, wireguard = {} } = spec;
  const texts = new Set([
    ...[bgp.ipv4Address, bgp.ipv6Address, ...addresses.map(({ address }) => address)],
    ...[bgp.ipv4IPIPTunnelAddr, ipv4VXLANTunnelAddr, ipv6VXLANTunnelAddr],
    ...[wireguard.interfaceIPv4Address, wireguard.interfaceIPv6Address],
  ]);
  const nets = [...texts].flatMap((text) => {
    const read = text === undefined ? undefined : tryParseInterfaceAddress(text);
    return read === undefined ? [] : [hostPrefix(read.address)];
  });
  return { name: metadata.name, labels: metadata.labels ?? {}, nets };
}

function namespaceProfileName(namespace: string): string {
  return `${NAMESPACE_PROFILE}${namespace}`;
}

function accountProfileName(namespace: string, name: string): string {
  return `ksa.${namespace}.${name}`;
}

/** Lets all through: what no policy is about is open in Kubernetes. */
export function namespaceProfile(name: string, labels: Labels): Profile {
  const all = [{ action: 'Allow', index: 0, match: { source: {}, destination: {} } }] as const;
  return {
    name: namespaceProfileName(name),
    labels: prefixed(NAMESPACE_PREFIX, { 'projectcalico.org/name': name, ...labels }),
    rules: { ingress: all, egress: all },
  };
}

/**
 * The profile of a namespace when nobody made one: outside of Kubernetes nobody does, and a namespace is open there as
 * it is in Kubernetes. Undefined when the name is no namespace's.
 */
export function unmadeProfile(name: string): Profile | undefined {
  if (!name.startsWith(NAMESPACE_PROFILE)) return undefined;
  const namespace = name.slice(NAMESPACE_PROFILE.length);
  return namespaceProfile(namespace, { 'kubernetes.io/metadata.name': namespace });
}

/** Gives labels, and has no rules. */
export function accountProfile(namespace: string, name: string, labels: Labels): Profile {
  return {
    name: accountProfileName(namespace, name),
    labels: prefixed(SERVICE_ACCOUNT_PREFIX, { 'projectcalico.org/name': name, ...labels }),
    rules: { ingress: [], egress: [] },
  };
}

function prefixed(before: string, labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [`${before}${key}`, value]));
}

const hostSpec = z.looseObject({
  node: z.string(),
  interfaceName: z.string().nullish(),
  expectedIPs: z.array(z.string()).nullish(),
  profiles: z.array(z.string()).nullish(),
  ports: z
    .array(z.looseObject({ name: z.string(), protocol: z.union([z.string(), z.number()]), port: z.number() }))
    .nullish(),
});

/** Undefined when its spec is not understood: then it is on no interface, and the caller tells. */
export function hostEndpoint({ metadata, spec }: PolicyObject): Endpoint | undefined {
  const read = hostSpec.safeParse(spec);
  if (!read.success) return undefined;
  const { node, interfaceName, expectedIPs, profiles, ports } = read.data;
  return {
    kind: 'host',
    name: metadata.name,
    labels: metadata.labels ?? {},
    profiles: profiles ?? [],
    addresses: (expectedIPs ?? []).flatMap((text): Address[] => {
      const address = tryParseAddress(text);
      return address === undefined ? [] : [address];
    }),
    ports: (ports ?? []).flatMap(({ name, protocol, port }): NamedPort[] => {
      const number = protocolNumber(protocol);
      return number === undefined ? [] : [{ name, protocol: number, port }];
    }),
    interfaceName: interfaceName || undefined,
    node,
  };
}

/**
 * NetworkSet and GlobalNetworkSet; an entry that is no network is no member. One in a namespace has the namespace's labels, as
 * a pod has.
 */
export function networkSet({ kind, metadata, spec }: PolicyObject): AddressSet {
  const { nets } = z
    .looseObject({ nets: z.array(z.unknown()).catch([]) })
    .catch({ nets: [] })
    .parse(spec ?? {});
  const { name, namespace = 'default', labels = {} } = metadata;
  const place =
    kind === 'NetworkSet'
      ? {
          name: `${namespace}/${name}`,
          labels: { ...ownLabels(labels), [NAMESPACE_LABEL]: namespace },
          profiles: [namespaceProfileName(namespace)],
        }
      : { name, labels };
  return {
    ...place,
    nets: nets.flatMap((text): Prefix[] => {
      const read = typeof text === 'string' ? tryParseInterfaceAddress(text) : undefined;
      return read === undefined ? [] : [prefix(read.address, read.length)];
    }),
  };
}
