import t from 'tap';
import { Calculation, type SourceUpdate } from '../../src/calc/index.ts';
import { newResource, type ResourceOf } from '../../src/model/index.ts';
import { listed } from './tunnels.ts';

const ADDRESS = '10.0.0.200';
const NAMES = ['a', 'b', 'c', 'far'];

function put(resource: NonNullable<SourceUpdate['resource']>): SourceUpdate {
  return { key: { kind: resource.kind, name: resource.metadata.name }, resource };
}

function node(
  name: string,
  { labels = {}, ...status }: { labels?: Record<string, string>; ready?: false; unschedulable?: true } = {},
) {
  const at = NAMES.indexOf(name) + 1;
  const spec = {
    bgp: {
      ipv4Address: name === 'far' ? '10.9.0.1/24' : `10.0.0.${at}/24`,
      ipv6Address: name === 'far' ? 'fd00:9::1/64' : `fd00::${at}/64`,
      ipv4IPIPTunnelAddr: '',
    },
    ipv4VXLANTunnelAddr: `10.244.${at}.0`,
    ipv6VXLANTunnelAddr: `fd00:244::${at}`,
  };
  return put({ ...newResource('Node', { name, labels }, spec as ResourceOf<'Node'>['spec']), status });
}

function pool(name: string, said: Readonly<Record<string, string>>, spec: Partial<ResourceOf<'IPPool'>['spec']> = {}) {
  const entries = Object.entries(said).map(([field, text]) => [`vrouter.projectcalico.org/${field}`, text]);
  const metadata = { name, annotations: Object.fromEntries(entries) };
  return put(newResource('IPPool', metadata, { cidr: '10.99.0.0/24', natOutgoing: true, ...spec }));
}

/** How each node leads what the pool's pods send out, and what each says of it. */
function told(...updates: readonly SourceUpdate[]) {
  return toldWith({}, ...updates);
}

function toldWith(options: { readonly bgp?: boolean }, ...updates: readonly SourceUpdate[]) {
  const all = [...NAMES.map((name) => node(name)), ...updates];
  const desired = NAMES.map((nodename) => {
    const calculation = new Calculation({ nodename, ...options });
    calculation.apply(all);
    return calculation.desired();
  });
  const ways = desired.map(({ nat }) => nat.egress?.pools.map(({ way }) => way) ?? []);
  return {
    ways,
    owners: NAMES.filter((_, at) => ways[at].some(({ kind }) => kind === 'here')),
    answers: desired.map(({ reachability }) => listed(reachability?.addresses).map(({ address }) => address)),
    announced: desired.map(({ bgp }) => listed(bgp?.announce).map(({ cidr }) => cidr)),
    gateways: desired.map(({ nat }) => nat.egress?.pools.map(({ gateway }) => gateway)),
    problems: desired[0].host.problems ?? [],
    inside: desired[0].nat.egress?.inside[4],
  };
}

const ASKED = pool('p', { egressAddress: ADDRESS });

t.test('one node is the gateway, and answers for the address', async (t) => {
  const { owners, answers, ways } = told(ASKED);
  t.equal(owners.length, 1);
  t.same(
    answers,
    NAMES.map((name) => (name === owners[0] ? [ADDRESS] : [])),
  );
  const via = `10.0.0.${NAMES.indexOf(owners[0]) + 1}`;
  for (const [at, name] of NAMES.entries()) {
    if (name === owners[0]) continue;
    t.match(ways[at], name === 'far' ? [{ kind: 'none', reason: /on another subnet/ }] : [{ kind: 'subnet', via }]);
  }
});

t.test('of a gateway that is not ready another takes the place, of one that is cordoned too', async (t) => {
  const [first] = told(ASKED).owners;
  for (const state of [{ ready: false }, { unschedulable: true }] as const) {
    const { owners } = told(ASKED, node(first, state));
    t.equal(owners.length, 1);
    t.not(owners[0], first);
  }
  const cordoned = ['a', 'b', 'c'].map((name) => node(name, { unschedulable: true }));
  t.same(told(ASKED, ...cordoned).owners, [first], 'where all are, none is left out');
});

t.test('egressNodes says which nodes may', async (t) => {
  const chosen = pool('p', { egressAddress: ADDRESS, egressNodes: "role == 'edge'" });
  for (const name of ['a', 'b', 'c']) t.same(told(chosen, node(name, { labels: { role: 'edge' } })).owners, [name]);
  const { owners, ways, problems } = told(chosen, node('far', { labels: { role: 'edge' } }));
  t.same(owners, [], 'but not where it is not on the subnet of the address');
  t.match(
    ways.flat(),
    NAMES.map(() => ({ kind: 'none' })),
  );
  t.match(problems, [/^IPPool p: egressAddress 10\.0\.0\.200: no node that egressNodes selects .* can not leave/]);
});

t.test('packets travel as the pool’s do', async (t) => {
  const asEdge = (name: string) => node(name, { labels: { role: 'edge' } });
  const way = (spec: object, at: number) =>
    told(pool('p', { egressAddress: ADDRESS, egressNodes: 'has(role)' }, spec), asEdge('a')).ways[at][0];
  const [near, far] = [1, 3];
  t.same(way({ vxlanMode: 'Always' }, near), { kind: 'vxlan', via: '10.244.1.0' });
  t.same(way({ vxlanMode: 'CrossSubnet' }, near), { kind: 'subnet', via: '10.0.0.1' });
  t.same(way({ vxlanMode: 'CrossSubnet' }, far), { kind: 'vxlan', via: '10.244.1.0' });
  t.same(way({ ipipMode: 'Always' }, near), { kind: 'ipip', via: '10.0.0.1' });
  t.same(way({ ipipMode: 'CrossSubnet' }, far), { kind: 'ipip', via: '10.0.0.1' });
});

t.test('IPv6 pools have IPv6 addresses, by the same rules', async (t) => {
  const spec = { cidr: 'fd00:99::/64' };
  const six = (said: Readonly<Record<string, string>> = {}, more: object = {}) =>
    pool('p', { egressAddress: 'fd00::200', ...said }, { ...spec, ...more });
  const { owners, answers, ways } = told(six());
  t.equal(owners.length, 1);
  t.same(
    answers,
    NAMES.map((name) => (name === owners[0] ? ['fd00::200'] : [])),
  );
  t.match(ways[3], [{ kind: 'none', reason: /on another subnet, and the pool has no tunnel/ }]);
  const edge = node('a', { labels: { role: 'edge' } });
  const chosen = (more: object) => told(six({ egressNodes: 'has(role)' }, more), edge).ways;
  t.same(chosen({})[1], [{ kind: 'subnet', via: 'fd00::1' }]);
  t.same(chosen({ vxlanMode: 'Always' })[1], [{ kind: 'vxlan', via: 'fd00:244::1' }]);
  t.same(chosen({ vxlanMode: 'CrossSubnet' })[3], [{ kind: 'vxlan', via: 'fd00:244::1' }]);
});

t.test('an address on no node’s subnet is announced by its gateway alone, and answered for by nobody', async (t) => {
  for (const [egressAddress, cidr, announcedAs] of [
    ['192.0.2.7', '10.99.0.0/24', '192.0.2.7/32'],
    ['fd00:abc::7', 'fd00:99::/64', 'fd00:abc::7/128'],
  ]) {
    const asked = pool('p', { egressAddress }, { cidr, vxlanMode: 'Always' });
    const { owners, answers, announced, gateways } = told(asked);
    t.equal(owners.length, 1);
    t.same(
      announced,
      NAMES.map((name) => (name === owners[0] ? [announcedAs] : [])),
    );
    t.same(answers.flat(), []);
    t.same(
      gateways,
      NAMES.map(() => owners),
    );
    const next = told(asked, node(owners[0], { ready: false }));
    t.not(next.owners[0], owners[0], 'when it is not ready another one is');
    t.same(
      next.announced,
      NAMES.map((name) => (name === next.owners[0] ? [announcedAs] : [])),
    );
  }
  const { owners } = told(
    pool('p', { egressAddress: '192.0.2.7', egressNodes: 'has(x)' }),
    node('far', { labels: { x: 'y' } }),
  );
  t.same(owners, ['far'], 'whatever subnet its gateway is on');
  t.same(told(ASKED).announced.flat(), [], 'one on a subnet is not announced');
});

t.test('with WireGuard it is told that the way to the gateway is in clear, but where it is not', async (t) => {
  const edge = node('b', { labels: { role: 'edge' } });
  const problems = (settings: ResourceOf<'FelixConfiguration'>['spec'], spec: object = {}) =>
    told(
      edge,
      put(newResource('FelixConfiguration', { name: 'default' }, settings)),
      pool('p', { egressAddress: ADDRESS, egressNodes: 'has(role)' }, spec),
    ).problems;
  const encrypting = { wireguardEnabled: true };
  t.match(problems(encrypting), [/^IPPool p: what its pods send by way of their gateway b is not encrypted/]);
  t.match(problems(encrypting, { vxlanMode: 'Always' }), [/not encrypted/]);
  const all = { ...encrypting, wireguardHostEncryptionEnabled: true };
  t.same(problems(all, { vxlanMode: 'Always' }), [], 'nodes’ own packets are encrypted, so the tunnel’s are');
  t.match(problems(all), [/not encrypted/]);
  t.same(problems({}), []);
});

t.test('what can’t be announced is told', async (t) => {
  const { problems, announced, owners } = toldWith({ bgp: false }, pool('p', { egressAddress: '192.0.2.7' }));
  t.match(problems, [/^IPPool p: egressAddress 192\.0\.2\.7: it is on no node’s subnet, and without BGP nobody can/]);
  t.same([announced.flat(), owners], [[], []]);
});

t.test('pools of several that share an address share its gateway', async (t) => {
  const { ways, announced } = told(
    pool('p', { egressAddress: '192.0.2.7' }),
    pool('q', { egressAddress: '192.0.2.7' }, { cidr: '10.98.0.0/24' }),
  );
  t.equal(ways.filter(([p, q]) => p.kind === 'here' && q.kind === 'here').length, 1);
  t.same(announced.flat(), ['192.0.2.7/32'], 'and it is announced once');
});

t.test('what is inside the cluster is led nowhere else', async (t) => {
  const { inside } = told(ASKED, pool('q', {}, { cidr: '10.98.0.0/16' }));
  t.same(inside, ['10.98.0.0/16', '10.99.0.0/24', '169.254.0.0/16', '224.0.0.0/4']);
  t.equal(told(pool('q', {})).inside, undefined, 'where nobody asks there is nothing');
});

t.test('what can’t be read or had is told', async (t) => {
  const wrong: readonly (readonly [said: Record<string, string>, why: RegExp, spec?: object])[] = [
    [
      { egressAddress: 'fd00::1' },
      /egressAddress fd00::1 is of the other family: 10\.99\.0\.0\/24 needs an IPv4 address/,
    ],
    [{ egressAddress: ADDRESS, egressNodes: 'role ==' }, /egressNodes 'role ==' is not a selector of nodes/],
    [{ egressAddres: ADDRESS }, /egressAddres is not known; there are egressAddress, egressNodes/],
    [{ egressNodes: 'all()' }, /has no effect without an egressAddress/],
    [{ egressAddress: '10.99.0.7' }, /is inside IPPool p/],
    [{ egressAddress: '10.0.0.2' }, /10\.0\.0\.2 is a node's own address/],
    [{ egressAddress: ADDRESS }, /is of the other family: fd00:99::\/64 needs an IPv6/, { cidr: 'fd00:99::/64' }],
    [
      { egressAddress: ADDRESS },
      /has no effect: no pod has .* allowedUses are LoadBalancer/,
      { allowedUses: ['LoadBalancer'] },
    ],
    [{ egressAddress: ADDRESS }, /has no effect: .* allowedUses are Tunnel/, { allowedUses: ['Tunnel'] }],
    [
      { egressAddress: ADDRESS, egressNodes: 'has(nothing)' },
      /p: egressAddress .*: egressNodes 'has\(nothing\)' selects no node/,
    ],
    [{ egressAddress: '10.0.0.256' }, /egressAddress '10\.0\.0\.256' is not an IP address/],
  ];
  for (const [said, why, spec] of wrong) {
    const { owners, problems } = told(pool('p', said, spec));
    t.same(owners, [], JSON.stringify(said));
    t.match(problems, [why]);
  }
  const other = pool('q', { egressAddress: ADDRESS, egressNodes: 'has(x)' }, { cidr: '10.98.0.0/16' });
  t.match(told(ASKED, other).problems, [
    /IPPool q: egressAddress .* is that of IPPool p, whose egressNodes are others/,
  ]);
});
