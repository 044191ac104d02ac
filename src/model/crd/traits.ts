import type { KindName } from '../registry.ts';
import type { CelRule } from './cel-rule.ts';
import { rulesOf } from './rules.ts';

/** A column that `kubectl get` shows beside the name and the age: a heading, its type, and where it is. */
type Column = readonly [heading: string, type: string, jsonPath: string];

/** The traits of a kind's custom resource definition beyond the schema of its spec. */
export interface Traits {
  readonly columns?: readonly Column[];
  /** The names by which kubectl, too, may ask for the kind. */
  readonly shortNames?: readonly string[];
  /** Fields of the spec that must be there, where they are not those of our own schema. */
  readonly required?: readonly string[];
  /** The defaults that the API server fills in, by the place in the spec. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Fields that are CIDRs under a rule of their own, by the place in the spec. */
  readonly cidrs?: readonly string[];
  /** Arrays whose items must differ. */
  readonly sets?: readonly string[];
  readonly rules?: readonly CelRule[];
}

/** Lists in the rules of a policy. */
const policySets = ['ingress', 'egress'].flatMap((direction) =>
  ['source', 'destination'].flatMap((end) =>
    ['nets', 'notNets', 'serviceAccounts.names'].map((list) => `${direction}[].${end}.${list}`),
  ),
);

/** Where a policy stands among others. */
const placeColumns: readonly Column[] = [
  ['Tier', 'string', '.spec.tier'],
  ['Order', 'number', '.spec.order'],
];

/** As Calico's own definitions have it. */
const traits: Partial<Record<KindName, Omit<Traits, 'rules'>>> = {
  BGPConfiguration: {
    shortNames: ['bgpconfig', 'bgpconfigs'],
    defaults: { logSeverityScreen: 'Info', serviceLoadBalancerAggregation: 'Enabled' },
    sets: [
      ...['communities', 'prefixAdvertisements', 'ignoredInterfaces'],
      ...['serviceClusterIPs', 'serviceExternalIPs', 'serviceLoadBalancerIPs'],
    ],
  },
  BGPPeer: {
    columns: [
      ['PeerIP', 'string', '.spec.peerIP'],
      ['Node', 'string', '.spec.node'],
      // Calico's is an integer, which leaves `65000.1` out.
      ['ASN', 'string', '.spec.asNumber'],
    ],
  },
  BlockAffinity: {
    shortNames: ['affinity', 'affinities'],
    columns: [
      ['CIDR', 'string', '.spec.cidr'],
      ['Node', 'string', '.spec.node'],
      ['State', 'string', '.spec.state'],
    ],
    required: ['cidr', 'deleted', 'node', 'state'],
  },
  ClusterInformation: { shortNames: ['clusterinfo', 'clusterinfos'] },
  FelixConfiguration: { shortNames: ['felixconfig', 'felixconfigs'] },
  GlobalNetworkPolicy: { shortNames: ['gnp', 'cgnp'], columns: placeColumns, sets: policySets },
  GlobalNetworkSet: { shortNames: ['gns'], sets: ['nets'] },
  HostEndpoint: { shortNames: ['hep', 'heps'], sets: ['expectedIPs', 'profiles'] },
  IPAMBlock: {
    columns: [
      ['CIDR', 'string', '.spec.cidr'],
      ['Affinity', 'string', '.spec.affinity'],
    ],
    required: ['allocations', 'attributes', 'cidr', 'strictAffinity', 'unallocated'],
    defaults: { sequenceNumber: 0 },
  },
  IPAMConfiguration: {
    shortNames: ['ipamconfig', 'ipamconfigs'],
    required: ['autoAllocateBlocks', 'strictAffinity'],
  },
  IPPool: {
    shortNames: ['ipp', 'ipps', 'pool', 'pools'],
    columns: [
      ['CIDR', 'string', '.spec.cidr'],
      ['IPIP', 'string', '.spec.ipipMode'],
      ['VXLAN', 'string', '.spec.vxlanMode'],
      ['NAT', 'boolean', '.spec.natOutgoing'],
      ['Selector', 'string', '.spec.nodeSelector'],
    ],
    defaults: { ipipMode: 'Never', vxlanMode: 'Never', assignmentMode: 'Automatic' },
    cidrs: ['cidr'],
    sets: ['allowedUses'],
  },
  IPReservation: { sets: ['reservedCIDRs'] },
  KubeControllersConfiguration: {
    shortNames: ['kcc', 'kccs'],
    sets: ['controllers.node.hostEndpoint.templates[].interfaceCIDRs'],
    required: ['controllers'],
    defaults: { 'controllers.loadBalancer.assignIPs': 'AllServices' },
  },
  NetworkPolicy: { shortNames: ['cnp', 'caliconetworkpolicy'], columns: placeColumns, sets: policySets },
  NetworkSet: { shortNames: ['netset', 'netsets'], sets: ['nets'] },
  StagedGlobalNetworkPolicy: { shortNames: ['sgnp'], columns: placeColumns, sets: policySets },
  StagedKubernetesNetworkPolicy: { shortNames: ['sknp'] },
  StagedNetworkPolicy: { shortNames: ['scnp', 'snp'], columns: placeColumns, sets: policySets },
  Tier: {
    columns: [
      ['Order', 'number', '.spec.order'],
      ['Action', 'string', '.spec.defaultAction'],
    ],
  },
};

export function traitsOf(kind: KindName): Traits {
  return { ...traits[kind], rules: rulesOf(kind) };
}
