import type { KindName } from '../../../model/index.ts';

/** The kinds moved as resources, in the order of moving: tiers before policies, nodes before objects that name them. */
export const MOVED_KINDS = [
  'IPPool',
  'BGPPeer',
  'Tier',
  'GlobalNetworkPolicy',
  'StagedGlobalNetworkPolicy',
  'GlobalNetworkSet',
  'HostEndpoint',
  'KubeControllersConfiguration',
  'NetworkPolicy',
  'StagedNetworkPolicy',
  'StagedKubernetesNetworkPolicy',
  'NetworkSet',
  'Node',
  'BGPConfiguration',
  'FelixConfiguration',
  'IPReservation',
  'BFDConfiguration',
  'BGPFilter',
] as const satisfies readonly KindName[];

/** Between the resources, the cluster's information and IPAM. */
export const SEPARATOR = '===\n';

/** Names of policies that stand for those of Kubernetes, which come anew from there. */
export const KUBERNETES_POLICY = /^(knp|kcnp|kanp|kbanp)\./;
