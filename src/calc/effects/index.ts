/**
 * effects: what of each field of each kind has an effect on a node, in one table.
 *
 * Whoever stores a field that is to protect something must not believe in vain that it does: such a field is acted on, or
 * what asks for it is refused, or it is a problem of the node (`unmetFields`). The compiler holds the table to the kinds'
 * specs; a kind of which nothing is acted on has one effect for all of its fields.
 */
import {
  type BGPConfigurationSpec,
  type BGPFilterSpec,
  type BGPPeerSpec,
  type IPPoolSpec,
  isKubernetesKind,
  type KindName,
  type StoredKind,
} from '../../model/index.ts';
import { ACTED_ON, type EffectsOf, each, type FieldEffect, noEffect } from './effect.ts';
import { felixEffects } from './felix.ts';

const STAGED = noEffect('a staged policy is enforced by nobody');

const bgpConfigurationEffects: EffectsOf<BGPConfigurationSpec> = {
  ...each(['nodeToNodeMeshEnabled', 'asNumber', 'listenPort', 'bindMode', 'nodeMeshMaxRestartTime'], ACTED_ON),
  ...each(['ipv4NormalRoutePriority', 'ipv6NormalRoutePriority', 'communities', 'prefixAdvertisements'], ACTED_ON),
  ...each(['serviceClusterIPs', 'serviceExternalIPs', 'serviceLoadBalancerIPs'], ACTED_ON),
  serviceLoadBalancerAggregation: ACTED_ON,
  nodeMeshPassword: ACTED_ON,
  ...each(['ignoredInterfaces', 'localWorkloadPeeringIPV4', 'localWorkloadPeeringIPV6'], ACTED_ON),
  logSeverityScreen: noEffect(
    'how much a daemon logs, BGP too, is said by FELIX_LOGSEVERITYSCREEN in its environment',
    (value) => typeof value === 'string' && value !== '' && value.toLowerCase() !== 'info',
  ),
  programClusterRoutes: noEffect(
    'one process has the part of BIRD and that of Felix, so whichever of the two is to have them, the routes are there',
    (value) => value === 'Disabled',
  ),
};

const bgpPeerEffects: EffectsOf<BGPPeerSpec> = {
  ...each(['node', 'nodeSelector', 'peerIP', 'asNumber', 'localASNumber', 'peerSelector', 'filters'], ACTED_ON),
  ...each(['keepOriginalNextHop', 'nextHopMode', 'sourceAddress', 'maxRestartTime', 'keepaliveTime'], ACTED_ON),
  ...each(['numAllowedLocalASNumbers', 'ttlSecurity', 'reversePeering', 'failureDetectionMode'], ACTED_ON),
  password: ACTED_ON,
  ...each(['localWorkloadSelector', 'reachableBy'], ACTED_ON),
};

const bgpFilterEffects: EffectsOf<BGPFilterSpec> = each(['exportV4', 'importV4', 'exportV6', 'importV6'], ACTED_ON);

const ipPoolEffects: EffectsOf<IPPoolSpec> = {
  ...each(['cidr', 'blockSize', 'ipipMode', 'vxlanMode', 'natOutgoing', 'disabled', 'disableBGPExport'], ACTED_ON),
  ...each(['nodeSelector', 'namespaceSelector', 'allowedUses', 'assignmentMode'], ACTED_ON),
};

/** By kind: an effect for each field, or one for all. */
export const EFFECTS: { readonly [Kind in StoredKind]: FieldEffect | Readonly<Record<string, FieldEffect>> } = {
  BFDConfiguration: each(['nodeSelector', 'interfaces'], ACTED_ON),
  BGPConfiguration: bgpConfigurationEffects,
  BGPFilter: bgpFilterEffects,
  BGPPeer: bgpPeerEffects,
  BlockAffinity: ACTED_ON,
  CalicoNodeStatus: ACTED_ON,
  ClusterInformation: {
    ...each(['datastoreReady', 'calicoVersion'], ACTED_ON),
    ...each(['clusterGUID', 'clusterType', 'variant'], noEffect('read by people alone')),
  },
  FelixConfiguration: felixEffects,
  GlobalNetworkPolicy: ACTED_ON,
  GlobalNetworkSet: ACTED_ON,
  HostEndpoint: ACTED_ON,
  IPAMBlock: ACTED_ON,
  IPAMConfiguration: {
    ...each(['strictAffinity', 'maxBlocksPerHost', 'autoAllocateBlocks', 'ipCooldownSeconds'], ACTED_ON),
    kubeVirtVMAddressPersistence: noEffect('live migration of KubeVirt is not there'),
  },
  IPAMHandle: ACTED_ON,
  IPPool: ipPoolEffects,
  IPReservation: ACTED_ON,
  KubeControllersConfiguration: {
    etcdV3CompactionPeriod: ACTED_ON,
    controllers: noEffect(
      'of it `node.leakGracePeriod` and `node.hostEndpoint` are acted on; the other controllers are not there to be set',
    ),
    ...each(
      ['logSeverityScreen', 'healthChecks', 'prometheusMetricsPort', 'debugProfilePort'],
      noEffect('of a process that is not there: the daemons do its work'),
    ),
  },
  NetworkPolicy: ACTED_ON,
  NetworkSet: ACTED_ON,
  Node: {
    ...each(['bgp', 'ipv4VXLANTunnelAddr', 'vxlanTunnelMACAddr', 'ipv6VXLANTunnelAddr'], ACTED_ON),
    ...each(['vxlanTunnelMACAddrV6', 'wireguard', 'addresses'], ACTED_ON),
    interfaces: ACTED_ON,
    orchRefs: noEffect('read by people alone'),
  },
  Profile: ACTED_ON,
  StagedGlobalNetworkPolicy: STAGED,
  StagedKubernetesNetworkPolicy: STAGED,
  StagedNetworkPolicy: STAGED,
  Tier: ACTED_ON,
  WorkloadEndpoint: {
    ...each(['node', 'interfaceName', 'ipNetworks', 'ipNATs', 'allowSpoofedSourcePrefixes', 'qosControls'], ACTED_ON),
    ...each(['orchestrator', 'workload', 'containerID', 'pod', 'endpoint'], ACTED_ON),
    ...each(['serviceAccountName', 'ports', 'profiles'], ACTED_ON),
    ...each(
      ['ipv4Gateway', 'ipv6Gateway', 'mac'],
      noEffect('read by people alone: pods have the gateway 169.254.1.1 or fe80::'),
    ),
  },
};

/** An effect for one field; undefined for a field that no schema knows. Of Kubernetes' own policies nothing is passed over. */
export function effectOf(kind: KindName, field: string): FieldEffect | undefined {
  if (isKubernetesKind(kind)) return ACTED_ON;
  const effects = EFFECTS[kind];
  if (isEffect(effects)) return effects;
  return Object.hasOwn(effects, field) ? effects[field] : undefined;
}

/** Fields that are to protect something here and do not, with the reason. */
export function unmetFields(kind: KindName, spec: object): { readonly field: string; readonly why: string }[] {
  return Object.entries(spec).flatMap(([field, value]) => {
    const effect = effectOf(kind, field);
    return effect?.kind === 'unmet' && effect.when(value) ? [{ field, why: effect.why }] : [];
  });
}

/** Fields that do nothing here, and whose values ask for something, with the reason. */
export function toldFields(kind: KindName, spec: object): { readonly field: string; readonly why: string }[] {
  return Object.entries(spec).flatMap(([field, value]) => {
    const effect = effectOf(kind, field);
    return effect?.kind === 'no effect' && effect.when?.(value) ? [{ field, why: effect.why }] : [];
  });
}

function isEffect(effects: FieldEffect | Readonly<Record<string, FieldEffect>>): effects is FieldEffect {
  return typeof effects['kind'] === 'string';
}
