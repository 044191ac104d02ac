import t from 'tap';
import { crdKinds, definitionOf, type KindName } from '../../src/model/index.ts';
import { isAboutChange } from '../fakes/api-server/cel.ts';
import { definitions } from '../fakes/api-server/definitions.ts';
import { faultsOf, type Schema, withDefaults } from '../fakes/api-server/schema.ts';

/** A spec that breaks one rule, and for rules about changes what stood there before. */
interface Case {
  readonly kind: KindName;
  readonly spec: object;
  readonly message: RegExp;
  readonly before?: object;
}

const filterRule = { cidr: '10.0.0.0/8', matchOperator: 'In', action: 'Reject' };
const filterRule6 = { cidr: 'fd00::/8', matchOperator: 'In', action: 'Reject' };
const loadBalancer = { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer'] };

const cases: readonly Case[] = [
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
  ...(['GlobalNetworkPolicy', 'StagedGlobalNetworkPolicy', 'NetworkPolicy', 'StagedNetworkPolicy'] as const).flatMap(
    (kind) =>
      ['ingress', 'egress'].flatMap((direction) =>
        ['icmp', 'notICMP'].map((field) => ({
          kind,
          spec: { [direction]: [{ action: 'Allow', protocol: 'ICMP', [field]: { code: 1 } }] },
          message: /ICMP code specified without/,
        })),
      ),
  ),
  { kind: 'HostEndpoint', spec: { node: 'n' }, message: /no interface name or expected IPs/ },
];

/** Schemas of specs, as an API server has them. */
function specOf(kind: KindName): Schema {
  const { crd, plural } = definitionOf(kind);
  const definition = definitions.get(`${crd?.plural ?? plural}.crd.projectcalico.org`);
  return definition!.spec.versions[0].schema.openAPIV3Schema.properties!['spec'];
}

interface PlacedRule {
  readonly rule: string;
  readonly message: string;
  readonly place: string;
}

function rulesIn(schema: Schema, place: string): readonly PlacedRule[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map((rule) => ({ ...rule, place }));
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, member]) =>
    rulesIn(member, `${place}.${name}`),
  );
  return [...own, ...inner, ...(schema.items === undefined ? [] : rulesIn(schema.items, `${place}[0]`))];
}

/** What an API server says of a spec. */
function textsOf(kind: KindName, spec: unknown, before: unknown): readonly string[] {
  return faultsOf(specOf(kind), spec, before, 'spec').map(({ field, message }) => `${field}: ${message}`);
}

t.test('what breaks a rule is refused by an API server and by our own schema alike', async (t) => {
  for (const { kind, spec, message, before } of cases) {
    const faults = textsOf(kind, withDefaults(specOf(kind), spec), before);
    t.ok(
      faults.some((fault) => message.test(fault)),
      `${kind}: ${message.source}: ${faults}`,
    );
    const ours = definitionOf(kind).spec.safeParse(spec);
    if (before === undefined) t.notOk(ours.success, `${kind}: ${message.source}`);
    else t.ok(ours.success, 'only the change is wrong');
  }
});

t.test('every rule of every definition has such a case', async (t) => {
  for (const kind of crdKinds) {
    for (const { rule, message, place } of rulesIn(specOf(kind), 'spec')) {
      const broken = cases.some(
        (each) =>
          each.kind === kind &&
          isAboutChange(rule) === (each.before !== undefined) &&
          textsOf(kind, each.spec, each.before).some(
            (fault) => fault.startsWith(`${place}: `) && fault.endsWith(message),
          ),
      );
      t.ok(broken, `${kind} ${place}: ${message}`);
    }
  }
});

t.test('what both must accept', async (t) => {
  const good: readonly (readonly [KindName, object])[] = [
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
  ];
  for (const [kind, spec] of good) {
    t.strictSame(textsOf(kind, withDefaults(specOf(kind), spec), undefined), [], kind);
    t.ok(definitionOf(kind).spec.safeParse(spec).success, kind);
  }
});

t.test('a bad CIDR is refused wherever one stands, and defaults are filled in', async (t) => {
  const bad = [
    ['IPPool', { cidr: '10.0.0.0/33' }],
    ['BGPConfiguration', { serviceClusterIPs: [{ cidr: 'x' }] }],
    ['BGPFilter', { exportV4: [{ ...filterRule, cidr: '10.0.0.0' }] }],
    ['BlockAffinity', { cidr: '10.0.0.0/x', deleted: 'false', node: 'n', state: '' }],
  ] as const;
  for (const [kind, spec] of bad) t.match(textsOf(kind, spec, undefined)[0], /must be of type cidr/);
  t.strictSame(withDefaults(specOf('IPPool'), { cidr: '10.0.0.0/16', vxlanMode: 'Always' }), {
    cidr: '10.0.0.0/16',
    vxlanMode: 'Always',
    ipipMode: 'Never',
    assignmentMode: 'Automatic',
  });
});

t.test('an API server refuses what is twice in a set', async (t) => {
  const twice = (line: object): object => ({ ingress: [{ action: 'Allow', ...line }] });
  const rows: readonly (readonly [KindName, object])[] = [
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
  for (const [kind, spec] of rows) {
    t.match(textsOf(kind, spec, undefined).join(), /Duplicate value/, `${kind} ${JSON.stringify(spec)}`);
  }
});
