/**
 * descriptions: what `kubectl explain` says of every kind and field.
 *
 * A text is found by the end of a field's path, the longest first: `BGPPeer.node`, `prefixLength.min`, `protocol`. So a
 * field that is the same in many places is described once.
 */
import type { KindName } from '../../registry.ts';
import type { Schema } from '../structural.ts';
import { clusterDescriptions } from './cluster.ts';
import { felixDescriptions } from './felix.ts';
import { policyDescriptions } from './policy.ts';
import { routingDescriptions } from './routing.ts';

/** Each text by the end of the paths that it is for. */
export const describedFields: Readonly<Record<string, string>> = {
  ...clusterDescriptions,
  ...policyDescriptions,
  ...routingDescriptions,
  ...Object.fromEntries(Object.entries(felixDescriptions).map(([path, text]) => [`FelixConfiguration.${path}`, text])),
};

const kinds: Partial<Record<KindName, string>> = {
  BGPConfiguration: 'How nodes speak BGP: `default` for the cluster, `node.<name>` for one node.',
  BFDConfiguration: 'How BGP peers are watched by BFD, per interface of some nodes.',
  BGPFilter: 'Rules for the routes that are announced to BGP peers and learned from them.',
  BGPPeer: 'A BGP session that some or all nodes have.',
  BlockAffinity: 'A block of addresses that belongs to a node. IPAM writes it; nobody else should.',
  CalicoNodeStatus: 'Asks a node for its BGP sessions and routes, and holds the answer.',
  ClusterInformation: "The cluster's identity and version. The nodes write it.",
  FelixConfiguration: 'Settings of the daemon on the nodes: `default` for the cluster, `node.<name>` for one node.',
  GlobalNetworkPolicy: 'Rules for the traffic of endpoints in all namespaces and of hosts.',
  GlobalNetworkSet: 'Addresses that policies name by labels.',
  HostEndpoint: 'An interface of a node, for policies about the node itself.',
  IPAMBlock: 'A block of addresses and who has them. IPAM writes it; nobody else should.',
  IPAMConfiguration: 'Settings of IPAM.',
  IPAMHandle: 'The addresses that are released together. IPAM writes it; nobody else should.',
  IPPool: 'A range of addresses for pods, tunnels or services.',
  IPReservation: 'Addresses that IPAM does not give out.',
  KubeControllersConfiguration: "Settings of the cluster's housekeeping.",
  NetworkPolicy: 'Rules for the traffic of endpoints in one namespace.',
  NetworkSet: 'Addresses that policies of one namespace name by labels.',
  StagedGlobalNetworkPolicy: 'A GlobalNetworkPolicy that is not enforced yet.',
  StagedKubernetesNetworkPolicy: 'A NetworkPolicy of Kubernetes that is not enforced yet.',
  StagedNetworkPolicy: 'A NetworkPolicy that is not enforced yet.',
  Tier: 'A group of policies that applies before or after others.',
};

/** Felix has many settings for dataplanes that are not ours. */
const OTHER_SETTING = "A setting of Felix, Calico's own daemon, that changes nothing here; it is kept.";

export function describedKind(kind: KindName): string | undefined {
  return kinds[kind];
}

/** The schema of a kind's spec with what is known of each field. */
export function described(kind: KindName, spec: Schema): Schema {
  return withDescriptions(spec, [kind]);
}

function withDescriptions(schema: Schema, path: readonly string[]): Schema {
  const properties = schema['properties'] as Readonly<Record<string, Schema>> | undefined;
  const items = schema['items'] as Schema | undefined;
  return {
    ...schema,
    ...(items && { items: withDescriptions(items, path) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, field]) => {
          const at = [...path, name];
          const description = descriptionAt(at);
          return [name, { ...(description && { description }), ...withDescriptions(field, at) }];
        }),
      ),
    }),
  };
}

function descriptionAt([kind, ...path]: readonly string[]): string | undefined {
  for (let at = 0; at < path.length; at++) {
    const end = path.slice(at).join('.');
    for (const key of [`${kind}.${end}`, end]) if (Object.hasOwn(describedFields, key)) return describedFields[key];
  }
  return kind === 'FelixConfiguration' ? OTHER_SETTING : undefined;
}
