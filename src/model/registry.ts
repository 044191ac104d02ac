import type * as z from 'zod';
import { bfdConfiguration } from './kinds/bfd-configuration.ts';
import { bgpConfiguration } from './kinds/bgp-configuration.ts';
import { bgpFilter } from './kinds/bgp-filter.ts';
import { bgpPeer } from './kinds/bgp-peer.ts';
import { blockAffinity } from './kinds/block-affinity.ts';
import { calicoNodeStatus } from './kinds/calico-node-status.ts';
import { clusterInformation } from './kinds/cluster-information.ts';
import type { KindDefinition, SpecOf } from './kinds/definition.ts';
import { felixConfiguration } from './kinds/felix-configuration.ts';
import { globalNetworkPolicy, stagedGlobalNetworkPolicy } from './kinds/global-network-policy.ts';
import { hostEndpoint } from './kinds/host-endpoint.ts';
import { type IPPool, ipPool } from './kinds/ip-pool.ts';
import { ipReservation } from './kinds/ip-reservation.ts';
import { ipamBlock } from './kinds/ipam-block.ts';
import { ipamConfiguration } from './kinds/ipam-configuration.ts';
import { ipamHandle } from './kinds/ipam-handle.ts';
import { kubeControllersConfiguration } from './kinds/kube-controllers-configuration.ts';
import { kubernetesEndpointSlice } from './kinds/kubernetes-endpoint-slice.ts';
import {
  kubernetesAdminNetworkPolicy,
  kubernetesBaselineAdminNetworkPolicy,
  kubernetesClusterNetworkPolicy,
  kubernetesNetworkPolicy,
} from './kinds/kubernetes-policy.ts';
import { kubernetesService } from './kinds/kubernetes-service.ts';
import { networkPolicy, stagedKubernetesNetworkPolicy, stagedNetworkPolicy } from './kinds/network-policy.ts';
import { globalNetworkSet, networkSet } from './kinds/network-set.ts';
import { type NodeStatus, node } from './kinds/node.ts';
import { profile } from './kinds/profile.ts';
import { tier } from './kinds/tier.ts';
import { workloadEndpoint } from './kinds/workload-endpoint.ts';
import type { Resource } from './resource.ts';

/** Every kind that users, IPAM and nodes store, in Calico's order of listing: by name. */
const stored = {
  BFDConfiguration: bfdConfiguration,
  BGPConfiguration: bgpConfiguration,
  BGPFilter: bgpFilter,
  BGPPeer: bgpPeer,
  BlockAffinity: blockAffinity,
  CalicoNodeStatus: calicoNodeStatus,
  ClusterInformation: clusterInformation,
  FelixConfiguration: felixConfiguration,
  GlobalNetworkPolicy: globalNetworkPolicy,
  GlobalNetworkSet: globalNetworkSet,
  HostEndpoint: hostEndpoint,
  IPAMBlock: ipamBlock,
  IPAMConfiguration: ipamConfiguration,
  IPAMHandle: ipamHandle,
  IPPool: ipPool,
  IPReservation: ipReservation,
  KubeControllersConfiguration: kubeControllersConfiguration,
  NetworkPolicy: networkPolicy,
  NetworkSet: networkSet,
  Node: node,
  Profile: profile,
  StagedGlobalNetworkPolicy: stagedGlobalNetworkPolicy,
  StagedKubernetesNetworkPolicy: stagedKubernetesNetworkPolicy,
  StagedNetworkPolicy: stagedNetworkPolicy,
  Tier: tier,
  WorkloadEndpoint: workloadEndpoint,
} as const;

/** Kinds whose objects are Kubernetes' own, by Calico's internal names: only that engine has any, nobody here writes one. */
const kubernetes = {
  KubernetesAdminNetworkPolicy: kubernetesAdminNetworkPolicy,
  KubernetesBaselineAdminNetworkPolicy: kubernetesBaselineAdminNetworkPolicy,
  KubernetesClusterNetworkPolicy: kubernetesClusterNetworkPolicy,
  KubernetesEndpointSlice: kubernetesEndpointSlice,
  KubernetesNetworkPolicy: kubernetesNetworkPolicy,
  KubernetesService: kubernetesService,
} as const;

export const definitions = { ...stored, ...kubernetes } as const;

export type StoredKind = keyof typeof stored;
export type KubernetesKind = keyof typeof kubernetes;
export type KindName = StoredKind | KubernetesKind;
export const kindNames = Object.keys(stored) as readonly StoredKind[];
export const kubernetesKinds = Object.keys(kubernetes) as readonly KubernetesKind[];

export function isKubernetesKind(kind: string): kind is KubernetesKind {
  return Object.hasOwn(kubernetes, kind);
}

interface Statuses {
  readonly Node: NodeStatus;
  readonly IPPool: NonNullable<IPPool['status']>;
}

type StatusOf<Kind extends KindName> = Kind extends keyof Statuses ? Statuses[Kind] : unknown;

/** The type of a kind's objects. Of a union of kinds: the union, to be told apart by `kind`. */
export type ResourceOf<Kind extends KindName> = Kind extends KindName
  ? Resource<Kind, SpecOf<(typeof definitions)[Kind]>, StatusOf<Kind>>
  : never;

export function definitionOf(kind: KindName): KindDefinition<KindName, z.ZodType> {
  return definitions[kind];
}

const byAlias = new Map<string, KindName>();
for (const kind of kindNames) {
  const { aliases, plural } = definitionOf(kind);
  for (const alias of [...aliases, kind.toLowerCase(), plural]) byAlias.set(alias, kind);
}

/** The kind that a user means: any of Calico's names for it, in any case. */
export function findKind(text: string): KindName | undefined {
  return byAlias.get(text.toLowerCase());
}
