import t from 'tap';
import { toTables } from '../../src/cli/printers/table.ts';
import { asApiObject, asTemplateObject, type Result } from '../../src/cli/resources/result.ts';
import { definitionOf, kindNames } from '../../src/model/index.ts';
import { Cluster } from './harness.ts';

/** Of each kind: an example's spec, and its row as ps and as wide, cells as they are and headings above them. */
interface Example {
  readonly name?: string;
  readonly spec: object;
  readonly ps: readonly (readonly [heading: string, cell: string])[];
  readonly wide?: readonly (readonly [heading: string, cell: string])[];
}

const MESH = [
  ['LOGSEVERITY', 'Info'],
  ['MESHENABLED', 'true'],
  ['ASNUMBER', '64512'],
] as const;
const FILTER = { cidr: '10.0.0.0/8', matchOperator: 'In', action: 'Accept' };
const LONG_NETS = Array.from({ length: 9 }, (_, index) => `10.${index}.0.0/16`);

const EXAMPLES: Readonly<Record<string, Example>> = {
  BGPConfiguration: {
    name: 'default',
    spec: { logSeverityScreen: 'Info', nodeToNodeMeshEnabled: true, asNumber: 64512 },
    ps: [['NAME', 'default'], ...MESH],
  },
  BFDConfiguration: {
    spec: { nodeSelector: 'all()', interfaces: [{ matchPattern: 'eth*' }, { matchPattern: '*' }] },
    ps: [
      ['NAME', 'x'],
      ['NODESELECTOR', 'all()'],
      ['NUMINTERFACES', '2'],
    ],
  },
  BGPFilter: {
    spec: { exportV4: [FILTER, FILTER], importV4: [FILTER] },
    ps: [
      ['NAME', 'x'],
      ['NUMEXPORTV4', '2'],
      ['NUMIMPORTV4', '1'],
      ['NUMEXPORTV6', '0'],
      ['NUMIMPORTV6', '0'],
    ],
  },
  BGPPeer: {
    spec: { peerIP: '192.0.2.1', asNumber: 64567 },
    ps: [
      ['NAME', 'x'],
      ['PEERIP', '192.0.2.1'],
      ['NODE', '(global)'],
      ['ASN', '64567'],
    ],
  },
  CalicoNodeStatus: {
    spec: { node: 'n1', classes: ['Agent', 'BGP'], updatePeriodSeconds: 10 },
    ps: [
      ['NAME', 'x'],
      ['NODE', 'n1'],
    ],
    wide: [
      ['NAME', 'x'],
      ['NODE', 'n1'],
      ['CLASSES', 'Agent,BGP'],
    ],
  },
  ClusterInformation: {
    name: 'default',
    spec: { clusterGUID: 'abc', clusterType: 'k8s,bgp' },
    ps: [
      ['NAME', 'default'],
      ['CLUSTERGUID', 'abc'],
      ['CLUSTERTYPE', 'k8s,bgp'],
      ['CALICOVERSION', ''],
      ['DATASTOREREADY', '<nil>'],
    ],
  },
  FelixConfiguration: { name: 'default', spec: {}, ps: [['NAME', 'default']] },
  GlobalNetworkPolicy: {
    spec: { order: 100, selector: "app == 'web'" },
    ps: [
      ['NAME', 'x'],
      ['TIER', 'default'],
    ],
    wide: [
      ['NAME', 'x'],
      ['TIER', 'default'],
      ['ORDER', '100'],
      ['SELECTOR', "app == 'web'"],
    ],
  },
  GlobalNetworkSet: {
    spec: { nets: LONG_NETS },
    ps: [['NAME', 'x']],
    wide: [
      ['NAME', 'x'],
      ['NETS', `${LONG_NETS.join(',').slice(0, 77)}...`],
    ],
  },
  HostEndpoint: {
    spec: { node: 'n1', interfaceName: 'eth0', expectedIPs: ['192.0.2.1', '192.0.2.2'], profiles: ['a', 'b'] },
    ps: [
      ['NAME', 'x'],
      ['NODE', 'n1'],
    ],
    wide: [
      ['NAME', 'x'],
      ['NODE', 'n1'],
      ['INTERFACE', 'eth0'],
      ['IPS', '192.0.2.1,192.0.2.2'],
      ['PROFILES', 'a,b'],
    ],
  },
  IPAMConfiguration: {
    name: 'default',
    spec: { strictAffinity: true, autoAllocateBlocks: true, maxBlocksPerHost: 4 },
    ps: [
      ['NAME', 'default'],
      ['STRICTAFFINITY', 'true'],
      ['AUTOALLOCATEBLOCKS', 'true'],
    ],
    wide: [
      ['NAME', 'default'],
      ['STRICTAFFINITY', 'true'],
      ['AUTOALLOCATEBLOCKS', 'true'],
      ['MAXBLOCKSPERHOST', '4'],
    ],
  },
  IPPool: {
    spec: { cidr: '10.0.0.0/16', nodeSelector: 'all()', ipipMode: 'CrossSubnet', natOutgoing: true },
    ps: [
      ['NAME', 'x'],
      ['CIDR', '10.0.0.0/16'],
      ['SELECTOR', 'all()'],
    ],
    wide: [
      ['NAME', 'x'],
      ['CIDR', '10.0.0.0/16'],
      ['NAT', 'true'],
      ['IPIPMODE', 'CrossSubnet'],
      ['VXLANMODE', 'Never'],
      ['DISABLED', 'false'],
      ['DISABLEBGPEXPORT', 'false'],
      ['SELECTOR', 'all()'],
      ['ASSIGNMENTMODE', 'Automatic'],
    ],
  },
  IPReservation: {
    spec: { reservedCIDRs: ['10.0.0.0/30', '10.0.1.0/30'] },
    ps: [['NAME', 'x']],
    wide: [
      ['NAME', 'x'],
      ['CIDRS', '10.0.0.0/30,10.0.1.0/30'],
    ],
  },
  KubeControllersConfiguration: { name: 'default', spec: {}, ps: [['NAME', 'default']] },
  NetworkPolicy: {
    spec: { tier: 'default', order: 1_000_000, selector: 'all()' },
    ps: [
      ['NAME', 'x'],
      ['TIER', 'default'],
    ],
    wide: [
      ['NAME', 'x'],
      ['TIER', 'default'],
      ['ORDER', '1e+06'],
      ['SELECTOR', 'all()'],
    ],
  },
  NetworkSet: {
    spec: { nets: ['10.0.0.0/8'] },
    ps: [['NAME', 'x']],
    wide: [
      ['NAME', 'x'],
      ['NETS', '10.0.0.0/8'],
    ],
  },
  Node: {
    spec: { bgp: { ipv4Address: '192.0.2.1/24' } },
    ps: [['NAME', 'x']],
    wide: [
      ['NAME', 'x'],
      ['ASN', '(64512)'],
      ['IPV4', '192.0.2.1/24'],
      ['IPV6', ''],
    ],
  },
  Profile: {
    spec: { labelsToApply: { b: '2', a: '1' } },
    ps: [['NAME', 'x']],
    wide: [
      ['NAME', 'x'],
      ['LABELS', 'a=1,b=2'],
    ],
  },
  StagedGlobalNetworkPolicy: {
    spec: { tier: 'default' },
    ps: [
      ['NAME', 'x'],
      ['TIER', 'default'],
    ],
    wide: [
      ['NAME', 'x'],
      ['TIER', 'default'],
      ['ORDER', '<nil>'],
      ['SELECTOR', ''],
    ],
  },
  StagedKubernetesNetworkPolicy: {
    spec: {
      podSelector: {
        matchLabels: { app: 'web' },
        matchExpressions: [{ key: 'env', operator: 'In', values: ['a', 'b'] }],
      },
    },
    ps: [['NAME', 'x']],
    wide: [
      ['NAME', 'x'],
      [
        'PODSELECTOR',
        '&LabelSelector{MatchLabels:map[string]string{app: web,},' +
          'MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:env,Operator:In,Values:[a b],},},}',
      ],
    ],
  },
  StagedNetworkPolicy: {
    spec: { tier: 'default', order: 2.5 },
    ps: [
      ['NAME', 'x'],
      ['TIER', 'default'],
    ],
    wide: [
      ['NAME', 'x'],
      ['TIER', 'default'],
      ['ORDER', '2.5'],
      ['SELECTOR', ''],
    ],
  },
  Tier: {
    spec: { order: 10_000_000 },
    ps: [
      ['NAME', 'x'],
      ['ORDER', '1e+07'],
    ],
  },
  WorkloadEndpoint: {
    name: 'n1-k8s-web-eth0',
    spec: {
      orchestrator: 'k8s',
      node: 'n1',
      pod: 'web',
      endpoint: 'eth0',
      interfaceName: 'cali0123456789a',
      ipNetworks: ['10.0.0.1/32', 'fd00::1/128'],
      ipNATs: [{ internalIP: '10.0.0.1', externalIP: '192.0.2.9' }],
      profiles: ['kns.default'],
    },
    ps: [
      ['WORKLOAD', 'web'],
      ['NODE', 'n1'],
      ['NETWORKS', '10.0.0.1/32,fd00::1/128'],
      ['INTERFACE', 'cali0123456789a'],
    ],
    wide: [
      ['NAME', 'n1-k8s-web-eth0'],
      ['WORKLOAD', 'web'],
      ['NODE', 'n1'],
      ['NETWORKS', '10.0.0.1/32,fd00::1/128'],
      ['INTERFACE', 'cali0123456789a'],
      ['PROFILES', 'kns.default'],
      ['NATS', '{10.0.0.1 192.0.2.9}'],
    ],
  },
};

const userKinds = kindNames.filter((kind) => definitionOf(kind).aliases.length > 0);

t.same(Object.keys(EXAMPLES).sort(), [...userKinds].sort(), 'there is an example of every kind that users see');

for (const kind of userKinds) {
  const { name = 'x', spec, ps, wide = ps } = EXAMPLES[kind];
  const { namespaced, aliases } = definitionOf(kind);
  t.test(`${kind} in tables`, async (t) => {
    const cluster = new Cluster();
    const metadata = namespaced ? { name, namespace: 'default' } : { name };
    await cluster.put({ apiVersion: 'projectcalico.org/v3', kind, metadata, spec });
    // All profiles are one more: built-in.test.ts.
    const only = kind === 'Profile' ? name : '';
    t.equal((await cluster.run(`get ${kind} ${only}`)).stdout, table(ps));
    t.equal((await cluster.run(`get ${kind} ${only} -o wide`)).stdout, table(wide));
    t.equal(
      (await cluster.run(`get ${aliases[0].toUpperCase()} ${name}`)).stdout,
      table(ps),
      'one by name looks alike',
    );
    for (const alias of aliases) t.equal((await cluster.run(`get ${alias} ${only}`)).stdout, table(ps), alias);
    const everywhere = await cluster.run(`get ${kind} -A`);
    if (namespaced) t.equal(everywhere.stdout, table([['NAMESPACE', 'default'], ...ps]));
    else t.same(everywhere, { code: 1, stdout: '', stderr: `${kind} is not namespaced\n` });
  });
}

/** The layout's rule said once more: each column is its longest text and three blanks, at least five wide. */
function table(cells: readonly (readonly [string, string])[]): string {
  const line = (index: 0 | 1): string =>
    cells.map((pair) => pair[index].padEnd(Math.max(5, pair[0].length + 3, pair[1].length + 3))).join('');
  return `${line(0)}\n${line(1)}\n\n`;
}

t.test('get of a kind with tiers puts them in their order, those without one last', async (t) => {
  const cluster = new Cluster();
  const orders = { last: undefined, default: 1_000_000, first: 1, 'kube-admin': 1000 };
  for (const [name, order] of Object.entries(orders)) {
    await cluster.put({ apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name }, spec: { order } });
  }
  const { stdout } = await cluster.run('get tiers');
  t.equal(
    stdout,
    'NAME         ORDER   \nfirst        1       \nkube-admin   1000    \ndefault      1e+06   \nlast         <nil>   \n\n',
  );
});

t.test('the AS number that nodes inherit is that of the BGP configuration', async (t) => {
  const cluster = new Cluster();
  await cluster.put({ kind: 'BGPConfiguration', metadata: { name: 'default' }, spec: { asNumber: 65001 } });
  await cluster.put({
    kind: 'Node',
    metadata: { name: 'own' },
    spec: { bgp: { asNumber: 65002, ipv4Address: '192.0.2.1/24' } },
  });
  await cluster.put({ kind: 'Node', metadata: { name: 'silent' }, spec: {} });
  await cluster.put({ kind: 'Node', metadata: { name: 'takes' }, spec: { bgp: { ipv4Address: '192.0.2.2/24' } } });
  const { stdout } = await cluster.run('get nodes -o custom-columns=NAME,ASN');
  t.equal(stdout, 'NAME     ASN       \nown      65002     \nsilent             \ntakes    (65001)   \n\n');
});

/** Specs that a store may hold and that no kind has. */
const STRANGE = [
  undefined,
  'x',
  [7, null],
  { tier: {}, order: 'x', selector: [], nets: { a: 1 }, labelsToApply: 7, node: {}, expectedIPs: 'x', ingress: 'x' },
  { ingress: [7, null, { action: {}, source: 'x', destination: 7 }], nets: [7, {}], labelsToApply: ['x'], order: {} },
];

t.test('an object whose spec is none is shown all the same', async (t) => {
  for (const kind of kindNames.filter((one) => definitionOf(one).ownReader)) {
    for (const spec of STRANGE) {
      const result = { kind, items: [{ kind, metadata: { name: 'odd' }, spec }] } as unknown as Result;
      const table = toTables([result], { wide: true, namespaces: true }, { defaultAsNumber: '64512' });
      t.match(table, /odd/, `${kind} ${JSON.stringify(spec)}`);
      for (const shown of [asApiObject(result), asTemplateObject(result)]) t.match(JSON.stringify(shown), /odd/);
    }
  }
});
