import fc from 'fast-check';
import { parseAddress } from '../../src/base/index.ts';
import type { CaseObject, CaseWorld } from '../../src/policy/cases/format.ts';
import { Scene } from '../../src/policy/cases/scene.ts';
import type { Packet } from '../../src/policy/match.ts';
import type { World } from '../../src/policy/world.ts';

/**
 * Small worlds at random: few names, few labels and few ports, so that policies meet the pods, each other and their own
 * exceptions all the time. A failing one shrinks to the rules that it takes.
 */

export const POD_ADDRESSES = ['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.1.1', '10.1.1.2'];
export const OUTSIDE = ['192.0.2.7', '198.51.100.9'];
/** Of each pod. */
const ACCOUNTS = ['robot', undefined, undefined, 'robot', 'crawler'];
const PROTOCOLS = { TCP: 6, UDP: 17, SCTP: 132 } as const;
const OTHER_PROTOCOLS = { GRE: 47, UDPLite: 136 } as const;
const PORTS = [80, 81, 443];
const ECHOES = [
  { type: 8, code: 0 },
  { type: 8, code: 1 },
  { type: 0, code: 0 },
];

const label = fc.constantFrom('a', 'b');
export const labels = fc.record({ app: label, tier: label }, { requiredKeys: [] });
const selector = fc.constantFrom(
  'all()',
  "app == 'a'",
  "app == 'b'",
  "app != 'a'",
  'has(tier)',
  '!has(tier)',
  "app == 'a' && tier == 'b'",
  "app in { 'a', 'b' } || tier == 'a'",
  "pcns.team == 'red'",
);
const net = fc.constantFrom('10.1.0.0/24', '10.1.0.2/32', '10.1.0.0/30', '192.0.2.0/24', '0.0.0.0/0', 'fd00::/64');
const port = fc.oneof(
  fc.constantFrom<number | string>(80, 81, 443, '80:81', 'web', 'admin'),
  fc.constantFrom<number | string>(80, 'web'),
);

const end = fc.record(
  {
    selector,
    notSelector: selector,
    namespaceSelector: fc.constantFrom('all()', "team == 'red'", 'global()'),
    nets: fc.array(net, { minLength: 1, maxLength: 2 }),
    notNets: fc.array(net, { minLength: 1, maxLength: 2 }),
    ports: fc.array(port, { minLength: 1, maxLength: 2 }),
    notPorts: fc.array(port, { minLength: 1, maxLength: 2 }),
    serviceAccounts: fc.constantFrom<object>(
      ...[{ names: ['robot'] }, { names: ['robot', 'crawler'] }, { selector: "role == 'w'" }, { selector: 'all()' }],
      ...[{ names: ['robot'], selector: "role == 'w'" }, {}],
    ),
    services: fc.constantFrom({ name: 'web', namespace: 'red' }, { name: 'web' }, { name: 'none', namespace: 'red' }),
  },
  { requiredKeys: [] },
);

const rule = fc
  .record({
    action: fc.constantFrom('Allow', 'Allow', 'Deny', 'Pass', 'Log'),
    protocol: fc.constantFrom<string | number>('TCP', 'UDP', 'SCTP', 'UDPLite', 6),
    ipVersion: fc.constantFrom(undefined, undefined, 4, 6),
    source: end,
    destination: end,
  })
  .map(({ ipVersion, ...rest }) => (ipVersion === undefined ? rest : { ...rest, ipVersion }));
const bareRule = fc.record({
  action: fc.constantFrom('Allow', 'Deny', 'Pass'),
  notProtocol: fc.constantFrom<string | number>('TCP', 'UDP', 'ICMP', 47),
});

const icmp = fc.record({ type: fc.constantFrom(0, 8), code: fc.constantFrom(0, 1) }, { requiredKeys: ['type'] });
const icmpRule = fc.record(
  {
    action: fc.constantFrom('Allow', 'Allow', 'Deny', 'Pass'),
    protocol: fc.constantFrom<string | number>('ICMP', 'ICMPv6', 1, 58, 'TCP'),
    source: fc.record({ selector }, { requiredKeys: [] }),
    icmp,
    notICMP: icmp,
  },
  { requiredKeys: ['action'] },
);

const number = fc.constantFrom<number | string>(80, 81, 443, '80:81');
/** One that can be told apart from most packets by a network of the other end or by its ports. */
const narrowEnd = (needed: 'nets' | 'ports') =>
  fc.record(
    { nets: fc.array(net, { minLength: 1, maxLength: 2 }), ports: fc.array(number, { minLength: 1 }) },
    {
      requiredKeys: [needed],
    },
  );
const narrowRule = fc.record({
  action: fc.constantFrom('Allow', 'Allow', 'Deny', 'Pass', 'Log'),
  protocol: fc.constantFrom('TCP', 'UDP'),
  source: fc.oneof(narrowEnd('nets'), fc.constant({})),
  destination: fc.oneof(narrowEnd('nets'), narrowEnd('ports')),
});

const order = fc.constantFrom(undefined, 10, 10, 20);
const types = fc.constantFrom(['Ingress'], ['Egress'], ['Ingress', 'Egress']);
export const rules = fc.array(
  fc.oneof({ weight: 8, arbitrary: rule }, { weight: 2, arbitrary: bareRule }, { weight: 1, arbitrary: icmpRule }),
  { maxLength: 3 },
);
const name = fc.constantFrom('p1', 'p2', 'p3', 'p4');
const namespace = fc.constantFrom('red', 'blue');

export const calicoSpec = fc.record(
  {
    tier: fc.constantFrom('default', 'first', 'last', 'nowhere'),
    selector,
    types,
    ingress: rules,
    egress: rules,
    order,
    serviceAccountSelector: fc.constantFrom('all()', "role == 'w'", '!has(role)'),
  },
  { requiredKeys: ['selector', 'types'] },
);
/** What is staged changes nothing. */
const staged = fc.constantFrom('', '', '', 'Staged');
const calico: fc.Arbitrary<CaseObject> = fc.record({ name, namespace, spec: calicoSpec, staged }).map((one) => ({
  apiVersion: 'projectcalico.org/v3',
  kind: `${one.staged}NetworkPolicy`,
  metadata: { name: one.name, namespace: one.namespace },
  spec: one.spec,
}));
const namespaceSelector = fc.constantFrom(undefined, 'all()', "team == 'red'", '!has(team)');
const global: fc.Arbitrary<CaseObject> = fc
  .record({ name, spec: calicoSpec, staged, namespaceSelector })
  .map((one) => ({
    apiVersion: 'projectcalico.org/v3',
    kind: `${one.staged}GlobalNetworkPolicy`,
    metadata: { name: one.name },
    spec: { ...one.spec, ...(one.namespaceSelector && { namespaceSelector: one.namespaceSelector }) },
  }));

const peer = fc.oneof(
  fc.record({ podSelector: fc.record({ matchLabels: fc.record({ app: label }, { requiredKeys: [] }) }) }),
  fc.constant({ namespaceSelector: { matchLabels: { team: 'red' } } }),
  fc.constantFrom(
    { ipBlock: { cidr: '10.1.0.0/24', except: ['10.1.0.2/32'] } },
    { ipBlock: { cidr: '0.0.0.0/0', except: ['10.1.0.0/30'] } },
  ),
);
const kubernetesPort = fc.constantFrom(
  { port: 80, protocol: 'TCP' },
  { port: 'web', protocol: 'TCP' },
  { port: 80, endPort: 81, protocol: 'UDP' },
  { protocol: 'SCTP' },
);
const kubernetesRules = (direction: 'from' | 'to') =>
  fc.array(
    fc.record(
      { [direction]: fc.array(peer, { maxLength: 2 }), ports: fc.array(kubernetesPort, { maxLength: 2 }) },
      { requiredKeys: [] },
    ),
    { maxLength: 2 },
  );
const kubernetes: fc.Arbitrary<CaseObject> = fc
  .record({
    name,
    namespace,
    podSelector: fc.record({ matchLabels: fc.record({ app: label }, { requiredKeys: [] }) }),
    policyTypes: types,
    ingress: kubernetesRules('from'),
    egress: kubernetesRules('to'),
  })
  .map(({ name: called, namespace: where, ...spec }) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: called, namespace: where },
    spec,
  }));

const namespaces = fc.constantFrom<object>({}, { matchLabels: { team: 'red' } });
const subject = fc.oneof(
  fc.record({ namespaces }),
  fc.record({ pods: fc.record({ namespaceSelector: namespaces, podSelector: fc.record({ matchLabels: labels }) }) }),
);
const clusterPeer = fc.oneof(
  subject,
  fc.record({
    networks: fc.array(fc.constantFrom('10.1.0.0/30', '192.0.2.0/24', 'fd00::/96'), { minLength: 1, maxLength: 2 }),
  }),
);
const clusterProtocol = fc.constantFrom<object>(
  { tcp: { destinationPort: { number: 80 } } },
  { tcp: { destinationPort: { range: { start: 80, end: 81 } } } },
  { udp: {} },
  { destinationNamedPort: 'web' },
);
/** Nodes are named where traffic goes alone. */
const farPeer = {
  from: clusterPeer,
  to: fc.oneof(clusterPeer, fc.constant({ nodes: { matchLabels: { rack: '1' } } })),
};
const clusterRules = (direction: 'from' | 'to', accept: string, lanes: object) =>
  fc.array(
    fc.record(
      {
        action: fc.constantFrom(accept, 'Deny', 'Pass'),
        [direction]: fc.array(farPeer[direction], { minLength: 1, maxLength: 2 }),
        ...lanes,
      },
      { requiredKeys: ['action', direction] },
    ),
    { maxLength: 2 },
  );
const clusterSpec = (accept: string, lanes: object) => ({
  priority: fc.constantFrom(1, 1, 2),
  subject,
  ingress: clusterRules('from', accept, lanes),
  egress: clusterRules('to', accept, lanes),
});
/** An administrator's. */
const cluster: fc.Arbitrary<CaseObject> = fc
  .record({
    name,
    tier: fc.constantFrom('Admin', 'Baseline'),
    ...clusterSpec('Accept', { protocols: fc.array(clusterProtocol, { minLength: 1, maxLength: 2 }) }),
  })
  .map(({ name: called, ...spec }) => ({
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: called },
    spec,
  }));
const olderPort = fc.constantFrom<object>(
  { portNumber: { protocol: 'TCP', port: 80 } },
  { portRange: { protocol: 'UDP', start: 80, end: 81 } },
  { namedPort: 'admin' },
);
/** The same of former versions. */
const olderCluster: fc.Arbitrary<CaseObject> = fc
  .record({
    kind: fc.constantFrom('AdminNetworkPolicy', 'BaselineAdminNetworkPolicy'),
    ...clusterSpec('Allow', { ports: fc.array(olderPort, { minLength: 1, maxLength: 2 }) }),
  })
  .map(({ kind, priority, ...spec }) => ({
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind,
    metadata: { name: 'default' },
    spec: kind === 'AdminNetworkPolicy' ? { ...spec, priority } : spec,
  }));

export const tier = fc
  .record({ name: fc.constantFrom('first', 'last'), defaultAction: fc.constantFrom('Deny', 'Pass') })
  .map(({ name: called, defaultAction }): CaseObject => {
    return {
      apiVersion: 'projectcalico.org/v3',
      kind: 'Tier',
      metadata: { name: called },
      spec: { order: called === 'first' ? 1 : 2_000_000, defaultAction },
    };
  });
const networkSet = fc
  .record({ labels, nets: fc.array(net, { maxLength: 2 }), where: fc.option(namespace, { nil: undefined }) })
  .map(
    (one): CaseObject => ({
      apiVersion: 'projectcalico.org/v3',
      kind: one.where === undefined ? 'GlobalNetworkSet' : 'NetworkSet',
      metadata: { name: 'set', labels: one.labels as Record<string, string>, namespace: one.where },
      spec: { nets: one.nets },
    }),
  );
const backend = fc.record({
  ip: fc.constantFrom(...POD_ADDRESSES, ...OUTSIDE).chain((text) => fc.constantFrom(text, `fd00::${text}`)),
  port: fc.constantFrom(...PORTS),
  protocol: fc.constantFrom('TCP', 'UDP'),
});
const service = fc.record({ namespace, endpoints: fc.array(backend, { maxLength: 4 }) }).map(
  (one): CaseObject => ({
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web', namespace: one.namespace },
    endpoints: one.endpoints,
  }),
);

/** A world of five pods in two namespaces, with what is said about them. */
export interface RandomWorld {
  readonly pods: readonly Readonly<Record<string, string>>[];
  readonly objects: readonly CaseObject[];
}

export const randomWorld: fc.Arbitrary<RandomWorld> = fc.record({
  pods: fc.array(labels as fc.Arbitrary<Readonly<Record<string, string>>>, {
    minLength: POD_ADDRESSES.length,
    maxLength: POD_ADDRESSES.length,
  }),
  objects: fc
    .tuple(
      fc.array(tier, { maxLength: 2 }),
      fc.array(networkSet, { maxLength: 2 }),
      fc.array(service, { maxLength: 2 }),
      fc.array(fc.oneof(calico, global, kubernetes, cluster, olderCluster), { minLength: 1, maxLength: 5 }),
    )
    .map((parts) => parts.flat()),
});

const narrowRules = fc.array(fc.oneof({ weight: 6, arbitrary: narrowRule }, { weight: 1, arbitrary: rule }), {
  maxLength: 3,
});
const narrowPolicy: fc.Arbitrary<CaseObject> = fc
  .record({
    name: fc.nat(30).map((number) => `p${number}`),
    order,
    tier: fc.constantFrom('default', 'default', 'first'),
    ingress: narrowRules,
    egress: narrowRules,
  })
  .map(({ name: called, ...spec }) => ({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name: called },
    spec: { selector: 'all()', types: ['Ingress', 'Egress'], ...spec },
  }));

/** The same pods under many policies, of which each is about few networks and ports. */
export const crowdedWorld: fc.Arbitrary<RandomWorld> = fc
  .tuple(randomWorld, fc.array(narrowPolicy, { minLength: 10, maxLength: 25 }))
  .map(([{ pods, objects }, narrow]) => ({ pods, objects: [...objects, ...narrow] }));

/** As the judge takes it; nothing in it is misunderstood. */
export function worldOf({ pods, objects }: Pick<RandomWorld, 'pods' | 'objects'>): World {
  const start: CaseWorld = {
    namespaces: { red: { team: 'red' }, blue: { team: 'blue' } },
    serviceAccounts: { 'red/robot': { role: 'w' }, 'blue/robot': {}, 'blue/crawler': { role: 'w' } },
    nodes: [
      { name: 'near', labels: { rack: '1' }, addresses: ['192.0.2.7', 'fd00::c000:207'] },
      { name: 'far', labels: { rack: '2' }, addresses: ['198.51.100.9'] },
    ],
    pods: pods.map((own, at) => ({
      namespace: at < 3 ? 'red' : 'blue',
      name: `pod${at}`,
      serviceAccount: ACCOUNTS[at],
      ip: [POD_ADDRESSES[at], `fd00::${POD_ADDRESSES[at]}`],
      labels: own,
      ports: [{ name: at % 2 === 0 ? 'web' : 'admin', port: at < 2 ? 80 : 81, protocol: 'TCP' }],
      hostNetwork: false,
    })),
  };
  const scene = new Scene(start);
  scene.change({ apply: [...objects], delete: [], labels: [], expect: [] });
  const { world, problems } = scene.world();
  if (problems.length > 0) throw new Error(`not understood: ${problems.map(({ reason }) => reason).join('; ')}`);
  return world;
}

/** A packet from everybody to everybody, for each protocol and port, in one family; of ICMP, some types and codes; and two of others. */
export function everyPacket(family: 4 | 6): readonly Packet[] {
  const inFamily = (text: string): string => (family === 4 ? text : `fd00::${text}`);
  const ends = [...POD_ADDRESSES, ...OUTSIDE].map((text) => parseAddress(inFamily(text)));
  return ends.flatMap((source) =>
    ends
      .filter((destination) => destination !== source)
      .flatMap((destination) => [
        ...Object.values(PROTOCOLS).flatMap((protocol) =>
          PORTS.map((destinationPort) => ({ source, destination, protocol, sourcePort: 40_000, destinationPort })),
        ),
        ...Object.values(OTHER_PROTOCOLS).map((protocol) => {
          const ports = protocol === OTHER_PROTOCOLS.GRE ? [0, 0] : [40_000, 80];
          return { source, destination, protocol, sourcePort: ports[0], destinationPort: ports[1] };
        }),
        ...ECHOES.map((one) => {
          const protocol = family === 4 ? 1 : 58;
          return { source, destination, protocol, sourcePort: 0, destinationPort: 0, icmp: one };
        }),
      ]),
  );
}
