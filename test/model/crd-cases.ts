import type { KindName } from '../../src/model/index.ts';

/** A spec that breaks one rule, and for rules about changes what stood there before. */
export interface Case {
  readonly kind: KindName;
  readonly spec: object;
  readonly message: RegExp;
  readonly before?: object;
}

const filterRule = { cidr: '10.0.0.0/8', matchOperator: 'In', action: 'Reject' };
const filterRule6 = { cidr: 'fd00::/8', matchOperator: 'In', action: 'Reject' };
const loadBalancer = { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer'] };

const POLICIES = ['GlobalNetworkPolicy', 'StagedGlobalNetworkPolicy', 'NetworkPolicy', 'StagedNetworkPolicy'] as const;
const ENDS = ['source', 'destination'] as const;
const services = { name: 'web', namespace: 'shop' };
/** What a line of a policy must not say, each with one thing wrong. */
const BROKEN_LINES: readonly (readonly [line: object, message: RegExp])[] = [
  ...['UDP', 17, '17', 'ICMP', 1].map(
    (protocol) => [{ protocol, http: {} }, /HTTP match must have protocol TCP/] as const,
  ),
  ...['Deny', 'Log', 'Pass'].map((action) => [{ action, http: {} }, /HTTP match is only valid on Allow/] as const),
  [{ icmp: { type: 8 } }, /require protocol to be ICMP/],
  [{ protocol: 'TCP', icmp: { type: 8 } }, /require protocol to be ICMP/],
  [{ protocol: 6, icmp: { type: 8 } }, /require protocol to be ICMP/],
  ...['protocol', 'notProtocol'].flatMap((field) => [
    ...['ICMP', 1, '1'].map((one) => [{ ipVersion: 6, [field]: one }, /protocol ICMP requires ipVersion 4/] as const),
    ...['ICMPv6', 58].map((one) => [{ ipVersion: 4, [field]: one }, /protocol ICMPv6 requires ipVersion 6/] as const),
  ]),
  [{ protocol: 'TCP', destination: { services, ports: [80] } }, /ports and notPorts cannot be specified with services/],
  [{ protocol: 'TCP', destination: { services, notPorts: [80] } }, /ports and notPorts cannot be specified with/],
  ...ENDS.flatMap((end) => [
    ...['ports', 'notPorts'].flatMap((field) =>
      ['ICMP', 1, 'UDPLite'].map(
        (protocol) => [{ protocol, [end]: { [field]: [80] } }, new RegExp(`${end} ports need protocol TCP`)] as const,
      ),
    ),
    [{ [end]: { services, namespaceSelector: 'has(a)' } }, /cannot specify NamespaceSelector and Services/] as const,
    ...['selector', 'notSelector'].map(
      (field) => [{ [end]: { services, [field]: 'has(a)' } }, /cannot specify Selector\/NotSelector and/] as const,
    ),
    [{ [end]: { services, serviceAccounts: { names: ['a'] } } }, /cannot specify ServiceAccounts and/] as const,
    ...['nets', 'notNets'].map(
      (field) => [{ [end]: { services, [field]: ['10.0.0.0/8'] } }, /cannot specify Nets\/NotNets and/] as const,
    ),
    [{ [end]: { services: { namespace: 'shop' } } }, /must specify a service name/] as const,
    [{ [end]: { services: { name: '', namespace: 'shop' } } }, /must specify a service name/] as const,
    [{ [end]: { namespaceSelector: 'global() || has(a)' } }, /cannot be combined with other selectors/] as const,
    ...['selector', 'notSelector'].map(
      (field) => [{ [end]: { [field]: 'global()' } }, /can only be used in an EntityRule namespaceSelector/] as const,
    ),
  ]),
  ...['icmp', 'notICMP'].map(
    (field) => [{ protocol: 'ICMP', [field]: { code: 1 } }, /ICMP code specified without/] as const,
  ),
  [{ http: { paths: [{}] } }, /one of exact and prefix must be set/],
  [{ http: { paths: [{ exact: '/a', prefix: '/b' }] } }, /one of exact and prefix must be set/],
];
const BROKEN_BY_DIRECTION = {
  ingress: [[{ destination: { services } }, /destination services are not allowed in ingress/]],
  egress: [
    [{ http: {} }, /HTTP match is not allowed in egress/],
    [{ source: { services } }, /source services are not allowed in egress/],
  ],
} as const;
/** What a line may say, near to what it may not. */
const GOOD_LINES: readonly object[] = [
  { protocol: 'TCP', http: { methods: ['GET'], paths: [{ exact: '/a' }, { prefix: '/b' }] } },
  { protocol: 6, http: {} },
  { http: {} },
  { protocol: 58, ipVersion: 6, icmp: { type: 128, code: 0 } },
  { protocol: 'ICMP', ipVersion: 4, notICMP: { type: 0 } },
  { notProtocol: 'ICMP', ipVersion: 4 },
  { source: { services } },
  { protocol: 'TCP', source: { services, ports: [80] } },
  { protocol: 17, source: { ports: [53] }, destination: { notPorts: ['1:9'] } },
  { source: { namespaceSelector: 'global()', selector: 'has(a)' } },
  { destination: { nets: ['10.0.0.0/8'], selector: 'has(a)', serviceAccounts: { names: ['a'] } } },
];

/** Each breaks one rule of its kind's definition. */
export const broken: readonly Case[] = [
  {
    kind: 'IPPool',
    spec: { cidr: '10.1.0.0/16' },
    before: { cidr: '10.0.0.0/16' },
    message: /CIDR cannot be modified/,
  },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', blockSize: 28 },
    before: { cidr: '10.0.0.0/16', blockSize: 26 },
    message: /BlockSize cannot be modified/,
  },
  { kind: 'IPPool', spec: { cidr: '10.0.0.0/16', blockSize: 19 }, message: /block size must be between/ },
  { kind: 'IPPool', spec: { cidr: 'fd00::/64', blockSize: 64 }, message: /block size must be between/ },
  { kind: 'IPPool', spec: { cidr: 'fd00::/64', ipipMode: 'Always' }, message: /not supported on an IPv6/ },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', ipipMode: 'Always', vxlanMode: 'Always' },
    message: /cannot both be enabled/,
  },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer', 'Tunnel'] },
    message: /LoadBalancer cannot be used simultaneously/,
  },
  { kind: 'IPPool', spec: { ...loadBalancer, vxlanMode: 'Always' }, message: /cannot use IPIP or VXLAN/ },
  { kind: 'IPPool', spec: { ...loadBalancer, disableBGPExport: true }, message: /disableBGPExport must be false/ },
  { kind: 'IPPool', spec: { ...loadBalancer, nodeSelector: 'has(a)' }, message: /nodeSelector must be all\(\)/ },
  {
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', allowedUses: ['Workload', 'Tunnel'], namespaceSelector: 'has(a)' },
    message: /namespaceSelector cannot be used/,
  },
  {
    kind: 'BGPConfiguration',
    spec: { nodeToNodeMeshEnabled: false, nodeMeshPassword: { secretKeyRef: { name: 'n', key: 'k' } } },
    message: /nodeMeshPassword cannot be set/,
  },
  {
    kind: 'BGPConfiguration',
    spec: { nodeToNodeMeshEnabled: false, nodeMeshMaxRestartTime: '90s' },
    message: /nodeMeshMaxRestartTime cannot be set/,
  },
  {
    kind: 'BGPConfiguration',
    spec: { communities: [{ name: 'a', value: '1:2' }] },
    message: /communities need prefixAdvertisements/,
  },
  {
    kind: 'BGPPeer',
    spec: { peerIP: '10.0.0.1', asNumber: 1, node: 'n', nodeSelector: 'all()' },
    message: /Node field must be empty/,
  },
  {
    kind: 'BGPPeer',
    spec: { peerIP: '10.0.0.1', peerSelector: 'all()' },
    message: /PeerIP field must be empty when PeerSelector/,
  },
  { kind: 'BGPPeer', spec: { peerSelector: 'all()', asNumber: 1 }, message: /ASNumber field must be empty/ },
  {
    kind: 'BGPPeer',
    spec: { peerIP: '10.0.0.1', asNumber: 1, localWorkloadSelector: 'all()' },
    message: /must be empty when LocalWorkloadSelector/,
  },
  { kind: 'BGPPeer', spec: { localWorkloadSelector: 'all()' }, message: /ASNumber field is required when Local/ },
  {
    kind: 'BGPPeer',
    spec: { peerIP: '10.0.0.1', asNumber: 1, keepOriginalNextHop: true, nextHopMode: 'Self' },
    message: /cannot be set together with NextHopMode/,
  },
  { kind: 'BGPPeer', spec: { peerSelector: 'all()', reachableBy: '10.0.0.2' }, message: /ReachableBy needs PeerIP/ },
  ...['exportV4', 'importV4', 'exportV6', 'importV6'].flatMap((list): Case[] => {
    const whole = list.endsWith('4') ? filterRule : filterRule6;
    const { cidr: _, ...withoutCidr } = whole;
    const operations = [{ addCommunity: { value: '1:2' } }];
    return [
      { kind: 'BGPFilter', spec: { [list]: [withoutCidr] }, message: /must both be set/ },
      { kind: 'BGPFilter', spec: { [list]: [{ action: 'Accept', prefixLength: {} }] }, message: /cidr is required/ },
      { kind: 'BGPFilter', spec: { [list]: [{ ...whole, operations }] }, message: /only be used with action Accept/ },
    ];
  }),
  ...(['GlobalNetworkPolicy', 'StagedGlobalNetworkPolicy'] as const).flatMap((kind): Case[] => [
    { kind, spec: { doNotTrack: true, preDNAT: true, applyOnForward: true }, message: /cannot both be true/ },
    { kind, spec: { doNotTrack: true }, message: /ApplyOnForward must be true/ },
    {
      kind,
      spec: { preDNAT: true, applyOnForward: true, egress: [{ action: 'Allow' }] },
      message: /cannot have any Egress rules/,
    },
    { kind, spec: { preDNAT: true, applyOnForward: true, types: ['Egress'] }, message: /cannot have 'Egress' Type/ },
  ]),
  ...POLICIES.flatMap((kind) =>
    ['ingress', 'egress'].flatMap((direction) =>
      [...BROKEN_LINES, ...BROKEN_BY_DIRECTION[direction as 'ingress' | 'egress']].map(([line, message]) => ({
        kind,
        spec: { [direction]: [{ action: 'Allow', ...line }] },
        message,
      })),
    ),
  ),
  ...(['GlobalNetworkPolicy', 'StagedGlobalNetworkPolicy'] as const).flatMap((kind) =>
    ['ingress', 'egress'].flatMap((direction) =>
      ENDS.map((end) => ({
        kind,
        spec: { [direction]: [{ action: 'Allow', [end]: { services: { name: 'web' } } }] },
        message: /must specify a namespace/,
      })),
    ),
  ),
  { kind: 'HostEndpoint', spec: { node: 'n' }, message: /no interface name or expected IPs/ },
];

/** What every definition must take, near to what it must not. */
export const accepted: readonly (readonly [KindName, object])[] = [
  ['IPPool', { cidr: '10.0.0.0/16', blockSize: 28, vxlanMode: 'Always', allowedUses: ['Workload'] }],
  ['IPPool', { cidr: 'fd00::/48', blockSize: 122 }],
  ['IPPool', { ...loadBalancer, nodeSelector: 'all()' }],
  ['BGPPeer', { peerSelector: 'all()', nodeSelector: 'has(rr)' }],
  ['BGPPeer', { peerIP: '10.0.0.1', asNumber: '65000.1', reachableBy: '10.0.0.2' }],
  ['BGPPeer', { localWorkloadSelector: 'has(a)', asNumber: 64512 }],
  ['BGPFilter', { exportV4: [{ ...filterRule, prefixLength: { min: 16 } }], importV6: [filterRule6] }],
  ['BGPConfiguration', { nodeToNodeMeshEnabled: true, nodeMeshMaxRestartTime: '90s' }],
  ['GlobalNetworkPolicy', { preDNAT: true, applyOnForward: true, ingress: [{ action: 'Allow' }] }],
  ['HostEndpoint', { node: 'n', expectedIPs: ['10.0.0.1'] }],
  ...POLICIES.flatMap((kind) => [
    ...GOOD_LINES.map((line) => [kind, { ingress: [{ action: 'Allow', ...line }] }] as const),
    [kind, { egress: [{ action: 'Allow', destination: { services } }] }] as const,
  ]),
];

/** CIDRs that are none, wherever one stands. */
export const badCidrs = [
  ['IPPool', { cidr: '10.0.0.0/33' }],
  ['BGPConfiguration', { serviceClusterIPs: [{ cidr: 'x' }] }],
  ['BGPFilter', { exportV4: [{ ...filterRule, cidr: '10.0.0.0' }] }],
  ['BlockAffinity', { cidr: '10.0.0.0/x', deleted: 'false', node: 'n', state: '' }],
] as const;

const twice = (line: object): object => ({ ingress: [{ action: 'Allow', ...line }] });
/** The same twice in a list that is a set. */
export const repeated: readonly (readonly [KindName, object])[] = [
  ['IPPool', { cidr: '10.0.0.0/16', allowedUses: ['Workload', 'Workload'] }],
  ['GlobalNetworkSet', { nets: ['10.0.0.0/8', '10.0.0.0/8'] }],
  ['NetworkSet', { nets: ['10.0.0.0/8', '10.0.0.0/8'] }],
  ['IPReservation', { reservedCIDRs: ['10.0.0.1/32', '10.0.0.1/32'] }],
  ['HostEndpoint', { node: 'n', expectedIPs: ['10.0.0.1', '10.0.0.1'] }],
  ['HostEndpoint', { node: 'n', interfaceName: 'eth0', profiles: ['a', 'a'] }],
  ['BGPConfiguration', { serviceClusterIPs: [{ cidr: '10.0.0.0/16' }, { cidr: '10.0.0.0/16' }] }],
  ['BGPConfiguration', { ignoredInterfaces: ['eth*', 'eth*'] }],
  ['NetworkPolicy', twice({ source: { nets: ['10.0.0.0/8', '10.0.0.0/8'] } })],
  ['GlobalNetworkPolicy', twice({ destination: { notNets: ['10.0.0.0/8', '10.0.0.0/8'] } })],
  ['StagedNetworkPolicy', twice({ source: { serviceAccounts: { names: ['a', 'a'] } } })],
];
