import { readFileSync } from 'node:fs';
import t from 'tap';
import { Calculation, type SourceUpdate } from '../../src/calc/index.ts';
import { EXTENSIONS } from '../../src/calc/peer-extensions.ts';
import { node, pool, put } from './resources.ts';
import { listed } from './tunnels.ts';

function said(values: Readonly<Record<string, string>>): { annotations: Record<string, string> } {
  return {
    annotations: Object.fromEntries(
      Object.entries(values).map(([field, text]) => [`vrouter.projectcalico.org/${field}`, text]),
    ),
  };
}

function tor(values: Readonly<Record<string, string>>, peerIP?: string): SourceUpdate {
  return put('BGPPeer', 'tor', { ...(peerIP && { peerIP }), asNumber: 65001 }, said(values));
}

function bgpOf(...updates: readonly SourceUpdate[]) {
  const calculation = new Calculation({ nodename: 'a' });
  calculation.apply([node('a', '10.0.0.1'), ...updates]);
  const { bgp } = calculation.desired();
  return { bgp, peers: listed(bgp?.peers), problems: bgp?.problems ?? [] };
}

/** Each annotation: a good value with what it comes to, and a bad one with what is said of it. */
const CASES: readonly (readonly [field: string, good: string, meaning: object, bad: string, why: RegExp])[] = [
  ['families', 'ipv4, ipv6', { families: [4, 6] }, 'ipv5', /is not a list of ipv4, ipv6/],
  ['maxPrefixes', '1000', { maxPrefixes: 1000 }, '0', /is not a number from 1 to 4294967295/],
  ['maxPrefixesWarning', '80', { maxPrefixesWarning: 80 }, '101', /is not a number from 1 to 100/],
  ['maxPrefixesRestart', '5m', { maxPrefixesRestart: 300 }, '5', /is not a duration such as 5m/],
  ['failureDetectionMode', 'BFD', { failureDetection: 'any' }, 'bfd', /is not None, BFDIfDirectlyConnected, BFD/],
  ['role', 'Customer', { role: 'customer' }, 'boss', /is not provider, rs, rs-client, customer, peer/],
  ['strictRole', 'true', { strictRole: true }, 'yes', /is not true or false/],
  ['removePrivateAS', 'true', { removePrivateAS: true }, '', /is not true or false/],
  ['addPath', 'Both', { addPath: 'both' }, 'all', /is not none, send, receive, both/],
  ['linkBandwidth', '2.5G', { linkBandwidth: 2.5e9 }, '10Gbit', /is not bits a second, such as 10G/],
  ['acceptOwnPrefixes', 'false', { acceptOwnPrefixes: false }, 'maybe', /is not true or false/],
  ['interfaces', 'eth1,eth2', { address: '%eth1', families: [4, 6] }, 'a/b', /is not a list of interfaces/],
  ['interface', 'eth1', { address: '%eth1', families: [4, 6] }, '', /is not a list of interfaces/],
];

t.test('every annotation of a BGPPeer has its meaning; one that can’t be read leaves no session', async (t) => {
  t.same(CASES.map(([field]) => field).sort(), [...EXTENSIONS.BGPPeer].sort());
  for (const [field, good, meaning, bad, why] of CASES) {
    const peerIP = field.startsWith('interface') ? undefined : '192.0.2.1';
    t.match(bgpOf(tor({ [field]: good }, peerIP)).peers[0], meaning, field);
    const wrong = bgpOf(tor({ [field]: bad }, '192.0.2.1'));
    t.same(wrong.peers, [], field);
    t.match(wrong.problems, [why], field);
    t.match(wrong.problems, [/^BGPPeer tor: no session: annotation vrouter\.projectcalico\.org/], field);
  }
});

t.test('an annotation that nobody knows is told of, and the session runs', async (t) => {
  const { peers, problems } = bgpOf(tor({ maxPrefix: '5' }, '192.0.2.1'));
  t.equal(peers.length, 1);
  t.match(problems, [
    /^BGPPeer tor: annotation vrouter\.projectcalico\.org\/maxPrefix is not known; there are .*maxPrefixes/,
  ]);
});

t.test('peers on links: each link one, and a link-local address takes the link of the annotation', async (t) => {
  const addresses = (update: SourceUpdate) =>
    bgpOf(update).peers.map(({ address, localAddress }) => [address, localAddress]);
  t.same(addresses(tor({ interfaces: 'eth1,eth2' })), [
    ['%eth1', undefined],
    ['%eth2', undefined],
  ]);
  t.same(addresses(tor({ interface: 'eth1' }, 'FE80:0::1')), [['fe80::1%eth1', undefined]]);
  t.same(addresses(tor({}, 'fe80::1%eth3')), [['fe80::1%eth3', undefined]]);
  t.same(addresses(tor({}, 'fe80::1')), [], 'of a link that nobody names');
  t.match(bgpOf(tor({}, 'fe80::1')).problems, [/^BGPPeer tor: no session: fe80::1 is link-local; name its link/]);
});

t.test('ebgpRequiresPolicy is the cluster’s; what can’t be read counts as true', async (t) => {
  const of = (text: string) => bgpOf(put('BGPConfiguration', 'default', {}, said({ ebgpRequiresPolicy: text })));
  t.same(EXTENSIONS.BGPConfiguration, ['ebgpRequiresPolicy', 'rpkiCaches', 'rpkiInvalid']);
  t.equal(of('true').bgp?.ebgpRequiresPolicy, true);
  t.equal(of('false').bgp?.ebgpRequiresPolicy, false);
  t.equal(of('on').bgp?.ebgpRequiresPolicy, true);
  t.match(of('on').problems, [/^BGPConfiguration default: annotation .*'on' is not true or false: it counts as true/]);
});

t.test(
  'RPKI caches are the cluster’s; what can’t be read asks none, or refuses, and touches no other setting',
  async (t) => {
    const of = (extensions: object) => bgpOf(put('BGPConfiguration', 'default', {}, said(extensions as never)));
    const caches = (text: string) => of({ rpkiCaches: text }).bgp?.rpkiCaches;
    t.same(caches('10.0.0.50:3323, cache.example,[fd00::50]:323'), [
      { address: '10.0.0.50', port: 3323 },
      { address: 'cache.example', port: 323 },
      { address: 'fd00::50', port: 323 },
    ]);
    for (const wrong of ['', '10.0.0.50:0', '10.0.0.50:65536', 'fd00::50:323', '10.0.0.50:323,', 'a b']) {
      t.same(caches(wrong), [], `'${wrong}'`);
      t.equal(of({ rpkiCaches: wrong }).bgp?.ebgpRequiresPolicy, undefined);
    }
    t.match(of({ rpkiCaches: 'a b' }).problems, [/rpkiCaches 'a b' is not a list of HOST:PORT.*: no cache is asked$/]);
    t.equal(of({ rpkiInvalid: 'Reject' }).bgp?.rpkiInvalid, 'Reject');
    t.equal(of({ rpkiInvalid: 'drop' }).bgp?.rpkiInvalid, 'Reject');
    t.match(of({ rpkiInvalid: 'drop' }).problems, [/'drop' is not Accept, Reject: it counts as Reject$/]);
  },
);

t.test('external peers that so get nothing are named', async (t) => {
  const required = put('BGPConfiguration', 'default', {}, said({ ebgpRequiresPolicy: 'true' }));
  const problemsOf = (spec: object) =>
    bgpOf(required, put('BGPPeer', 'tor', { peerIP: '192.0.2.1', ...spec })).problems;
  t.match(problemsOf({ asNumber: 65001 }), [/^BGPPeer tor: it gets and gives no routes: ebgpRequiresPolicy is set/]);
  t.same(problemsOf({ asNumber: 64512 }), [], 'an internal one');
  t.same(problemsOf({ asNumber: 65001, localASNumber: 65001 }), []);
  t.same(problemsOf({ asNumber: 65001, filters: ['f'] }), [
    'BGPFilter f does not exist: peers that name it do without',
  ]);
});

t.test('pods are waited for where nobody listens: the status says so', async (t) => {
  const config = { localWorkloadPeeringIPV4: '169.254.0.179', bindMode: 'NodeIP' } as const;
  const pods = put('BGPPeer', 'pods', { localWorkloadSelector: 'all()', asNumber: 65401 });
  t.match(bgpOf(put('BGPConfiguration', 'default', config), pods).problems, [
    /^BGPPeer pods: no session with pods: with bindMode NodeIP/,
  ]);
});

t.test('the cluster’s own prefixes are pools and services; without the mesh others carry its routes', async (t) => {
  const pools = [
    pool('p', '10.244.0.0/16'),
    pool('six', 'fd00:10::/64'),
    pool('others', '10.99.0.0/16', { disabled: true }),
  ];
  const config = (spec: object) =>
    put('BGPConfiguration', 'default', { serviceClusterIPs: [{ cidr: '10.96.0.0/12' }], ...spec });
  const own = bgpOf(...pools, config({})).bgp;
  t.same(own?.ownPrefixes, ['10.244.0.0/16', '10.96.0.0/12', 'fd00:10::/64']);
  t.equal(own?.carriedByOthers, false);
  t.equal(bgpOf(...pools, config({ nodeToNodeMeshEnabled: false })).bgp?.carriedByOthers, true);
});

t.test('the page for users names every annotation', async (t) => {
  const page = readFileSync('docs/howto/tor-peering.md', 'utf8');
  for (const field of [...EXTENSIONS.BGPPeer, ...EXTENSIONS.BGPConfiguration]) {
    t.ok(page.includes(`vrouter.projectcalico.org/${field}`), field);
  }
});
