import { type CaseFile, caseFile } from '../../src/policy/cases/index.ts';

/** Corners that no table has, each found by a bug that nothing caught (`test/mutants`). */

/** Of a pod that claims to be elsewhere. */
const liar = {
  ...{ app: 'web', 'pcns.owner': 'pod', 'pcns.team': 'trusted', 'pcsa.role': 'admin' },
  'projectcalico.org/serviceaccount': 'admin',
};

export const world = {
  namespaces: { red: { owner: 'namespace' } },
  pods: [
    { namespace: 'red', name: 'web', ip: ['10.0.0.1', 'fd00::1'], labels: liar },
    { namespace: 'red', name: 'db', ip: ['10.0.0.2', 'fd00::2'], labels: { app: 'db' } },
    { namespace: 'red', name: 'api', ip: ['10.0.0.3', 'fd00::3'], labels: { app: 'api' } },
  ],
};
export const calico = (spec: object): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name: 'p' },
  spec: { selector: "app == 'db'", types: ['Ingress'], ...spec },
});
const kubernetes = (spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'red' },
  spec: { podSelector: {}, ...spec },
});

const administrators = (spec: object): object => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: { name: 'p' },
  spec: { tier: 'Admin', priority: 1, ...spec },
});
const calicoSet = (kind: string, metadata: object, nets: readonly string[]): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata,
  spec: { nets },
});

/** From, to, protocol, port, allowed, and of ICMP type and code. */
type Probe = readonly [string, string, string, number, boolean, { readonly icmp: readonly [number, number] }?];

const ping = (family: 4 | 6, type: number, code: number, allowed: boolean): Probe =>
  family === 4
    ? ['10.9.9.9', '10.0.0.2', 'ICMP', 0, allowed, { icmp: [type, code] }]
    : ['fd99::1', 'fd00::2', 'ICMPv6', 0, allowed, { icmp: [type, code] }];

const CORNERS: Readonly<
  Record<string, { readonly policy: object | readonly object[]; readonly probes: readonly Probe[] }>
> = {
  'a rule for IPv4 says nothing of IPv6': {
    policy: calico({ ingress: [{ action: 'Allow', ipVersion: 4 }] }),
    probes: [
      ['10.9.9.9', '10.0.0.2', 'TCP', 80, true],
      ['fd99::1', 'fd00::2', 'TCP', 80, false],
    ],
  },
  'an exclusion of IPv6 networks alone takes the rule away for IPv4': {
    policy: calico({ ingress: [{ action: 'Allow', source: { notNets: ['fd99::/64'] } }] }),
    probes: [
      ['10.9.9.9', '10.0.0.2', 'TCP', 80, false],
      ['fd98::1', 'fd00::2', 'TCP', 80, true],
      ['fd99::1', 'fd00::2', 'TCP', 80, false],
    ],
  },
  'a policy with egress rules and no types is about both directions': {
    policy: kubernetes({ egress: [{ to: [{ podSelector: { matchLabels: { app: 'db' } } }] }] }),
    probes: [
      ['10.0.0.1', '10.9.9.9', 'TCP', 80, false],
      ['10.9.9.9', '10.0.0.1', 'TCP', 80, false],
    ],
  },
  'a policy without egress rules and types is about ingress alone': {
    policy: kubernetes({ egress: [] }),
    probes: [
      ['10.0.0.1', '10.9.9.9', 'TCP', 80, true],
      ['10.9.9.9', '10.0.0.1', 'TCP', 80, false],
    ],
  },
  'an exclusion of one ICMP code excludes no other code of the type': {
    policy: calico({ ingress: [{ action: 'Allow', protocol: 'ICMP', notICMP: { type: 3, code: 4 } }] }),
    probes: [ping(4, 3, 4, false), ping(4, 3, 1, true), ping(4, 8, 0, true), ping(4, 8, 4, true)],
  },
  'nor in IPv6': {
    policy: calico({ ingress: [{ action: 'Allow', protocol: 'ICMPv6', notICMP: { type: 1, code: 4 } }] }),
    probes: [ping(6, 1, 4, false), ping(6, 1, 3, true), ping(6, 128, 0, true), ping(6, 128, 4, true)],
  },
  'an exclusion of an ICMP type excludes all its codes, and no other protocol': {
    policy: calico({ ingress: [{ action: 'Allow', notICMP: { type: 3 } }] }),
    probes: [
      ...[ping(4, 3, 4, false), ping(4, 3, 0, false), ping(4, 8, 3, true)],
      ...[ping(6, 3, 1, false), ping(6, 3, 0, false), ping(6, 128, 3, true)],
      ['10.9.9.9', '10.0.0.2', 'TCP', 80, true],
      ['fd99::1', 'fd00::2', 'UDP', 53, true],
    ],
  },
  'a rule of another protocol excludes no ICMP': {
    policy: calico({ ingress: [{ action: 'Allow', protocol: 'TCP', notICMP: { type: 3 } }] }),
    probes: [
      ['10.9.9.9', '10.0.0.2', 'TCP', 80, true],
      ['fd99::1', 'fd00::2', 'TCP', 80, true],
      ['10.9.9.9', '10.0.0.2', 'UDP', 80, false],
      ping(4, 8, 0, false),
      ping(6, 3, 0, false),
    ],
  },
  'no service accounts at all are no condition': {
    policy: calico({ ingress: [{ action: 'Allow', source: { serviceAccounts: {} } }] }),
    probes: [
      ['10.9.9.9', '10.0.0.2', 'TCP', 80, true],
      ['10.0.0.1', '10.0.0.2', 'TCP', 80, true],
    ],
  },
  'ranges of ports that overlap or meet are one': {
    policy: calico({
      ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: ['80:90', '0085:100', 88, '101:110'] } }],
    }),
    probes: [
      ...[80, 84, 88, 95, 100, 101, 110].map((port): Probe => ['10.9.9.9', '10.0.0.2', 'TCP', port, true]),
      ...[79, 111].map((port): Probe => ['10.9.9.9', '10.0.0.2', 'TCP', port, false]),
    ],
  },
  'who is meant is meant by each of his addresses': {
    policy: calico({ ingress: [{ action: 'Allow', source: { selector: "app == 'web'" } }] }),
    probes: [
      ['10.0.0.1', '10.0.0.2', 'TCP', 80, true],
      ['fd00::1', 'fd00::2', 'TCP', 80, true],
      ['fd00::9', 'fd00::2', 'TCP', 80, false],
    ],
  },
  'what a selector excludes is in networks of sets too': {
    policy: [
      calico({ ingress: [{ action: 'Allow', source: { notSelector: "role == 'enemy'" } }] }),
      {
        apiVersion: 'projectcalico.org/v3',
        kind: 'GlobalNetworkSet',
        metadata: { name: 'enemies', labels: { role: 'enemy' } },
        spec: { nets: ['10.9.0.0/16', '10.8.0.1'] },
      },
    ],
    probes: [
      ['10.9.9.9', '10.0.0.2', 'TCP', 80, false],
      ['10.8.0.1', '10.0.0.2', 'TCP', 80, false],
      ['10.7.0.1', '10.0.0.2', 'TCP', 80, true],
    ],
  },
  'what passed one tier is not taken to have passed the next': {
    policy: [
      { apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 'first' }, spec: { order: 1 } },
      calico({ tier: 'first', ingress: [{ action: 'Pass' }] }),
      {
        apiVersion: 'projectcalico.org/v3',
        kind: 'GlobalNetworkPolicy',
        metadata: { name: 'default.p' },
        spec: {
          selector: "app == 'db'",
          types: ['Ingress'],
          ingress: [{ action: 'Pass', source: { nets: ['10.9.9.9'] } }],
        },
      },
    ],
    probes: [
      ['10.9.9.9', '10.0.0.2', 'TCP', 80, true],
      ['10.8.8.8', '10.0.0.2', 'TCP', 80, false],
    ],
  },
  'a pod can’t give itself a label of its namespace': {
    policy: calico({ ingress: [{ action: 'Allow', source: { selector: "pcns.owner == 'pod'" } }] }),
    probes: [
      ['10.0.0.1', '10.0.0.2', 'TCP', 80, false],
      ['10.0.0.2', '10.0.0.1', 'TCP', 80, true],
    ],
  },
  'nor one that its namespace doesn’t have': {
    policy: [
      calico({ ingress: [{ action: 'Allow', source: { selector: 'has(pcns.team) || has(pcsa.role)' } }] }),
      kubernetes({
        podSelector: { matchLabels: { app: 'api' } },
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'trusted' } } }] }],
      }),
    ],
    probes: [
      ['10.0.0.1', '10.0.0.2', 'TCP', 80, false],
      ['10.0.0.1', '10.0.0.3', 'TCP', 80, false],
    ],
  },
  'nor a service account that it does not have': {
    policy: [calico({ ingress: [{ action: 'Allow', source: { serviceAccounts: { names: ['admin'] } } }] })],
    probes: [
      ['10.0.0.1', '10.0.0.2', 'TCP', 80, false],
      ['10.0.0.2', '10.0.0.3', 'TCP', 80, true],
    ],
  },
  'a network set of a namespace has the namespace’s labels': {
    policy: [
      calico({ ingress: [{ action: 'Allow', source: { namespaceSelector: "owner == 'namespace'" } }] }),
      calicoSet('NetworkSet', { name: 'partners', namespace: 'red' }, ['10.9.0.0/16', 'fd99::/64']),
      calicoSet('NetworkSet', { name: 'partners', namespace: 'blue' }, ['10.8.0.0/16']),
      calicoSet('GlobalNetworkSet', { name: 'all' }, ['10.7.0.0/16']),
      administrators({
        subject: { pods: { podSelector: { matchLabels: { app: 'api' } } } },
        ingress: [
          { action: 'Accept', from: [{ namespaces: { matchLabels: { owner: 'namespace' } } }] },
          { action: 'Deny', from: [{ networks: ['0.0.0.0/0'] }] },
        ],
      }),
    ],
    probes: [
      ...['10.0.0.2', '10.0.0.3'].flatMap((to): Probe[] => [
        ['10.9.9.9', to, 'TCP', 80, true],
        ['10.8.9.9', to, 'TCP', 80, false],
        ['10.7.9.9', to, 'TCP', 80, false],
        ['10.0.0.1', to, 'TCP', 80, true],
      ]),
      ['fd99::1', 'fd00::2', 'TCP', 80, true],
    ],
  },
  'and can’t give them to itself': {
    policy: [
      calico({ ingress: [{ action: 'Allow', source: { namespaceSelector: "owner == 'namespace'" } }] }),
      calicoSet('NetworkSet', { name: 'liar', namespace: 'blue', labels: { 'pcns.owner': 'namespace' } }, [
        '10.9.0.0/16',
      ]),
    ],
    probes: [
      ['10.9.9.9', '10.0.0.2', 'TCP', 80, false],
      ['10.0.0.1', '10.0.0.2', 'TCP', 80, true],
    ],
  },
};

/** The corners as a file of cases. */
export const corners: CaseFile = caseFile.parse({
  format: 'policy-verdicts/1',
  cases: Object.entries(CORNERS).map(([id, { policy, probes }]) => ({
    id,
    world,
    steps: [{ apply: [policy].flat(), expect: [{ probes }] }],
  })),
});
