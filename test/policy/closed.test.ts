import t from 'tap';
import { parseAddress } from '../../src/base/index.ts';
import { namespaceProfile, podEndpoint } from '../../src/policy/sources/endpoint.ts';
import { policyObject, readPolicy } from '../../src/policy/sources/index.ts';
import { judge, type Verdict } from '../../src/policy/verdict.ts';
import { World } from '../../src/policy/world.ts';

/** What is not understood never opens anything, and is told. */

const pods = [
  podEndpoint({ namespace: 'red', name: 'web', labels: { app: 'web' }, addresses: ['10.0.0.1'] }),
  podEndpoint({ namespace: 'red', name: 'db', labels: { app: 'db' }, addresses: ['10.0.0.2'] }),
];

/** Whether web reaches db over TCP port 80 under these policies, and what was told of them. */
function under(...objects: readonly unknown[]): { readonly verdict: Verdict; readonly told: readonly string[] } {
  const readings = objects.map((object) => readPolicy(policyObject.parse(object)));
  const world = new World({
    tiers: [],
    policies: readings.flatMap(({ policies }) => policies),
    profiles: [namespaceProfile('red', {})],
    endpoints: pods,
    networkSets: [],
    nodes: [],
    services: new Map(),
  });
  const packet = { protocol: 6, sourcePort: 40_000, destinationPort: 80 };
  const [source, destination] = ['10.0.0.1', '10.0.0.2'].map((text) => parseAddress(text));
  const told = readings.flatMap(({ problems }) => problems.map(({ field, reason }) => `${field}: ${reason}`));
  return { verdict: judge(world, { source, destination, ...packet }), told };
}

const global = (spec: object): object => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name: 'p' },
  spec: { selector: "app == 'db'", ...spec },
});
const kubernetes = (spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'red' },
  spec,
});
const admin = (spec: object): object => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: { name: 'p' },
  spec: { tier: 'Admin', priority: 1, subject: { namespaces: {} }, ...spec },
});

const ALLOW_ALL_AFTER = { action: 'Allow' };

/** Parts of a rule that are not understood: each would match more if it were left out. */
const BROKEN_PARTS: Readonly<Record<string, object>> = {
  'a net that is none': { source: { nets: ['10.0.0.0/33'] } },
  'a net that is no text': { source: { nets: [10] } },
  'a selector that does not parse': { source: { selector: 'app = web' } },
  'a namespace selector that does not parse': { source: { namespaceSelector: '&&' } },
  'an excluding selector that does not parse': { source: { notSelector: 'has(' } },
  'a service account selector that does not parse': { source: { serviceAccounts: { selector: '!' } } },
  'a port beyond all ports': { protocol: 'TCP', destination: { ports: [65_536] } },
  'a range that goes backwards': { protocol: 'TCP', destination: { ports: ['20:10'] } },
  'a range that is written with a dash': { protocol: 'TCP', destination: { ports: ['20-90'] } },
  'a range without an end': { protocol: 'TCP', destination: { notPorts: ['20:'] } },
  'a number that is too large': { protocol: 'TCP', destination: { ports: ['100000'] } },
  'two ports in one text': { protocol: 'TCP', destination: { notPorts: ['http,https'] } },
  'a protocol that nobody knows': { protocol: 'QUIC' },
  'a protocol number beyond all': { protocol: 256 },
  'an IP version': { ipVersion: 5 },
  'a code without a type': { protocol: 'ICMP', icmp: { code: 0 } },
  'HTTP, which the kernel can’t see': { http: { methods: ['GET'] } },
  'a condition of a later version': { source: { domains: ['example.org'] } },
  'a field of a later version': { weather: 'fine' },
};

for (const [what, part] of Object.entries(BROKEN_PARTS)) {
  t.test(`a rule with ${what} allows nothing, denies all, and is told`, async (t) => {
    const allow = under(global({ ingress: [{ action: 'Allow', ...part }] }));
    t.equal(allow.verdict.allowed, false, 'Allow');
    t.match(allow.told, [/^ingress\[0\]\..+: the rule is left out$/]);
    for (const action of ['Deny', 'Pass']) {
      const closed = under(global({ ingress: [{ action, ...part }, ALLOW_ALL_AFTER] }));
      t.equal(closed.verdict.allowed, false, action);
      t.match(closed.told, [/^ingress\[0\]\..+: the rule denies all$/]);
    }
    const next = under(global({ ingress: [{ action: 'Allow', ...part }, ALLOW_ALL_AFTER] }));
    t.equal(next.verdict.allowed, true, 'the other rules are as they were');
  });
}

t.test('an action that nobody knows denies', async (t) => {
  const { verdict, told } = under(global({ ingress: [{ action: 'Permit' }, ALLOW_ALL_AFTER] }));
  t.equal(verdict.allowed, false);
  t.equal(told.length, 1);
});

t.test('a policy whose selector is not understood denies all in the rest of its scope', async (t) => {
  for (const field of ['selector', 'namespaceSelector', 'serviceAccountSelector']) {
    const { verdict, told } = under(global({ [field]: 'a =', ingress: [ALLOW_ALL_AFTER] }));
    t.equal(verdict.allowed, false, field);
    t.match(told, [/denies all in the rest of its scope/]);
  }
});

t.test('a policy whose frame is not understood denies what it selects', async (t) => {
  for (const wrong of [{ types: ['Sideways'] }, { order: 'first' }, { doNotTrack: 'yes' }, { tier: 7 }]) {
    const { verdict, told } = under(global({ ...wrong, ingress: [ALLOW_ALL_AFTER] }));
    t.equal(verdict.allowed, false, JSON.stringify(wrong));
    t.equal(told.length, 1);
  }
});

const BROKEN_KUBERNETES: Readonly<Record<string, object>> = {
  'a block that is none': { from: [{ ipBlock: { cidr: '10.0.0.0/99' } }] },
  'an exception that is none': { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['x'] } }] },
  'an operator that nobody knows': { from: [{ podSelector: { matchExpressions: [{ key: 'a', operator: 'Gt' }] } }] },
  'In without values': { from: [{ podSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: [] }] } }] },
  'Exists with values': {
    from: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists', values: ['x'] }] } }],
  },
  'a peer that says nothing': { from: [{}] },
  'a peer of a later version': { from: [{ podSelector: {}, planet: 'mars' }] },
  'an end before the begin': { ports: [{ port: 90, endPort: 80 }] },
  'a port that is a number in a text': { ports: [{ port: '80' }] },
  'an end of a name': { ports: [{ port: 'web', endPort: 80 }] },
  'a protocol that nobody knows': { ports: [{ protocol: 'QUIC', port: 80 }] },
};

for (const [what, line] of Object.entries(BROKEN_KUBERNETES)) {
  t.test(`a Kubernetes rule with ${what} allows nothing and is told`, async (t) => {
    const { verdict, told } = under(kubernetes({ podSelector: {}, policyTypes: ['Ingress'], ingress: [line] }));
    t.equal(verdict.allowed, false);
    t.match(told, [/^ingress\[0\].*: the rule is left out$/]);
  });
}

t.test('a Kubernetes policy for nobody knows whom closes its namespace', async (t) => {
  const { verdict, told } = under(kubernetes({ podSelector: { matchLabels: 7 }, ingress: [{}] }));
  t.equal(verdict.allowed, false);
  t.match(told, [/closes its whole namespace/]);
});

t.test('an administrator’s rule that is not understood fails closed by its action', async (t) => {
  const from = [{ namespaces: {}, pods: { namespaceSelector: {}, podSelector: {} } }];
  t.equal(under(admin({ ingress: [{ action: 'Accept', from }] })).verdict.allowed, true, 'an Accept is left out');
  for (const action of ['Deny', 'Pass']) {
    const { verdict, told } = under(admin({ ingress: [{ action, from }] }));
    t.equal(verdict.allowed, false, action);
    t.match(told, [/the rule denies all$/]);
  }
});

t.test('an administrator’s rule for no networks at all is not one for everybody', async (t) => {
  const from = [{ networks: [] }];
  t.match(under(admin({ ingress: [{ action: 'Accept', from }] })).told, [/the rule is left out$/]);
  t.match(under(admin({ ingress: [{ action: 'Deny', from }] })).told, [/the rule denies all$/]);
});

t.test('an administrator’s policy without a known tier or subject is left out, and told', async (t) => {
  for (const wrong of [{ tier: 'Middle' }, { subject: {} }, { subject: { hosts: {} } }]) {
    const { told } = under(admin({ ...wrong, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] }));
    t.match(told, [/the policy is left out$/]);
  }
});

t.test('so is one whose priority is none: what it accepts might stand before what denies', async (t) => {
  for (const priority of ['1', -1, 1.5]) {
    const rules = (action: string): object => ({ priority, ingress: [{ action, from: [{ namespaces: {} }] }] });
    const [open, closing] = [admin(rules('Accept')), { ...admin(rules('Deny')), metadata: { name: 'q' } }];
    t.match(under(open).told, [/^priority: .*: the policy comes first, and accepts nothing$/], String(priority));
    t.equal(under(open, kubernetes({ podSelector: {}, ingress: [] })).verdict.allowed, false);
    t.equal(under(closing).verdict.allowed, false);
  }
  const { ...spec } = admin({ ingress: [{ action: 'Accept', from: [{ namespaces: {} }] }] });
  t.same(under(spec).told, []);
});

t.test('what stands where rules are expected and is no list closes the direction, and is told', async (t) => {
  const line = { from: [{ namespaces: {} }], to: [{ namespaces: {} }], action: 'Accept' };
  for (const direction of ['ingress', 'egress']) {
    for (const object of [
      admin({ [direction]: line }),
      global({ selector: 'all()', [direction]: { action: 'Allow' } }),
      kubernetes({ podSelector: {}, [direction]: {} }),
    ]) {
      const { verdict, told } = under(object);
      t.equal(verdict.allowed, false, JSON.stringify(object));
      t.match(told, [new RegExp(`^${direction}: is no list of rules: the direction is closed$`)]);
    }
  }
});

t.test('a profile that an endpoint names and that does not exist denies all', async (t) => {
  const endpoints = pods.map((pod) => ({ ...pod, profiles: ['gone'] }));
  const world = new World({
    tiers: [],
    policies: [],
    profiles: [],
    endpoints,
    networkSets: [],
    nodes: [],
    services: new Map(),
  });
  const [source, destination] = ['10.0.0.1', '10.0.0.2'].map((text) => parseAddress(text));
  const { egress } = judge(world, { source, destination, protocol: 6, sourcePort: 1, destinationPort: 80 });
  t.match(egress, { allowed: false, reason: { kind: 'missing profile', profile: 'gone' } });
});
