import t from 'tap';
import { desiredFilter } from '../../src/calc/bgp-filters.ts';
import type { FilterList } from '../../src/calc/desired/index.ts';
import { type BGPFilter, newResource } from '../../src/model/index.ts';

type Rule = Readonly<Record<string, unknown>>;

function filter(list: FilterList, ...rules: readonly Rule[]): BGPFilter {
  return newResource('BGPFilter', { name: 'f' }, { [list]: rules } as BGPFilter['spec']);
}

function rendered(list: FilterList, rule: Rule) {
  const { lists, problems } = desiredFilter(filter(list, rule));
  return { rule: lists[list][0], problems };
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
    t.same(of.rule.match, match, JSON.stringify(rule));
    t.same(of.problems, []);
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
    rule: { match: {} },
    problems: [],
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
    const { rule: none, problems } = rendered('exportV4', rule);
    t.equal(none, undefined, JSON.stringify(rule));
    t.equal(problems.length, 1);
    t.match(problems[0], /^BGPFilter f exportV4\[0\] matches nothing: /);
    t.match(problems[0], reason);
  }
});
