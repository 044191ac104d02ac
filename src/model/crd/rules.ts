import { builtInTiers } from '../kinds/tier.ts';
import type { KindName } from '../registry.ts';

/** A rule in Kubernetes' expression language (CEL) that an API server holds objects to. */
export interface CelRule {
  /** What `self` is: the spec, or a place in it such as `exportV4[]`, each item of that array. */
  readonly at?: string;
  readonly rule: string;
  readonly message: string;
}

/**
 * The rules between fields that an API server checks by itself, so that kubectl can't store what calicoctl would refuse.
 * Each says the same as the kind's own schema (`kinds/`); those that look at `oldSelf` say what may not change. They
 * keep to fields of bounded size or to `has` and `size`: an API server estimates what a rule may cost and turns
 * down definitions that are too dear.
 */
export function rulesOf(kind: KindName): readonly CelRule[] {
  return rules[kind] ?? [];
}

/** Words of the language are fields with underscores around them: `__namespace__`. */
const set = (field: string): string => `(has(self.${field}) && size(self.${field}) > 0)`;
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

/** Whether `protocol` or `notProtocol` is one of these: names as they are written, or numbers. */
const isOneOf = (field: string, ...protocols: readonly (string | number)[]): string =>
  `(${protocols.map((one) => `self.${field} == ${typeof one === 'number' ? one : `'${one}'`}`).join(' || ')})`;

const ICMP = { 4: ['ICMP', 1, '1'], 6: ['ICMPv6', 58, '58'] } as const;

/** Of a line of a policy. */
const line: readonly CelRule[] = [
  {
    rule: `!has(self.http) || !has(self.protocol) || ${isOneOf('protocol', 'TCP', 6, '6')}`,
    message: 'rules with HTTP match must have protocol TCP or unset',
  },
  { rule: "!has(self.http) || self.action == 'Allow'", message: 'HTTP match is only valid on Allow rules' },
  {
    rule: `!has(self.icmp) || (has(self.protocol) && ${isOneOf('protocol', ...ICMP[4], ...ICMP[6])})`,
    message: 'ICMP fields require protocol to be ICMP or ICMPv6',
  },
  ...([4, 6] as const).map((family) => ({
    rule:
      `!has(self.ipVersion) || self.ipVersion == ${family} || ` +
      `!(${['protocol', 'notProtocol'].map((field) => `(has(self.${field}) && ${isOneOf(field, ...ICMP[family])})`).join(' || ')})`,
    message: `protocol ${ICMP[family][0]} requires ipVersion ${family}`,
  })),
  {
    rule: `!has(self.destination) || !has(self.destination.services) || !(${set('destination.ports')} || ${set('destination.notPorts')})`,
    message: 'ports and notPorts cannot be specified with services',
  },
  ...['source', 'destination'].map((end) => ({
    rule:
      `!has(self.protocol) || !has(self.${end}) || !(${set(`${end}.ports`)} || ${set(`${end}.notPorts`)}) || ` +
      isOneOf('protocol', 'TCP', 'UDP', 'SCTP', 6, 17, 132, '6', '17', '132'),
    message: `${end} ports need protocol TCP, UDP or SCTP`,
  })),
];

/** Of one end of the traffic. */
const end: readonly CelRule[] = [
  ...(
    [
      ['NamespaceSelector', set('namespaceSelector')],
      ['Selector/NotSelector', `(${set('selector')} || ${set('notSelector')})`],
      ['ServiceAccounts', 'has(self.serviceAccounts)'],
      ['Nets/NotNets', `(${set('nets')} || ${set('notNets')})`],
    ] as const
  ).map(([what, isThere]) => ({
    rule: `!has(self.services) || !${isThere}`,
    message: `cannot specify ${what} and Services on the same rule`,
  })),
  {
    rule: `!has(self.namespaceSelector) || !self.namespaceSelector.contains('global()') || self.namespaceSelector == 'global()'`,
    message: 'global() cannot be combined with other selectors',
  },
  {
    rule:
      `!((has(self.selector) && self.selector.contains('global()')) || ` +
      `(has(self.notSelector) && self.notSelector.contains('global()')))`,
    message: 'global() can only be used in an EntityRule namespaceSelector',
  },
];

/** What depends on the direction of a line. */
const directed: Readonly<Record<'ingress' | 'egress', readonly CelRule[]>> = {
  ingress: [
    {
      rule: '!has(self.destination) || !has(self.destination.services)',
      message: 'destination services are not allowed in ingress rules',
    },
  ],
  egress: [
    { rule: '!has(self.http)', message: 'HTTP match is not allowed in egress rules' },
    {
      rule: '!has(self.source) || !has(self.source.services)',
      message: 'source services are not allowed in egress rules',
    },
  ],
};

/** Of every line of a policy, and what is in it. A global policy has no namespace in which its services could be. */
const lines = (isGlobal: boolean): readonly CelRule[] =>
  (['ingress', 'egress'] as const).flatMap((direction) => {
    const at = (place: string, rules: readonly CelRule[]): readonly CelRule[] =>
      rules.map((rule) => ({ ...rule, at: `${direction}[]${place}` }));
    return [
      ...at('', [...line, ...directed[direction]]),
      ...['source', 'destination'].flatMap((side) => [
        ...at(`.${side}`, end),
        ...at(`.${side}.services`, [
          { rule: set('name'), message: 'must specify a service name' },
          ...(isGlobal ? [{ rule: set('__namespace__'), message: 'must specify a namespace' }] : []),
        ]),
      ]),
      ...['icmp', 'notICMP'].flatMap((field) =>
        at(`.${field}`, [
          { rule: '!has(self.code) || has(self.type)', message: 'ICMP code specified without an ICMP type' },
        ]),
      ),
      ...at('.http.paths[]', [
        { rule: `${set('exact')} != ${set('prefix')}`, message: 'one of exact and prefix must be set, and only one' },
      ]),
    ];
  });

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
  GlobalNetworkPolicy: [...hooks, ...lines(true)],
  HostEndpoint: [
    {
      rule: `${set('interfaceName')} || ${set('expectedIPs')}`,
      message: 'no interface name or expected IPs have been specified',
    },
  ],
  IPPool: pool,
  NetworkPolicy: lines(false),
  StagedGlobalNetworkPolicy: [...hooks, ...lines(true)],
  StagedNetworkPolicy: lines(false),
};
