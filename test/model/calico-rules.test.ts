import t from 'tap';
import { type KindName, validate } from '../../src/model/index.ts';

/** What Calico takes and what it refuses, kind by kind; each row a spec, or a part of one. */
interface Table {
  readonly kind: KindName;
  readonly name?: string;
  /** Makes a spec of a row. */
  readonly of?: (row: unknown) => unknown;
  readonly taken: readonly unknown[];
  readonly refused: readonly unknown[];
}

const rule = (line: object): object => ({ action: 'Allow', ...line });
const tcp = (side: object): object => rule({ protocol: 'TCP', destination: side });
const services = (more: object = {}): object => ({ services: { name: 'web', namespace: 'shop' }, ...more });
const ranges = (...list: readonly (readonly [number, number])[]): object => ({
  routeTableRanges: list.map(([min, max]) => ({ min, max })),
});
const KEY = 'jlkVyQYooZYzI2wFfNhSZez5eWh44yfq1wKVjLvSXgY=';

const tables: readonly Table[] = [
  {
    kind: 'NetworkPolicy',
    of: (line) => ({ ingress: [line] }),
    taken: [
      rule({ ipVersion: 4 }),
      rule({ protocol: 'SCTP' }),
      rule({ protocol: '255' }),
      rule({ protocol: 6, source: { ports: [1] } }),
      rule({ protocol: 7, source: { ports: [] } }),
      tcp({ ports: ['http', '80', '1:65535', 8080] }),
      rule({ destination: { ports: ['http'] } }),
      rule({ protocol: 'ICMP', icmp: { type: 0, code: 255 } }),
      rule({ protocol: 58, icmp: { type: 254 } }),
      rule({ notICMP: { type: 8 } }),
      rule({ protocol: 'ICMP', ipVersion: 4 }),
      rule({ notProtocol: 'ICMPv6', ipVersion: 6 }),
      rule({ http: { methods: ['GET'], paths: [{ exact: '/a' }, { prefix: '/b' }] } }),
      rule({ protocol: 6, http: {} }),
      rule({ source: services() }),
      rule({ source: { services: { name: 'web' } } }),
      rule({ protocol: 'TCP', source: services({ ports: [80] }) }),
      rule({ source: { namespaceSelector: '  global()  ' } }),
      rule({ source: { selector: '', notSelector: 'has(a)', nets: ['10.0.0.0/8', '0.0.0.0/0'] } }),
      rule({ metadata: { annotations: { a: 'b' } } }),
    ],
    refused: [
      {},
      rule({ action: 'allow' }),
      rule({ ipVersion: 0 }),
      rule({ protocol: 'tcp' }),
      rule({ protocol: '0' }),
      rule({ protocol: 0 }),
      rule({ protocol: '256' }),
      rule({ protocol: 'tcpfoo' }),
      tcp({ ports: [0] }),
      tcp({ ports: ['0'] }),
      tcp({ ports: ['0:10'] }),
      tcp({ notPorts: ['200:100'] }),
      tcp({ ports: ['65536'] }),
      tcp({ ports: ['1:65536'] }),
      tcp({ ports: ['HTTP'] }),
      tcp({ ports: ['a-name-longer-than-15'] }),
      rule({ destination: { ports: [80] } }),
      rule({ destination: { ports: ['http', 80] } }),
      rule({ protocol: 'ICMP', destination: { notPorts: [1] } }),
      rule({ protocol: 7, source: { ports: [1] } }),
      rule({ icmp: { type: 0 } }),
      rule({ protocol: 'TCP', icmp: { type: 0 } }),
      rule({ protocol: 'ICMP', icmp: { type: 255 } }),
      rule({ protocol: 'ICMP', icmp: { type: 1, code: 256 } }),
      rule({ protocol: 'ICMP', icmp: { code: 1 } }),
      rule({ protocol: 'ICMP', ipVersion: 6 }),
      rule({ protocol: 58, ipVersion: 4 }),
      rule({ notProtocol: 'ICMP', ipVersion: 6 }),
      rule({ action: 'Deny', http: { methods: ['GET'] } }),
      rule({ protocol: 'UDP', http: { methods: ['GET'] } }),
      rule({ http: { methods: ['GET', 'GET'] } }),
      ...['/fo?o', '/fo o', '/f#oo', 'foo', ''].map((exact) => rule({ http: { paths: [{ exact }] } })),
      rule({ http: { paths: [{ exact: '/a', prefix: '/b' }] } }),
      rule({ http: { paths: [{}] } }),
      rule({ source: { services: {} } }),
      rule({ destination: services() }),
      ...[
        { selector: 'all()' },
        { notSelector: 'all()' },
        { namespaceSelector: 'all()' },
        { nets: ['10.0.0.0/8'] },
        { notNets: ['10.0.0.0/8'] },
        { serviceAccounts: { names: ['a'] } },
      ].map((more) => rule({ source: services(more) })),
      rule({ source: { selector: 'global()' } }),
      rule({ source: { namespaceSelector: 'global() && all()' } }),
      rule({ source: { namespaceSelector: 'global()||all()' } }),
      rule({ source: { selector: 'thing=hello &' } }),
      rule({ source: { nets: ['10.0.0.1/8'] } }),
      rule({ source: { nets: ['10.0.0.0/8'] }, destination: { notNets: ['fd00::/8'] } }),
      rule({ ipVersion: 6, source: { nets: ['10.0.0.0/8'] } }),
      rule({ metadata: { annotations: { '...': 'b' } } }),
    ],
  },
  {
    kind: 'NetworkPolicy',
    taken: [
      { types: [] },
      { types: ['Ingress', 'Egress'] },
      { egress: [rule({ destination: services() })] },
      { tier: 'a' },
    ],
    refused: [
      { types: ['Egress', 'Egress'] },
      { types: ['ingress'] },
      { selector: 'global()' },
      { serviceAccountSelector: 'global()' },
      { egress: [rule({ source: services() })] },
      { egress: [rule({ http: { methods: ['GET'] } })] },
      { egress: [rule({ protocol: 'TCP', destination: services({ ports: [80] }) })] },
      { performanceHints: ['AssumeNeededOnEveryNode', 'AssumeNeededOnEveryNode'] },
      { tier: 'Not_a_name' },
    ],
  },
  {
    kind: 'GlobalNetworkPolicy',
    taken: [
      { preDNAT: true, applyOnForward: true, ingress: [rule({})] },
      { egress: [rule({ destination: services() })] },
      { types: ['Egress'], ingress: [rule({})] },
    ],
    refused: [
      { preDNAT: true, doNotTrack: true, applyOnForward: true },
      { doNotTrack: true },
      { preDNAT: true, applyOnForward: true, egress: [rule({})] },
      { preDNAT: true, applyOnForward: true, types: ['Egress'] },
      { namespaceSelector: 'global()' },
      { egress: [rule({ destination: { services: { name: 'web' } } })] },
      { ingress: [rule({ source: { services: { name: 'web' } } })] },
    ],
  },
  {
    kind: 'StagedGlobalNetworkPolicy',
    taken: [
      { stagedAction: 'Delete', tier: 'a' },
      { stagedAction: 'Set', selector: 'all()' },
    ],
    refused: [{ stagedAction: 'Delete', selector: 'all()' }, { stagedAction: 'delete' }, { doNotTrack: true }],
  },
  {
    kind: 'StagedKubernetesNetworkPolicy',
    taken: [{ stagedAction: 'Delete' }, { podSelector: {}, policyTypes: ['Ingress'] }],
    refused: [{ stagedAction: 'Delete', policyTypes: ['Ingress'] }, { policyTypes: ['Ingress', 'Ingress'] }],
  },
  {
    kind: 'BGPPeer',
    taken: [
      {},
      { peerIP: '1.2.3.4' },
      { peerIP: '[9000::]:500', reachableBy: 'fd00::1' },
      { nodeSelector: 'has(a)', peerSelector: 'has(a)' },
      { node: 'node1', sourceAddress: 'None' },
      { sourceAddress: '', peerIP: '', maxRestartTime: '10s' },
      { localWorkloadSelector: 'has(a)', asNumber: 65401 },
    ],
    refused: [
      ...['999.9.9.9', 'xyz:::', '[192.168.0.0]:98', '192.168.0.0:65536', '192.168.0.0:0', '192.168.0.0:', '[9000::]:'],
      ...['[9000::FFFFF]:170', ':8552', '[]:8552', '1.2.3'],
    ]
      .map((peerIP): object => ({ peerIP }))
      .concat(
        { node: 'a', nodeSelector: 'has(a)' },
        { peerIP: '1.2.3.4', peerSelector: 'has(a)' },
        { asNumber: 61234, peerSelector: 'has(a)' },
        { localWorkloadSelector: 'has(a)' },
        { localWorkloadSelector: 'has(a)', asNumber: 1, peerIP: '1.2.3.4' },
        { reachableBy: '1.2.3.4' },
        { peerIP: '1.2.3.4', reachableBy: 'fd00::1' },
        { peerIP: '1.2.3.4', reachableBy: 'gateway' },
        { keepOriginalNextHop: true, nextHopMode: 'Self' },
        { nodeSelector: "kubernetes.io/hostname: == 'n'" },
        { sourceAddress: 'rubbish' },
        { node: 'Not_a_name' },
      ),
  },
  {
    kind: 'BGPConfiguration',
    name: 'node.n1',
    taken: [
      { logSeverityScreen: 'Info', listenPort: 1790, serviceClusterIPs: [] },
      { listenPort: 0 },
      { ignoredInterfaces: ['eth*'] },
    ],
    refused: [
      { nodeToNodeMeshEnabled: true },
      { asNumber: 64512 },
      ...['serviceLoadBalancerIPs', 'serviceExternalIPs', 'serviceClusterIPs'].map((list) => ({
        [list]: [{ cidr: '10.0.0.0/16' }],
      })),
    ],
  },
  {
    kind: 'BGPConfiguration',
    name: 'default',
    taken: [
      { logSeverityScreen: 'Info' },
      { serviceClusterIPs: [{ cidr: '1.2.3.4' }, {}, { cidr: '' }], serviceExternalIPs: [{ cidr: 'fdf5:1234::808' }] },
      { ignoredInterfaces: ['valid_iface*'] },
      {
        communities: [{ name: 'a', value: '100:520:56' }],
        prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: ['a'] }],
      },
      { prefixAdvertisements: [{ cidr: '2001:4860::/128', communities: ['100:5964:1147483647', '100:5223'] }] },
    ],
    refused: [
      { logSeverityScreen: 'invalidLvl' },
      { serviceClusterIPs: [{ cidr: 'x.x.x.x' }] },
      { serviceClusterIPs: [{ cidr: '10.0.0.1/8' }] },
      { ignoredInterfaces: ['*'] },
      { communities: [{ name: 'a', value: '1:2' }] },
      ...[{ value: '536:785' }, { name: 'a' }, { name: 'a', value: '100' }, { name: 'a', value: '65536:9' }].map(
        (one) => ({
          communities: [one],
          prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: ['1:2'] }],
        }),
      ),
      { prefixAdvertisements: [{ communities: ['1:2'] }] },
      { prefixAdvertisements: [{ cidr: '10.0.0.0/8' }] },
      { prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: ['nobody'] }] },
      { prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: ['100:100:5147483647'] }] },
      { nodeToNodeMeshEnabled: false, nodeMeshPassword: {} },
      { nodeToNodeMeshEnabled: false, nodeMeshMaxRestartTime: '200s' },
    ],
  },
  {
    kind: 'BGPFilter',
    of: (line) => ({ exportV4: [line] }),
    taken: [
      { action: 'Accept', cidr: '10.0.0.0/8', matchOperator: 'In', prefixLength: { min: 16 } },
      { action: 'Accept', cidr: '', matchOperator: '', source: '' },
      { action: 'Accept', operations: [{ setPriority: { value: 100 } }], interface: '*' },
    ],
    refused: [
      {},
      { action: 'Accept', cidr: '10.0.0.0/8' },
      { action: 'Accept', matchOperator: 'In' },
      { action: 'Accept', prefixLength: { min: 1 } },
      { action: 'Accept', cidr: 'fd00::/8', matchOperator: 'In' },
      { action: 'Accept', cidr: '10.0.0.1/8', matchOperator: 'In' },
      { action: 'Accept', operations: [{}] },
      { action: 'Reject', operations: [{ setPriority: { value: 1 } }] },
      { action: 'Accept', operations: [{ setPriority: { value: 1 }, addCommunity: { value: '1:2' } }] },
      { action: 'Accept', interface: 'a/b' },
    ],
  },
  {
    kind: 'FelixConfiguration',
    taken: [
      {
        chainInsertMode: 'append',
        serviceLoopPrevention: '',
        defaultEndpointToHostAction: 'ACCEPT',
        routeSource: 'calicoipam',
      },
      ...['.5s', '2.s', '+7s', '5μs', '-1m'].map((reportingInterval) => ({ reportingInterval })),
      { logSeverityScreen: 'debug', logSeverityFile: '', bpfLogLevel: 'off', iptablesFilterDenyAction: 'reject' },
      { iptablesBackend: 'nft', awsSrcDstCheck: 'DoNothing' },
      { kubeNodePortRanges: ['3000:4000', 15000] },
      { externalNodesList: ['1.1.1.1', '1.1.1.2/32', '1.1.3.7/23'] },
      { natOutgoingAddress: '1.2.3.4', deviceRouteSourceAddress: '', deviceRouteSourceAddressIPv6: 'fd00::1' },
      { openstackRegion: 'foo' },
      { prometheusMetricsHost: 'fe80::ea7a:70fa:cf74:25d5' },
      ranges([1, 10_000]),
      ranges([8, 8], [7, 7]),
      { routeTableRange: { min: 1, max: 250 } },
      { healthTimeoutOverrides: [{ name: 'Valid', timeout: '0s' }] },
      ...['(?i)^ETH', '^(?P<kind>eth|ens)', '[[:alpha:]]+'].map((mtuIfacePattern) => ({ mtuIfacePattern })),
      { bpfExtToServiceConnmark: 0xffffffff, mtuIfacePattern: 'eth.*', featureGates: 'a=b,' },
      { failsafeInboundHostPorts: [{ protocol: 'UDP', port: 0 }, { port: 22 }] },
      { wireguardInterfaceName: 'wg0', wireguardListeningPort: 12345, wireguardRoutingRulePriority: 12345 },
    ],
    refused: [
      { chainInsertMode: 'prepend' },
      { defaultEndpointToHostAction: 'Forward' },
      { iptablesMangleAllowAction: 'Drop' },
      { iptablesBackend: 'badVal' },
      ...['eth(?=0)', '(eth)\\1', 'eth\\K', 'e**'].map((mtuIfacePattern) => ({ mtuIfacePattern })),
      ...['90', '1d', '.s', '1 s'].map((reportingInterval) => ({ reportingInterval })),
      { awsSrcDstCheck: 'enable' },
      { kubeNodePortRanges: ['http'] },
      { kubeNodePortRanges: Array(8).fill('1:2') },
      { externalNodesList: ['foobar'] },
      { externalNodesList: ['abcd::1'] },
      { natOutgoingAddress: '1.2.3.4/32' },
      { natOutgoingAddress: 'fd00::1' },
      { deviceRouteSourceAddress: 'fd00::1' },
      { deviceRouteSourceAddressIPv6: '1.2.3.4' },
      { openstackRegion: 'FOO' },
      { openstackRegion: 'my-region-has-a-very-long-and-extremely-interesting-name' },
      { prometheusMetricsHost: 'localhost#' },
      ranges([0, 250]),
      ranges([-5, 250]),
      ranges([50, 45]),
      ranges([1, 0xf00000000]),
      ranges([1, 0x10000]),
      ranges([1, 2], [3, 4], [5, 0x10000]),
      { routeTableRange: { min: 1, max: 253 } },
      { routeTableRange: { min: 1, max: 250 }, ...ranges([1, 250]) },
      { healthTimeoutOverrides: [{ name: '%', timeout: '1s' }] },
      { healthTimeoutOverrides: [{ name: 'a', timeout: '-1s' }] },
      { bpfExtToServiceConnmark: -1 },
      { bpfExtToServiceConnmark: 0x100000000 },
      { bpfDataIfacePattern: '*' },
      { mtuIfacePattern: '*' },
      { failsafeInboundHostPorts: [{ protocol: 'jolly-UDP', port: 0 }] },
      { iptablesNATOutgoingInterfaceFilter: 'cali@123' },
      { wireguardInterfaceName: 'wg&0' },
      { wireguardListeningPort: 99999 },
      { wireguardListeningPort: 0 },
      { wireguardRoutingRulePriority: 99999 },
      { featureGates: 'nothing' },
    ],
  },
  {
    kind: 'Node',
    taken: [
      {},
      { bgp: { ipv4Address: '1.2.3.4/32' } },
      { bgp: { ipv4IPIPTunnelAddr: '10.0.0.1' } },
      { bgp: { routeReflectorClusterID: '245.0.0.1' } },
      { interfaces: [{ name: 'eth0', addresses: ['10.0.0.1/24'] }], vxlanTunnelMACAddr: '66-0a-1b-2c-3d-4e' },
      { interfaces: [{ name: 'Wlan_0.100' }] },
      {
        addresses: [
          { address: '10.0.0.1' },
          { address: '10.0.0.1/24', type: 'CalicoNodeIP' },
          { address: 'fd00::/64', type: 'InternalIP' },
        ],
      },
    ],
    refused: [
      { bgp: {} },
      { bgp: { ipv4Address: '' } },
      { bgp: { ipv4Address: 'fd00::1/128' } },
      { bgp: { ipv6Address: '1.2.3.4/32' } },
      { bgp: { routeReflectorClusterID: 'abcdef' } },
      { wireguard: { interfaceIPv4Address: 'foo.bar' } },
      { vxlanTunnelMACAddr: '66:0a:1b' },
      { addresses: [{ address: 'node-1' }] },
    ],
  },
  {
    kind: 'WorkloadEndpoint',
    of: (row) => ({ interfaceName: 'cali1', ...(row as object) }),
    taken: [
      { interfaceName: 'Valid_Iface.0-9', containerID: 'Cath01234-G' },
      { ipNetworks: ['1.2.3.4/32', 'fd00::1'], ipNATs: [{ internalIP: '1.2.3.4', externalIP: '5.6.7.8' }] },
      {
        ports: [
          { name: 'a-port', protocol: 'TCP', port: 1 },
          { protocol: 'UDP', port: 1, hostPort: 2 },
        ],
      },
      { allowSpoofedSourcePrefixes: ['10.0.0.1', '192.168.0.0/16'] },
    ],
    refused: [
      { interfaceName: undefined },
      { interfaceName: '' },
      { interfaceName: 'interfaceTooLong' },
      { interfaceName: 'Invalid&Intface' },
      { interfaceName: 'Invalid:Intface' },
      { containerID: '-abc' },
      { containerID: 'abc/d' },
      { containerID: 'abcde-j.g' },
      { containerID: 'k8s.io-n' },
      { ipNetworks: ['1.2.3.0/26'] },
      { ipNATs: [{ internalIP: '1.2.3.4', externalIP: '5.6.7.8' }] },
      { ipNetworks: ['1.2.3.4'], ipNATs: [{ internalIP: '1.2.3.4', externalIP: 'fd00::1' }] },
      { ports: [{ protocol: 'TCP', port: 1 }] },
      { ports: [{ name: 'a', port: 1 }] },
      { ports: [{ name: 'a', protocol: 123, port: 1 }] },
      { ports: [{ name: 'a', protocol: 'TCP' }] },
      { ports: [{ name: 'a', protocol: 'TCP', port: 1, hostIP: '999.9.9.9' }] },
      { allowSpoofedSourcePrefixes: ['10.abcd'] },
      { ipv4Gateway: 'fd00::1' },
      { mac: 'none' },
    ],
  },
  {
    kind: 'HostEndpoint',
    taken: [
      { node: 'n', interfaceName: '*' },
      { node: 'n', expectedIPs: ['1.2.3.4', 'fd00::1'], profiles: ['knp.default.fun'] },
      { node: 'n', interfaceName: 'eth0', ports: [{ name: 'a-port', protocol: 'TCP', port: 1 }] },
    ],
    refused: [
      {},
      { node: 'n' },
      { interfaceName: 'eth0' },
      { node: '', interfaceName: 'eth0' },
      { node: 'n', interfaceName: '', expectedIPs: [] },
      { node: 'n', interfaceName: 'eth0', ports: [{ protocol: 'TCP', port: 1 }] },
      { node: 'n', interfaceName: 'eth0', ports: [{ name: 'a', protocol: 'ICMP', port: 1 }] },
      { node: 'n', interfaceName: 'eth0', profiles: ['.fun'] },
      { node: 'n', interfaceName: 'a-name-longer-than-15' },
    ],
  },
  {
    kind: 'IPPool',
    taken: [
      { cidr: '1.2.3.0/26' },
      { cidr: '1.2.3.4', blockSize: 32 },
      { cidr: 'AA00::0/10', ipipMode: '', vxlanMode: 'Never', blockSize: 0 },
      { cidr: '1.2.3.0/27', disabled: true },
      { cidr: '10.0.0.0/24', allowedUses: ['LoadBalancer'], nodeSelector: 'all()' },
    ],
    refused: [
      {},
      { cidr: '' },
      { cidr: '1.2.3.4/33' },
      { cidr: '1.2.3.0/27' },
      { cidr: '10.0.0.1/16' },
      { cidr: '10.0.0.0/16', ipipMode: 'never' },
      { cidr: '10.0.0.0/16', allowedUses: ['Garbage'] },
      { cidr: '10.0.0.0/16', ipip: { enabled: true } },
      { cidr: '10.0.0.0/16', 'nat-outgoing': true },
      { cidr: '10.0.0.0/16', namespaceSelector: 'global()' },
      { cidr: 'fe80::/120', blockSize: 122 },
    ],
  },
  {
    kind: 'CalicoNodeStatus',
    taken: [{ node: 'n', classes: ['Agent', 'BGP', 'Routes'], updatePeriodSeconds: 0 }],
    refused: [
      { classes: ['BGP'], updatePeriodSeconds: 1 },
      { node: 'n', updatePeriodSeconds: 1 },
      { node: 'n', classes: ['BGP'] },
      { node: 'n', classes: ['BGP', 'BGP'], updatePeriodSeconds: 1 },
      { node: 'n', classes: ['BGP'], updatePeriodSeconds: 86401 },
    ],
  },
  {
    kind: 'KubeControllersConfiguration',
    name: 'default',
    taken: [
      { healthChecks: 'Enabled', logSeverityScreen: 'Error', etcdV3CompactionPeriod: '12m' },
      { controllers: { policyMigration: { enabled: 'Disabled' } } },
      {
        controllers: {
          node: {
            hostEndpoint: {
              templates: [
                { generateName: 'a', interfacePattern: '^eth.*$', interfaceCIDRs: ['10.0.0.1'] },
                { generateName: 'b', interfaceCIDRs: ['10.0.0.0/8'] },
              ],
            },
          },
        },
      },
    ],
    refused: [
      { healthChecks: 'invalid' },
      { controllers: { node: { syncLabels: 'yes' } } },
      { controllers: { policyMigration: { enabled: 'no' } } },
      ...[
        [{ generateName: 'a', interfacePattern: '*' }],
        [{ generateName: 'a', interfacePattern: 'e', labels: { 'a b': 'c' } }],
        [{ interfacePattern: 'eth0' }],
        [{ generateName: 'a' }],
        [
          { generateName: 'a', interfacePattern: 'eth0' },
          { generateName: 'a', interfacePattern: 'eth1' },
        ],
      ].map((templates) => ({ controllers: { node: { hostEndpoint: { templates } } } })),
    ],
  },
  {
    kind: 'Profile',
    taken: [{ labelsToApply: { 'project.calico.org/my-valid-label': 'x'.repeat(63) } }],
    refused: ['.mylabel', 'my!nvalid-label', 'my-invalid-label$'].map((key) => ({ labelsToApply: { [key]: 'value' } })),
  },
  {
    kind: 'Tier',
    name: 'default',
    taken: [{ order: 1_000_000 }, { order: 1_000_000, defaultAction: 'Deny' }],
    refused: [{}, { order: 100 }, { order: 1_000_000, defaultAction: 'Pass' }],
  },
  {
    kind: 'Tier',
    name: 'kube-admin',
    taken: [{ order: 1000, defaultAction: 'Pass' }],
    refused: [
      { order: 1000, defaultAction: 'Deny' },
      { order: 1, defaultAction: 'Pass' },
    ],
  },
  {
    kind: 'Tier',
    name: 'mine',
    taken: [{}, { order: 0, defaultAction: 'Pass' }],
    refused: [{ defaultAction: 'Allow' }],
  },
  {
    kind: 'BlockAffinity',
    taken: [{ deleted: 'false', state: 'confirmed', cidr: '10.0.0.0/24', node: 'n' }],
    refused: [{ deleted: 'true', state: 'confirmed', cidr: '10.0.0.0/24', node: 'n' }],
  },
];

const namespaced = /^(NetworkPolicy|StagedNetworkPolicy|StagedKubernetesNetworkPolicy|WorkloadEndpoint)$/;

for (const { kind, name = 'x', of = (row: unknown) => row, taken, refused } of tables) {
  t.test(`${kind}(${name}): what Calico takes and refuses`, async (t) => {
    const metadata = { name, ...(namespaced.test(kind) && { namespace: 'n' }) };
    const object = (row: unknown): object => ({ kind, metadata, spec: of(row) });
    for (const row of taken) t.doesNotThrow(() => validate(object(row)), `takes ${JSON.stringify(row)}`);
    for (const row of refused) {
      t.throws(() => validate(object(row)), { code: 'VALIDATION' }, `refuses ${JSON.stringify(row)}`);
    }
  });
}

t.test('Node: keys of WireGuard', async (t) => {
  const node = (wireguardPublicKey: string): object => ({
    kind: 'Node',
    metadata: { name: 'n' },
    spec: {},
    status: { wireguardPublicKey },
  });
  t.doesNotThrow(() => validate(node(KEY)));
  t.doesNotThrow(() => validate(node('')));
  t.throws(() => validate(node('foobar')), { message: /WireguardPublicKey = 'foobar'/ });
});
