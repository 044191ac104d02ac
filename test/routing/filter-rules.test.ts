import t from 'tap';
import { type BGPFilter, newResource } from '../../src/model/index.ts';
import { type RuleList, renderRules } from '../../src/routing/filter-rules.ts';
import { filterProblems } from '../../src/routing/filters.ts';

type Rule = Readonly<Record<string, unknown>>;

function filter(list: RuleList, ...rules: readonly Rule[]): BGPFilter {
  return newResource('BGPFilter', { name: 'f' }, { [list]: rules } as BGPFilter['spec']);
}

function rendered(list: RuleList, rule: Rule) {
  return renderRules(filter(list, rule), list)[0];
}

t.test('every criterion of the API has its match', async (t) => {
  const rows: readonly [Rule, unknown][] = [
    [{}, {}],
    [{ cidr: '10.1.0.0/16', matchOperator: 'Equal' }, { prefix: { cidr: '10.1.0.0/16', operator: 'equal' } }],
    [{ cidr: '10.1.0.0/16', matchOperator: 'NotEqual' }, { prefix: { cidr: '10.1.0.0/16', operator: 'not-equal' } }],
    [{ cidr: '10.1.0.0/16', matchOperator: 'In' }, { prefix: { cidr: '10.1.0.0/16', operator: 'in' } }],
    [{ cidr: '10.1.0.0/16', matchOperator: 'NotIn' }, { prefix: { cidr: '10.1.0.0/16', operator: 'not-in' } }],
    [
      { cidr: '10.1.0.0/16', matchOperator: 'In', prefixLength: { min: 20, max: 26 } },
      { prefix: { cidr: '10.1.0.0/16', operator: 'in', min: 20, max: 26 } },
    ],
    [{ source: 'RemotePeers' }, { source: 'bgp' }],
    [{ interface: '*.calico' }, { interface: '*.calico' }],
    [{ peerType: 'eBGP' }, { peerType: 'ebgp' }],
    [{ peerType: 'iBGP' }, { peerType: 'ibgp' }],
    [{ communities: { values: ['65000:1'] } }, { community: '65000:1' }],
    [{ communities: { values: ['65000:1:2'] } }, { community: '65000:1:2' }],
    [{ asPathPrefix: [65001, '1.10'] }, { asPathPrefix: [65001, 65546] }],
    [{ priority: 1024 }, { localPref: 2147482623 }],
    [
      { interface: 'eth0', source: 'RemotePeers' },
      { interface: 'eth0', source: 'bgp' },
    ],
  ];
  for (const [rule, match] of rows) {
    const of = rendered('importV4', { ...rule, action: 'Reject' });
    t.same(of.kind === 'rule' && of.rule.match, match, JSON.stringify(rule));
  }
});

t.test('empty words are absent ones, as Go writes and reads them', async (t) => {
  const empty = {
    cidr: '',
    matchOperator: '',
    source: '',
    interface: '',
    peerType: '',
    asPathPrefix: [],
    operations: [],
  };
  t.match(rendered('exportV6', { ...empty, prefixLength: null, action: 'Accept' }), {
    kind: 'rule',
    rule: { match: {} },
  });
});

t.test('operations, in their order', async (t) => {
  const operations = [
    { addCommunity: { value: '65000:1' } },
    { prependASPath: { prefix: [65001, '1.10'] } },
    { prependASPath: { prefix: [65002] } },
    { setPriority: { value: 512 } },
    { addCommunity: { value: '65000:1:2' } },
  ];
  t.match(rendered('exportV4', { action: 'Accept', operations }), {
    rule: {
      set: {
        addCommunities: ['65000:1', '65000:1:2'],
        prependAsPath: [65002, 65001, 65546],
        localPref: 2147483647 - 512,
      },
    },
  });
});

t.test('what is not understood matches nothing, and the reason names it', async (t) => {
  const rows: readonly [Rule, RegExp][] = [
    [{ action: 'Log' }, /action 'Log' is not one of Accept, Reject/],
    [{}, /action '' is not one of/],
    [{ action: 'Accept', vrf: 'red' }, /vrf is not known/],
    [{ action: 'Accept', constructor: 'x' }, /constructor is not known/],
    [{ action: 'Accept', source: 'Kernel' }, /source 'Kernel' is not one of RemotePeers/],
    [{ action: 'Accept', peerType: 'Confederation' }, /peerType/],
    [{ action: 'Accept', cidr: '10.1.0.0/16' }, /matchOperator '' is not one of/],
    [{ action: 'Accept', matchOperator: 'In' }, /matchOperator without cidr/],
    [{ action: 'Accept', prefixLength: { min: 8 } }, /prefixLength without cidr/],
    [{ action: 'Accept', cidr: '10.1.0.0/16', matchOperator: 'Covers' }, /matchOperator 'Covers'/],
    [{ action: 'Accept', cidr: 'fd00::/64', matchOperator: 'In' }, /not a CIDR of IPv4/],
    [{ action: 'Accept', cidr: '10.1.0.0/16', matchOperator: 'In', prefixLength: { exact: 24 } }, /prefixLength.exact/],
    [{ action: 'Accept', communities: { values: ['65000:1', '65000:2'] } }, /2 entries/],
    [{ action: 'Accept', communities: { values: ['x'] } }, /community/],
    [{ action: 'Accept', communities: {} }, /0 entries/],
    [{ action: 'Accept', asPathPrefix: ['x'] }, /'x' is not an AS number/],
    [{ action: 'Accept', priority: 0 }, /priority '0'/],
    [{ action: 'Accept', operations: [{ setMED: { value: 1 } }] }, /setMED is not known/],
    [{ action: 'Accept', operations: [{}] }, /an entry is empty/],
    [{ action: 'Accept', operations: [{ addCommunity: { value: '1' } }] }, /community/],
  ];
  for (const [rule, reason] of rows) {
    const of = rendered('exportV4', rule);
    t.equal(of.kind, 'matches nothing', JSON.stringify(rule));
    t.match(of, { name: 'BGPFilter f exportV4[0]', reason });
  }
});

t.test('the status names rules that match nothing and filters that are not there', async (t) => {
  const peer = { address: '10.0.0.2', port: 179, asn: 64512, type: 'global', name: 'p' } as const;
  const used = { ...peer, spec: { filters: ['f', 'missing'] } };
  const filters = new Map([['f', filter('importV6', { action: 'Accept' }, { action: 'Accept', vrf: 'red' })]]);
  t.same(filterProblems({ peers: [used, used], filters }), [
    'BGPFilter f importV6[1] matches nothing: vrf is not known',
    'BGPFilter missing does not exist: peers that name it do without',
  ]);
  t.same(filterProblems({ peers: [peer], filters }), []);
});
