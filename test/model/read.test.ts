import t from 'tap';
import { definitionOf, type KindName, kindNames, newResource, type Reading, read } from '../../src/model/index.ts';

/** A stored spec, what is made of it when nothing was known before, and when `last` was. */
interface Case {
  readonly what: string;
  readonly kind: KindName;
  readonly spec: unknown;
  readonly last?: object;
  /** Undefined: the object is left out. */
  readonly becomes: unknown;
  readonly problem: RegExp | undefined;
}

const peer = { peerIP: '10.0.0.9', asNumber: 64513 };
const filterRule = { action: 'Reject', cidr: '10.0.0.0/8', matchOperator: 'In' };

const cases: readonly Case[] = [
  {
    what: 'a wrong field is absent',
    kind: 'BGPConfiguration',
    spec: { asNumber: 64567, listenPort: 99999 },
    becomes: { asNumber: 64567 },
    problem: /^read as if that were not there: error with field ListenPort = '99999'/,
  },
  {
    what: 'a wrong field keeps its last good value',
    kind: 'BGPConfiguration',
    spec: { asNumber: 'x', listenPort: 180 },
    last: { asNumber: 64567, listenPort: 179 },
    becomes: { asNumber: 64567, listenPort: 180 },
    problem: /ASNumber = 'x'/,
  },
  {
    what: 'a wrong item leaves its list',
    kind: 'BGPFilter',
    spec: { exportV4: [{ ...filterRule, action: 'Maybe' }, filterRule, { ...filterRule, interface: 'a b' }] },
    becomes: { exportV4: [filterRule] },
    problem: /ExportV4\[0\]\.Action = 'Maybe'(.|\n)*ExportV4\[2\]\.Interface = 'a b'/,
  },
  {
    what: 'a part of a part is lost alone',
    kind: 'Node',
    spec: { bgp: { ipv4Address: '10.0.0.1/24', asNumber: -1 } },
    becomes: { bgp: { ipv4Address: '10.0.0.1/24' } },
    problem: /BGP.ASNumber = '-1'/,
  },
  {
    what: 'what is nothing but wrong goes as a whole',
    kind: 'Node',
    spec: { bgp: { asNumber: -1 }, orchRefs: [] },
    becomes: { orchRefs: [] },
    problem: /BGP.ASNumber = '-1'/,
  },
  {
    what: 'rules between fields cut the field that they name',
    kind: 'BGPConfiguration',
    spec: { nodeToNodeMeshEnabled: false, nodeMeshMaxRestartTime: '90s' },
    becomes: { nodeToNodeMeshEnabled: false },
    problem: /nodeMeshMaxRestartTime cannot be set/,
  },
  {
    what: 'a peer whose nodes are not understood is nobody’s',
    kind: 'BGPPeer',
    spec: { ...peer, nodeSelector: 'has(' },
    becomes: undefined,
    problem: /^left out: error with field NodeSelector/,
  },
  {
    what: 'a peer that was understood once stays with the nodes that it had',
    kind: 'BGPPeer',
    spec: { ...peer, asNumber: 64514, nodeSelector: 'has(' },
    last: { ...peer, nodeSelector: 'all()' },
    becomes: { ...peer, asNumber: 64514, nodeSelector: 'all()' },
    problem: /NodeSelector/,
  },
  {
    what: 'a list of which nothing may be missing keeps its last value as a whole',
    kind: 'IPPool',
    spec: { cidr: '10.0.0.0/16', allowedUses: ['Workload', 'Party'] },
    last: { cidr: '10.0.0.0/16', allowedUses: ['Tunnel'] },
    becomes: { cidr: '10.0.0.0/16', allowedUses: ['Tunnel'] },
    problem: /AllowedUses\[1\] = 'Party'/,
  },
  {
    what: 'a pool without a readable CIDR is none',
    kind: 'IPPool',
    spec: { cidr: '10.300.0.0/16' },
    becomes: undefined,
    problem: /CIDR = '10.300.0.0\/16'/,
  },
  {
    what: 'a block is whole or nothing',
    kind: 'IPAMBlock',
    spec: { cidr: '10.0.0.0/30', allocations: [null, 'x', null, null], unallocated: [], attributes: [] },
    becomes: undefined,
    problem: /Allocations\[1\] = 'x'/,
  },
  {
    what: 'a block without a CIDR is none',
    kind: 'IPAMBlock',
    spec: { cidr: '', allocations: [null], unallocated: [0], attributes: [] },
    becomes: undefined,
    problem: /CIDR = '' \(must be a CIDR such as 10\.0\.0\.0\/26\)/,
  },
  {
    what: 'nor is the affinity to none',
    kind: 'BlockAffinity',
    spec: { cidr: '', node: 'n1', state: 'confirmed' },
    becomes: undefined,
    problem: /CIDR = ''/,
  },
  { what: 'no spec at all', kind: 'Node', spec: 7, becomes: undefined, problem: /left out/ },
  { what: 'nothing is as good as empty', kind: 'Node', spec: undefined, becomes: {}, problem: undefined },
  {
    what: 'names in any case, words in any case, empty words, bare addresses and empty entries are fine',
    kind: 'FelixConfiguration',
    spec: { ChainInsertMode: 'append', SERVICELOOPPREVENTION: '', routesource: 'workloadips', BPFEnabled: false },
    becomes: { chainInsertMode: 'Append', routeSource: 'WorkloadIPs', bpfEnabled: false },
    problem: undefined,
  },
  {
    what: 'what means a CIDR becomes one',
    kind: 'BGPConfiguration',
    spec: {
      serviceClusterIPs: [{ CIDR: '10.101.0.0/16' }, {}, { cidr: '' }],
      serviceExternalIPs: [{ cidr: '8.8.8.8' }, { cidr: 'fd00::1' }],
      prefixAdvertisements: [{ cidr: '10.0.0.1', communities: ['1:2'] }],
    },
    becomes: {
      serviceClusterIPs: [{ cidr: '10.101.0.0/16' }],
      serviceExternalIPs: [{ cidr: '8.8.8.8/32' }, { cidr: 'fd00::1/128' }],
      prefixAdvertisements: [{ cidr: '10.0.0.1/32', communities: ['1:2'] }],
    },
    problem: undefined,
  },
  {
    what: 'fields that nobody knows are carried along',
    kind: 'BGPPeer',
    spec: { ...peer, future: { Deep: [1] }, constructor: 'c' },
    becomes: { ...peer, future: { Deep: [1] }, constructor: 'c' },
    problem: undefined,
  },
];

t.test('a reader gets out of a stored object what can be understood', async (test) => {
  for (const { what, kind, spec, last, becomes, problem } of cases) {
    const { resource, problem: told } = reading(kind, spec, last);
    test.same(resource?.spec, becomes, what);
    if (problem === undefined) test.equal(told, undefined, what);
    else test.match(told, problem, what);
  }
});

t.test('a field that protects and is not understood is never as if nobody had set it', async (test) => {
  const ref = { secretKeyRef: { name: 's', key: 'k' } };
  const table = [
    ['BGPConfiguration', { asNumber: 64567, nodeMeshPassword: 'secret' }, ['nodeMeshPassword']],
    ['BGPConfiguration', { nodeMeshPassword: { secretKeyRef: { name: 7, key: 'k' } } }, ['nodeMeshPassword']],
    ['BGPConfiguration', 'garbage', ['nodeMeshPassword']],
    ['BGPPeer', { ...peer, password: 1 }, ['password']],
    ['BGPPeer', { ...peer, ttlSecurity: 999 }, ['ttlSecurity']],
    ['BGPPeer', { ...peer, filters: ['a', 1] }, ['filters']],
    ['IPPool', { cidr: '10.0.0.0/16', disableBGPExport: 'yes' }, ['disableBGPExport']],
    ['BGPConfiguration', { asNumber: -1, nodeMeshPassword: ref }, undefined],
    ['BGPPeer', { ...peer, password: ref, unread: ['password'] }, undefined],
  ] as const;
  for (const [kind, spec, unread] of table) {
    const { resource, problem } = reading(kind, spec, undefined);
    test.same(resource?.unread, unread, `${kind} ${JSON.stringify(spec)}`);
    if (unread !== undefined) test.match(problem, /error with field/);
  }
});

t.test(
  'a guard that was understood once holds; one that came unreadable is missing until it can be read',
  async (test) => {
    const ref = { secretKeyRef: { name: 's', key: 'k' } };
    const held = reading('BGPPeer', { ...peer, password: 1 }, { ...peer, password: ref }).resource;
    test.same([held?.spec, held?.unread], [{ ...peer, password: ref }, undefined]);
    const came = reading('BGPPeer', { ...peer, password: 1 }, peer).resource;
    test.same([came?.spec, came?.unread], [peer, ['password']]);
    const metadata = { name: 'x' };
    const again = read(
      'BGPPeer',
      { kind: 'BGPPeer', metadata, spec: { ...peer, password: 2 } },
      came as never,
    ).resource;
    test.same(again?.unread, ['password'], 'unreadable still');
    const mended = read('BGPPeer', { kind: 'BGPPeer', metadata, spec: { ...peer, password: ref } }, again).resource;
    test.same([mended?.unread, mended?.spec.password], [undefined, ref]);
  },
);

/** Specs that break the rules of their kinds in one place, as they are stored and as they are read. */
const KEPT: readonly (readonly [KindName, unknown, unknown, RegExp])[] = [
  ...(['NetworkPolicy', 'GlobalNetworkPolicy', 'StagedNetworkPolicy', 'StagedGlobalNetworkPolicy'] as const).flatMap(
    (kind): [KindName, unknown, unknown, RegExp][] => [
      [
        kind,
        { Selector: 'app == "db"', INGRESS: [{ Action: 'deny', Source: { Selector: 'has(' } }, { action: 'Allow' }] },
        { selector: 'app == "db"', ingress: [{ action: 'deny', source: { selector: 'has(' } }, { action: 'Allow' }] },
        /Ingress\[0\]\.Source\.Selector = 'has\('/,
      ],
      [kind, { selector: 'has(', types: ['ingress'] }, { selector: 'has(', types: ['ingress'] }, /Selector = 'has\('/],
      [kind, { order: 'first' }, { order: 'first' }, /Order = 'first'/],
      [kind, { types: ['Sideways'] }, { types: ['Sideways'] }, /Types\[0\] = 'Sideways'/],
      [kind, { egress: 'none' }, { egress: 'none' }, /Egress = 'none'/],
      [kind, 'all', 'all', /Spec = 'all'/],
      [kind, [], [], /Spec/],
    ],
  ),
  ['StagedKubernetesNetworkPolicy', { ingress: [7], podSelector: 'x' }, { ingress: [7], podSelector: 'x' }, /Ingress/],
  ['Tier', { Order: 'x', defaultAction: 'pass' }, { order: 'x', defaultAction: 'pass' }, /Order = 'x'/],
  ['Profile', { ingress: [{ action: 'Drop' }] }, { ingress: [{ action: 'Drop' }] }, /Ingress\[0\]\.Action = 'Drop'/],
  ['NetworkSet', { nets: ['10.0.0.0/8', 'x'] }, { nets: ['10.0.0.0/8', 'x'] }, /Nets\[1\] = 'x'/],
  ['GlobalNetworkSet', { nets: 'x' }, { nets: 'x' }, /Nets = 'x'/],
  ['HostEndpoint', { Node: 'n', interfaceName: 'a b' }, { node: 'n', interfaceName: 'a b' }, /InterfaceName = 'a b'/],
];

t.test('of what has a reader of its own nothing is cut: a lost Deny would open', async (test) => {
  const last = { selector: 'all()', ingress: [{ action: 'Allow' }], node: 'm', interfaceName: 'eth0' };
  for (const [kind, spec, becomes, problem] of KEPT) {
    for (const before of [undefined, last]) {
      const { resource, problem: told } = reading(kind, spec, before);
      test.same(resource?.spec, becomes, `${kind} ${JSON.stringify(spec)}`);
      test.match(told, /^read as it is stored: /);
      test.match(told, problem);
    }
  }
  const tried = new Set(KEPT.map(([kind]) => kind));
  test.same(
    [...tried].sort(),
    kindNames.filter((kind) => definitionOf(kind).ownReader),
  );
  test.equal(reading('NetworkPolicy', { selector: 'all()' }, last).problem, undefined);
});

t.test('labels that are no text are absent; names are the store’s business', async (test) => {
  const metadata = { name: 'Odd_Name', labels: { a: 'b', c: 1 }, annotations: 'x' };
  const { resource, problem } = read('Node', { kind: 'Node', metadata, spec: {} });
  test.same(resource?.metadata, { name: 'Odd_Name', labels: { a: 'b' }, annotations: {} });
  test.match(problem, /Metadata.Labels(.|\n)*Metadata.Annotations/);
});

t.test('what is of another kind or version stays as it was', async (test) => {
  const last = newResource('Node', { name: 'n' }, {});
  for (const other of [{ kind: 'IPPool' }, { kind: 'Node', apiVersion: 'v1' }, [], 'text']) {
    test.equal(read('Node', other, last).resource, last);
    test.equal(read('Node', other).resource, undefined);
  }
});

function reading(kind: KindName, spec: unknown, last: object | undefined): Reading<KindName> {
  const metadata = { name: 'x', namespace: 'n' };
  const before = last === undefined ? undefined : newResource(kind, metadata, last as never);
  return read(kind, { apiVersion: 'projectcalico.org/v3', kind, metadata, spec }, before);
}

t.test('the addresses that a Node lists stay as they are: those that others compare with are bare', async (t) => {
  const addresses = [
    { address: '10.0.0.1/24', type: 'CalicoNodeIP' },
    { address: '10.0.0.1', type: 'InternalIP' },
    { address: 'fd00::1', type: 'InternalIP' },
  ];
  const node = { apiVersion: 'projectcalico.org/v3', kind: 'Node', metadata: { name: 'n' }, spec: { addresses } };
  t.same(read('Node', node).resource?.spec.addresses, addresses);
});
