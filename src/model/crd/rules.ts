import { builtInTiers } from '../kinds/tier.ts';
import type { KindName } from '../registry.ts';
import { type CelRule, set } from './cel-rule.ts';
import { linesOfPolicy } from './policy-rules.ts';

/**
 * The rules between fields that an API server checks by itself, so that kubectl can't store what calicoctl would refuse.
 * Each says the same as the kind's own schema (`kinds/`); those that look at `oldSelf` say what may not change. They
 * keep to fields of bounded size or to `has` and `size`: an API server estimates what a rule may cost and turns
 * down definitions that are too dear.
 */
export function rulesOf(kind: KindName): readonly CelRule[] {
  return rules[kind] ?? [];
}

const isTrue = (field: string): string => `(has(self.${field}) && self.${field})`;
const isEncapsulated = (mode: string): string => `(has(self.${mode}) && self.${mode} != 'Never')`;
const isFor = (use: string): string => `(has(self.allowedUses) && '${use}' in self.allowedUses)`;

const pool: readonly CelRule[] = [
  { at: 'cidr', rule: 'self == oldSelf', message: 'IPPool CIDR cannot be modified' },
  { at: 'blockSize', rule: 'self == oldSelf', message: 'IPPool BlockSize cannot be modified' },
  {
    rule: `!has(self.blockSize) || (self.cidr.contains(':') ? self.blockSize >= 116 && self.blockSize <= 128 : self.blockSize >= 20 && self.blockSize <= 32)`,
    message: 'block size must be between 20 and 32 for IPv4, 116 and 128 for IPv6',
  },
  {
    rule: `!self.cidr.contains(':') || !${isEncapsulated('ipipMode')}`,
    message: 'IPIPMode is not supported on an IPv6 IP pool',
  },
  {
    rule: `!${isEncapsulated('ipipMode')} || !${isEncapsulated('vxlanMode')}`,
    message: 'IPIPMode and VXLANMode cannot both be enabled on the same IP pool',
  },
  {
    rule: `!${isFor('LoadBalancer')} || size(self.allowedUses) == 1`,
    message: 'LoadBalancer cannot be used simultaneously with Workload or Tunnel',
  },
  {
    rule: `!${isFor('LoadBalancer')} || (!${isEncapsulated('ipipMode')} && !${isEncapsulated('vxlanMode')})`,
    message: 'LoadBalancer pools cannot use IPIP or VXLAN',
  },
  {
    rule: `!${isFor('LoadBalancer')} || !${isTrue('disableBGPExport')}`,
    message: 'disableBGPExport must be false for a LoadBalancer pool',
  },
  {
    rule: `!${isFor('LoadBalancer')} || !has(self.nodeSelector) || self.nodeSelector == 'all()'`,
    message: 'nodeSelector must be all() for a LoadBalancer pool',
  },
  {
    rule: `!${isFor('Tunnel')} || !${set('namespaceSelector')}`,
    message: 'namespaceSelector cannot be used with a pool that is for tunnels',
  },
];

const bgpConfiguration: readonly CelRule[] = [
  ...['nodeMeshPassword', 'nodeMeshMaxRestartTime'].map((field) => ({
    rule: `!has(self.${field}) || !has(self.nodeToNodeMeshEnabled) || self.nodeToNodeMeshEnabled`,
    message: `${field} cannot be set when nodeToNodeMeshEnabled is false`,
  })),
  {
    rule: `!${set('communities')} || has(self.prefixAdvertisements)`,
    message: 'communities need prefixAdvertisements that use them',
  },
];

const bgpPeer: readonly CelRule[] = [
  {
    rule: `!${set('node')} || !${set('nodeSelector')}`,
    message: 'Node field must be empty when NodeSelector is specified',
  },
  {
    rule: `!${set('peerIP')} || !${set('peerSelector')}`,
    message: 'PeerIP field must be empty when PeerSelector is specified',
  },
  {
    rule: `!(has(self.asNumber) && self.asNumber != 0) || !${set('peerSelector')}`,
    message: 'ASNumber field must be empty when PeerSelector is specified',
  },
  {
    rule: `!${set('localWorkloadSelector')} || (!${set('peerIP')} && !${set('peerSelector')})`,
    message: 'PeerIP and PeerSelector must be empty when LocalWorkloadSelector is specified',
  },
  {
    rule: `!${set('localWorkloadSelector')} || (has(self.asNumber) && self.asNumber != 0)`,
    message: 'ASNumber field is required when LocalWorkloadSelector is specified',
  },
  {
    rule: `!${isTrue('keepOriginalNextHop')} || !${set('nextHopMode')}`,
    message: 'KeepOriginalNextHop cannot be set together with NextHopMode',
  },
  { rule: `!${set('reachableBy')} || ${set('peerIP')}`, message: 'ReachableBy needs PeerIP' },
];

const bgpFilter: readonly CelRule[] = ['exportV4', 'importV4', 'exportV6', 'importV6'].flatMap((list) => [
  {
    at: `${list}[]`,
    rule: `${set('cidr')} == ${set('matchOperator')}`,
    message: 'cidr and matchOperator must both be set or both be empty',
  },
  {
    at: `${list}[]`,
    rule: `!has(self.prefixLength) || ${set('cidr')}`,
    message: 'cidr is required when prefixLength is set',
  },
  {
    at: `${list}[]`,
    rule: `!${set('operations')} || self.action == 'Accept'`,
    message: 'operations may only be used with action Accept',
  },
]);

const hooks: readonly CelRule[] = [
  {
    rule: `!${isTrue('doNotTrack')} || !${isTrue('preDNAT')}`,
    message: 'PreDNAT and DoNotTrack cannot both be true, for a given policy',
  },
  {
    rule: `!(${isTrue('doNotTrack')} || ${isTrue('preDNAT')}) || ${isTrue('applyOnForward')}`,
    message: 'ApplyOnForward must be true if either PreDNAT or DoNotTrack is true, for a given policy',
  },
  {
    rule: `!${isTrue('preDNAT')} || !${set('egress')}`,
    message: 'PreDNAT GlobalNetworkPolicy cannot have any Egress rules',
  },
  {
    rule: `!${isTrue('preDNAT')} || !has(self.types) || !('Egress' in self.types)`,
    message: "PreDNAT GlobalNetworkPolicy cannot have 'Egress' Type",
  },
];

/** Rules about the object as a whole: with its name. */
export function wholeRulesOf(kind: KindName): readonly CelRule[] {
  if (kind !== 'Tier') return [];
  return Object.entries(builtInTiers).map(([name, { defaultAction }]) => ({
    rule: `self.metadata.name != '${name}' || !has(self.spec) || !has(self.spec.defaultAction) || self.spec.defaultAction == '${defaultAction}'`,
    message: `The '${name}' tier must have default action '${defaultAction}'`,
  }));
}

const rules: Partial<Record<KindName, readonly CelRule[]>> = {
  BGPConfiguration: bgpConfiguration,
  BGPFilter: bgpFilter,
  BGPPeer: bgpPeer,
  GlobalNetworkPolicy: [...hooks, ...linesOfPolicy(true)],
  HostEndpoint: [
    {
      rule: `${set('interfaceName')} || ${set('expectedIPs')}`,
      message: 'no interface name or expected IPs have been specified',
    },
  ],
  IPPool: pool,
  NetworkPolicy: linesOfPolicy(false),
  StagedGlobalNetworkPolicy: [...hooks, ...linesOfPolicy(true)],
  StagedNetworkPolicy: linesOfPolicy(false),
};
