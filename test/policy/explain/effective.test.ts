import t from 'tap';
import { Scene } from '../../../src/policy/cases/scene.ts';
import { effectivePolicies } from '../../../src/policy/explain/index.ts';

const TIER = { apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 'sec' }, spec: { order: 10 } };

function policy(name: string, order: number, tier: string, ingress: readonly object[]) {
  const spec = { tier, order, selector: 'all()', types: ['Ingress'], ingress };
  return { apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkPolicy', metadata: { name }, spec };
}

/** The marks of all rules that a pod is asked for what comes to it, as `policy rule: mark`. */
function marksOf(policies: readonly object[], ip: readonly string[] = ['10.0.0.1', 'fd00::1']): readonly string[] {
  const scene = new Scene({
    namespaces: { red: {} },
    serviceAccounts: {},
    nodes: [],
    pods: [{ namespace: 'red', name: 'web', ip: [...ip], labels: { app: 'web' }, ports: [], hostNetwork: false }],
  });
  scene.change({ apply: [TIER, ...policies] as never, delete: [], labels: [], expect: [] });
  const { world } = scene.world();
  const { tiers, profiles } = effectivePolicies(world, world.endpoints[0], 'ingress');
  return [...tiers.flatMap((tier) => tier.policies), ...profiles].flatMap(({ name, rules }) =>
    rules.map(({ rule, shadowedBy, dead }) => {
      const mark = shadowedBy === undefined ? (dead ?? 'good') : `after ${shadowedBy}`;
      return `${name.split(' ').at(-1)} ${rule.index}: ${mark}`;
    }),
  );
}

const tcp = (ports: readonly (number | string)[], source: object = {}) => ({
  action: 'Allow',
  protocol: 'TCP',
  source,
  destination: { ports },
});

const ROWS: readonly (readonly [title: string, policies: readonly object[], marks: readonly string[]])[] = [
  [
    'a rule after one that takes more',
    [policy('one', 1, 'default', [tcp(['1:100']), tcp([80]), tcp([80, 101])])],
    ['one 0: good', 'one 1: after Allow rule 0 of GlobalNetworkPolicy one', 'one 2: good'],
  ],
  [
    'a rule of a later policy, and of a later tier',
    [
      policy('a', 1, 'sec', [{ action: 'Deny', protocol: 'TCP' }]),
      policy('b', 2, 'sec', [tcp([80])]),
      policy('c', 1, 'default', [tcp([80])]),
    ],
    ['a 0: good', 'b 0: after Deny rule 0 of GlobalNetworkPolicy a', 'c 0: after Deny rule 0 of GlobalNetworkPolicy a'],
  ],
  [
    'a Pass ends its tier alone, and what it passes comes to the next',
    [
      policy('a', 1, 'sec', [{ action: 'Pass', protocol: 'TCP' }, tcp([80]), { action: 'Deny' }]),
      policy('c', 1, 'default', [tcp([80])]),
    ],
    ['a 0: good', 'a 1: after Pass rule 0 of GlobalNetworkPolicy a', 'a 2: good', 'c 0: good'],
  ],
  [
    'after a tier that denies what it does not decide',
    [policy('a', 1, 'sec', [tcp([80])]), policy('c', 1, 'default', [tcp([81])])],
    ['a 0: good', 'c 0: after the end of tier sec'],
  ],
  ['a Log takes nothing away', [policy('a', 1, 'default', [{ action: 'Log' }, tcp([80])])], ['a 0: good', 'a 1: good']],
  [
    'nobody matches its selector, or has its port',
    [
      policy('a', 1, 'default', [
        tcp([80], { selector: "app == 'db'" }),
        tcp(['http']),
        tcp([0]),
        tcp([80], { selector: "app == 'web'" }),
      ]),
    ],
    [
      'a 0: source: nobody matches app == "db"',
      'a 1: destination: nobody has a port called http',
      'a 2: destination: port 0 is never used',
      'a 3: good',
    ],
  ],
];

t.test('rules that can decide nothing are marked', async (t) => {
  for (const [title, policies, marks] of ROWS) t.same(marksOf(policies), marks, title);
});

t.test('a rule about the other IP version is dead', async (t) => {
  const rules = [
    tcp([80], { nets: ['fd00::/8'] }),
    { ...tcp([81]), ipVersion: 6 },
    tcp([80], { nets: ['10.0.0.0/8'] }),
  ];
  const dead = 'it is about another IP version than the addresses here';
  t.same(marksOf([policy('a', 1, 'default', rules)], ['10.0.0.1']), [`a 0: ${dead}`, `a 1: ${dead}`, 'a 2: good']);
});
