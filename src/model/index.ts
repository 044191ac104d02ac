/**
 * model: the nouns of `projectcalico.org/v3`.
 *
 * Each kind is one file in `kinds/`: its zod schema with Calico's rules, its plural, the names that users may call
 * it by. `registry.ts` is the table of them. An object from outside goes through one of two doors, and is a plain typed
 * value from then on: `validate` is strict, for those who write; `read` is liberal, for those who act on what is stored,
 * and gets out of an object what can be understood. Fields that we don't know are carried along untouched.
 *
 * Defaults come in two ways, as in Calico: `fillDefaults` writes into an object what Calico's client writes on
 * create and update; `effective…` functions give a reader a spec with nothing missing. `names.ts` holds the names
 * under which blocks, affinities and handles are stored; `exact-json.ts` keeps 64-bit sequence numbers exact.
 */

export { cleaned } from './clean.ts';
export { CNI_ANNOTATION, type CniAnnotationName, isCniRequest } from './cni-annotations.ts';
export { crdKinds, customResourceDefinition, refuseDuplicates } from './crd/index.ts';
export { fillDefaults, policyTypes } from './defaults.ts';
export { type FieldError, shown, UnknownKind, ValidationError } from './errors.ts';
export { formatJson, parseJson } from './exact-json.ts';
export { withCommonNames, withFieldNames } from './field-names.ts';
export type { BFDConfiguration, BFDConfigurationSpec } from './kinds/bfd-configuration.ts';
export type {
  BGPConfiguration,
  BGPConfigurationSpec,
} from './kinds/bgp-configuration.ts';
export type { BGPFilter, BGPFilterRule, BGPFilterSpec } from './kinds/bgp-filter.ts';
export { type BGPPeer, type BGPPeerSpec, isLinkLocal, readPeerIP } from './kinds/bgp-peer.ts';
export type { BlockAffinity, BlockAffinitySpec } from './kinds/block-affinity.ts';
export type { CalicoNodeStatus } from './kinds/calico-node-status.ts';
export type { ClusterInformation, ClusterInformationSpec } from './kinds/cluster-information.ts';
export type { FelixConfiguration, FelixConfigurationSpec } from './kinds/felix-configuration.ts';
export { isCommunity } from './kinds/field.ts';
export type {
  GlobalNetworkPolicy,
  GlobalNetworkPolicySpec,
  StagedGlobalNetworkPolicy,
} from './kinds/global-network-policy.ts';
export type { HostEndpoint, HostEndpointSpec } from './kinds/host-endpoint.ts';
export { type EffectiveIPPool, effectivePool, type IPPool, type IPPoolSpec, isClosed } from './kinds/ip-pool.ts';
export type { IPReservation, IPReservationSpec } from './kinds/ip-reservation.ts';
export type { AllocationAttribute, IPAMBlock, IPAMBlockSpec } from './kinds/ipam-block.ts';
export {
  type EffectiveIPAMConfiguration,
  effectiveIPAMConfiguration,
  type IPAMConfiguration,
  type IPAMConfigurationSpec,
} from './kinds/ipam-configuration.ts';
export type { IPAMHandle, IPAMHandleSpec } from './kinds/ipam-handle.ts';
export type { KubeControllersConfiguration } from './kinds/kube-controllers-configuration.ts';
export type { KubernetesEndpointSlice } from './kinds/kubernetes-endpoint-slice.ts';
export type { KubernetesNetworkPolicy } from './kinds/kubernetes-policy.ts';
export {
  ADVERTISED,
  type KubernetesService,
  type LoadBalancerIngress,
  SERVICE_ANNOTATION,
} from './kinds/kubernetes-service.ts';
export type {
  NetworkPolicy,
  NetworkPolicySpec,
  StagedKubernetesNetworkPolicy,
  StagedNetworkPolicy,
} from './kinds/network-policy.ts';
export type { GlobalNetworkSet, NetworkSet } from './kinds/network-set.ts';
export type { Node, NodeSpec, NodeStatus, TunnelAddressKind } from './kinds/node.ts';
export type { Profile, ProfileSpec } from './kinds/profile.ts';
export type { Rule } from './kinds/rule.ts';
export { builtInTiers, type Tier, type TierSpec } from './kinds/tier.ts';
export { type IPNAT, ipNATsOf, type WorkloadEndpoint, type WorkloadEndpointSpec } from './kinds/workload-endpoint.ts';
export {
  affinityLabels,
  affinityName,
  affinityOwnerLabels,
  blockName,
  cidrName,
  handleName,
  resourceKeyText,
} from './names.ts';
export {
  DIRECTIONS,
  isQosAnnotation,
  LIMITS,
  parseDscp,
  type QoSControls,
  type QosDirection,
  qosOfAnnotations,
  settleControls,
} from './qos/index.ts';
export { type Reading, read } from './read.ts';
export {
  definitionOf,
  definitions,
  findKind,
  isKubernetesKind,
  type KindName,
  type KubernetesKind,
  kindNames,
  kubernetesKinds,
  type ResourceOf,
  type StoredKind,
} from './registry.ts';
export { API_VERSION, type ObjectMeta, type Resource } from './resource.ts';
export { isOlderVersion } from './resource-version.ts';
export {
  type Atom,
  atomsOf,
  evaluate,
  formatSelector,
  type Labels,
  matchesSelector,
  parseSelector,
  type Selector,
  SelectorError,
  usesGlobal,
} from './selector/index.ts';
export { isKindName, newResource, validate, validateAs } from './validate.ts';
