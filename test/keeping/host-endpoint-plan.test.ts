import t from 'tap';
import { type HostEndpointSettings, planHostEndpoints } from '../../src/keeping/leader/host-endpoint-plan.ts';
import { type HostEndpoint, type Node, newResource, validate } from '../../src/model/index.ts';

const CREATED = { 'projectcalico.org/created-by': 'calico-kube-controllers' };
const ON: HostEndpointSettings = { autoCreate: 'Enabled' };
const TEMPLATES_ONLY: HostEndpointSettings = { autoCreate: 'Enabled', createDefaultHostEndpoint: 'Disabled' };

const NODE = newResource(
  'Node',
  { name: 'n1', labels: { rack: 'a', role: 'gateway' } },
  {
    bgp: { ipv4Address: '172.16.1.1/24', ipv6Address: 'FE80::1', ipv4IPIPTunnelAddr: '192.168.100.1' },
    ipv4VXLANTunnelAddr: '10.10.20.1',
    ipv6VXLANTunnelAddr: 'dead:beef::1',
    wireguard: { interfaceIPv4Address: '192.168.100.1', interfaceIPv6Address: 'dead:beef::100:1' },
    addresses: [
      { address: '192.168.200.1', type: 'InternalIP' },
      { address: '192.168.200.2', type: 'ExternalIP' },
      { address: '172.16.1.1', type: 'InternalIP' },
      { address: 'n1.example', type: 'InternalIP' },
    ],
    interfaces: [
      { name: 'eth0', addresses: ['172.16.1.1'] },
      { name: 'eth1', addresses: ['172.17.1.1'] },
      { name: 'wlan0' },
    ],
  },
);
const ALL = [
  ...['172.16.1.1', 'fe80::1', '192.168.100.1', '10.10.20.1', 'dead:beef::1', 'dead:beef::100:1', '192.168.200.1'],
  '172.17.1.1',
];

const planned = (settings: HostEndpointSettings | undefined, node: Node = NODE): readonly HostEndpoint[] =>
  planHostEndpoints(node, settings).endpoints;

interface Row {
  readonly settings: HostEndpointSettings | undefined;
  /** `name interface addresses` of each. */
  readonly made: readonly string[];
}

const DEFAULT = `n1-auto-hep * ${ALL}`;

const ROWS: Readonly<Record<string, Row>> = {
  'nothing is said': { settings: undefined, made: [] },
  'it is not switched on': { settings: { createDefaultHostEndpoint: 'Enabled' }, made: [] },
  'it is switched off': {
    settings: { autoCreate: 'Disabled', templates: [{ generateName: 'x', interfacePattern: '.' }] },
    made: [],
  },
  'it is switched on': { settings: ON, made: [DEFAULT] },
  'without the default one': { settings: TEMPLATES_ONLY, made: [] },
  'the addresses within CIDRs': {
    settings: {
      ...TEMPLATES_ONLY,
      templates: [{ generateName: 'lan', interfaceCIDRs: ['172.16.0.0/15', 'fe80::/10'] }],
    },
    made: ['n1-lan-auto-hep - 172.16.1.1,fe80::1,172.17.1.1'],
  },
  'a bare address is a CIDR': {
    settings: { ...TEMPLATES_ONLY, templates: [{ generateName: 'one', interfaceCIDRs: ['10.10.20.1'] }] },
    made: ['n1-one-auto-hep - 10.10.20.1'],
  },
  'no address is within the CIDRs': {
    settings: { ...TEMPLATES_ONLY, templates: [{ generateName: 'no', interfaceCIDRs: ['8.0.0.0/8'] }] },
    made: [],
  },
  'one for each interface that the pattern finds': {
    settings: { ...TEMPLATES_ONLY, templates: [{ generateName: 'if', interfacePattern: '(?i)ETH\\d|wlan' }] },
    made: ['n1-if-eth0-auto-hep eth0 172.16.1.1', 'n1-if-eth1-auto-hep eth1 172.17.1.1', 'n1-if-wlan0-auto-hep wlan0 '],
  },
  'a pattern and CIDRs: addresses of both': {
    settings: {
      ...TEMPLATES_ONLY,
      templates: [{ generateName: 'if', interfacePattern: '^eth1$', interfaceCIDRs: ['192.168.200.0/24'] }],
    },
    made: ['n1-if-eth1-auto-hep eth1 192.168.200.1,172.17.1.1'],
  },
  'only on nodes that are selected': {
    settings: {
      ...ON,
      templates: [
        { generateName: 'yes', interfaceCIDRs: ['10.10.20.0/24'], nodeSelector: "role == 'gateway'" },
        { generateName: 'no', interfaceCIDRs: ['10.10.20.0/24'], nodeSelector: "role == 'worker'" },
      ],
    },
    made: [DEFAULT, 'n1-yes-auto-hep - 10.10.20.1'],
  },
};

for (const [what, { settings, made }] of Object.entries(ROWS)) {
  t.test(`host endpoints that make themselves: ${what}`, async (t) => {
    const endpoints = planned(settings);
    t.strictSame(
      endpoints.map(({ metadata: { name }, spec }) => `${name} ${spec.interfaceName ?? '-'} ${spec.expectedIPs ?? ''}`),
      made,
    );
    for (const endpoint of endpoints) {
      t.strictSame(endpoint.metadata.labels, { rack: 'a', role: 'gateway', ...CREATED });
      t.match(endpoint.spec, { node: 'n1', profiles: ['projectcalico-default-allow'] });
      t.doesNotThrow(() => validate(endpoint), 'calicoctl would take it');
    }
  });
}

t.test('a template’s labels win over the node’s, never over the one that says who made it', async (t) => {
  const labels = { rack: 'b', side: 'out', 'projectcalico.org/created-by': 'me' };
  const annotations = { why: 'because' };
  const templates = [{ generateName: 'x', interfaceCIDRs: ['10.10.20.0/24'], labels, annotations }];
  const [{ metadata }] = planned({ ...TEMPLATES_ONLY, templates });
  t.strictSame(metadata.labels, { rack: 'b', role: 'gateway', side: 'out', ...CREATED });
  t.strictSame(metadata.annotations, annotations);
});

t.test('a node without an address has its endpoint for all interfaces', async (t) => {
  const [{ spec }] = planned(ON, newResource('Node', { name: 'bare' }, {}));
  t.strictSame(spec, { node: 'bare', interfaceName: '*', profiles: ['projectcalico-default-allow'] });
});

t.test('a name that is too long is a digest, the same each time and another for another node', async (t) => {
  const named = (name: string): string => planned(ON, newResource('Node', { name }, {}))[0].metadata.name;
  const long = 'n'.repeat(250);
  t.equal(named('n'.repeat(244)), `${'n'.repeat(244)}-auto-hep`);
  t.match(named(long), /^[a-z0-9]{38,43}-auto-hep$/);
  t.equal(named(long), named(long));
  t.not(named(long), named(`m${long.slice(1)}`));
});

t.test('what is wrong with a template is said, and holds up no other', async (t) => {
  const good = { generateName: 'good', interfaceCIDRs: ['10.10.20.0/24'] };
  const wrong = [
    { generateName: 'a', interfaceCIDRs: ['10.0.0.0/99'] },
    { generateName: 'b', interfacePattern: '(' },
    { ...good, generateName: 'c', nodeSelector: 'role ==' },
    { interfaceCIDRs: ['10.10.20.0/24'] },
  ];
  const { endpoints, problems } = planHostEndpoints(NODE, { ...TEMPLATES_ONLY, templates: [...wrong, good] });
  t.strictSame(
    endpoints.map(({ metadata }) => metadata.name),
    ['n1-good-auto-hep'],
  );
  t.equal(problems.length, wrong.length);
  for (const name of ['a', 'b', 'c']) t.ok(problems.some((problem) => problem.startsWith(`the template ${name} `)));
});
