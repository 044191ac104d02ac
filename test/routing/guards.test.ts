import t from 'tap';
import { Entries } from '../../src/base/index.ts';
import type { DesiredBgp, DesiredPeer } from '../../src/calc/index.ts';
import { Peers } from '../../src/routing/peers.ts';

const TIMERS = { holdTime: 90, connectRetryTime: 30, restartTime: 120 };
const OWN = ['10.244.0.0/16', '10.96.0.0/12'];
const tor: DesiredPeer = {
  ...{ address: '172.16.0.2', port: 179, asn: 65001, type: 'global', name: 'tor', filters: [], nextHop: 'auto' },
} as const;

/** What the speaker is told of the peer in a cluster of AS 64512 with these pools and services. */
function told(peer: DesiredPeer, more: Partial<DesiredBgp> = {}) {
  const peers = Entries.of([[`${peer.address} ${peer.port}`, peer]]);
  const filters: DesiredBgp['filters'] = new Map([['empty', { name: 'empty', problems: [], lists: LISTS }]]);
  const [config] = new Peers(TIMERS).take(
    { peers, filters, communities: [], asn: 64512, ownPrefixes: OWN, ...more },
    [],
  ).changed;
  return config;
}

const ACCEPT = [{ name: 'everything', match: {}, action: 'accept' as const }];
const LISTS = { importV4: ACCEPT, exportV4: ACCEPT, importV6: [], exportV6: [] };

t.test('a router is not believed about the cluster’s own prefixes, unless it carries them or is let', async (t) => {
  const guards = (peer: DesiredPeer, more?: Partial<DesiredBgp>) =>
    (told(peer, more).importFilter?.rules ?? []).filter((rule) => rule.guards).map((rule) => rule.match.prefix?.cidr);
  t.same(guards(tor), OWN);
  t.same(guards({ ...tor, filters: ['empty'] }), OWN, 'before its own filters');
  t.same(guards({ ...tor, ofCluster: true }), [], 'a node');
  t.same(guards({ ...tor, acceptOwnPrefixes: true }), []);
  t.same(guards(tor, { carriedByOthers: true }), [], 'no mesh: it may be all that joins the nodes');
  t.same(guards({ ...tor, acceptOwnPrefixes: false }, { carriedByOthers: true }), OWN);
  t.same(guards({ ...tor, type: 'local workload' }, { carriedByOthers: true }), OWN, 'a pod is no carrier');
});

t.test('with ebgpRequiresPolicy an external peer without filters gets and gives nothing', async (t) => {
  const required = { ebgpRequiresPolicy: true };
  const rejectsAll = { rules: [], default: 'reject' };
  t.match(told(tor, required), { importFilter: rejectsAll, exportFilter: rejectsAll });
  t.match(told(tor), { importFilter: { default: 'accept' } }, 'not by itself');
  t.match(told({ ...tor, filters: ['empty'] }, required), { importFilter: { default: 'accept' } });
  t.match(told({ ...tor, asn: 64512 }, required), { importFilter: { default: 'accept' } }, 'an internal one');
  t.match(
    told({ ...tor, localAsn: 65001 }, required),
    { importFilter: { default: 'accept' } },
    'internal by our other AS',
  );
  t.match(told({ ...tor, ofCluster: true }, required).exportFilter, { name: 'export default' }, 'a node');
});

t.test(
  'with rpkiInvalid Reject what others than nodes tell with an invalid origin is refused, before their filters',
  async (t) => {
    const refused = (peer: DesiredPeer, more?: Partial<DesiredBgp>) =>
      (told(peer, more).importFilter?.rules ?? []).findIndex(({ match }) => match.originValidity === 'invalid');
    t.equal(refused({ ...tor, filters: ['empty'] }, { rpkiInvalid: 'Reject' }), OWN.length);
    t.equal(refused(tor, { rpkiInvalid: 'Accept' }), -1);
    t.equal(refused(tor), -1);
    t.equal(refused({ ...tor, ofCluster: true }, { rpkiInvalid: 'Reject' }), -1, 'a node');
  },
);

t.test('the rules of a session with both families are each about its own', async (t) => {
  const both = told({ ...tor, address: 'fe80::1%eth1', families: [4, 6], filters: ['empty'] });
  t.same(both.families, ['ipv4-unicast', 'ipv6-unicast']);
  t.match(both.exportFilter?.rules, [{ match: { prefix: { cidr: '0.0.0.0/0', operator: 'in' } } }]);
});

t.test('what a BGPPeer’s annotations ask for reaches the library', async (t) => {
  const limits = { maxPrefixes: 10, maxPrefixesRestart: 300, role: 'customer', strictRole: true } as const;
  t.match(told({ ...tor, ...limits, removePrivateAS: true }), { ...limits, removePrivateAs: true });
  const paths = { addPath: 'both', linkBandwidth: 1e10 } as const;
  t.match(told({ ...tor, ...paths }), paths);
});
