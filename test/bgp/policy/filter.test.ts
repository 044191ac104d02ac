import t from 'tap';
import { PrefixTable, parsePrefix } from '../../../src/base/index.ts';
import type { FilterMatch } from '../../../src/bgp/api.ts';
import { CompiledFilter, type RouteView } from '../../../src/bgp/policy/index.ts';

const attributes = {
  asPath: () => [65001, 65002],
  communities: () => [65000 * 65536 + 100],
  extendedCommunities: () => [],
  largeCommunities: () => ['65000:1:2'],
  localPref: () => 100,
};

function route(cidr: string, more: Partial<RouteView> = {}): RouteView {
  const { family, value, length } = parsePrefix(cidr);
  const prefixes = new PrefixTable(family);
  const words = [96n, 64n, 32n, 0n].map((shift) => Number((value >> shift) & 0xffffffffn));
  const prefix =
    family === 4
      ? prefixes.intern4(Number(value), length)
      : prefixes.intern6(words[0], words[1], words[2], words[3], length);
  return {
    family,
    prefixes,
    prefix,
    source: 'bgp',
    tag: undefined,
    interface: () => undefined,
    attributes: () => attributes,
    ...more,
  };
}

function matches(match: FilterMatch, of: RouteView, peerType: 'ebgp' | 'ibgp' = 'ibgp'): boolean {
  const rules = [{ match, action: 'accept' }] as const;
  return new CompiledFilter({ name: 'test', rules, default: 'reject' }, peerType).evaluate(of).accept;
}

type PrefixMatch = NonNullable<FilterMatch['prefix']>;

/** Which of these prefixes each match holds for. */
const prefixes = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '11.0.0.0/8', 'fd00::/16', 'fd00:1::/32'];
const cases: readonly [PrefixMatch, readonly string[]][] = [
  [{ cidr: '10.1.0.0/16', operator: 'equal' }, ['10.1.0.0/16']],
  [{ cidr: '10.1.0.0/16', operator: 'not-equal' }, ['10.0.0.0/8', '10.1.2.0/24', '11.0.0.0/8']],
  [{ cidr: '10.0.0.0/8', operator: 'in' }, ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24']],
  [{ cidr: '10.0.0.0/8', operator: 'in', min: 9, max: 16 }, ['10.1.0.0/16']],
  [{ cidr: '10.0.0.0/8', operator: 'not-in' }, ['11.0.0.0/8']],
  [{ cidr: '10.0.0.0/8', operator: 'not-in', min: 16, max: 23 }, ['10.0.0.0/8', '10.1.2.0/24', '11.0.0.0/8']],
  [{ cidr: '10.0.0.0/8', operator: 'not-in', max: 16 }, ['10.1.2.0/24', '11.0.0.0/8']],
  [{ cidr: '0.0.0.0/0', operator: 'in', max: 8 }, ['10.0.0.0/8', '11.0.0.0/8']],
  [{ cidr: 'fd00::/16', operator: 'in', min: 17 }, ['fd00:1::/32']],
];

t.test('prefixes match by equality and containment, each in its family', (t) => {
  for (const [prefix, expected] of cases) {
    t.same(
      prefixes.filter((cidr) => matches({ prefix }, route(cidr))),
      expected,
      JSON.stringify(prefix),
    );
  }
  t.end();
});

t.test('the other conditions, and all of them together', (t) => {
  const one = route('10.0.0.0/8', { tag: 'blocks', source: 'local' });
  const holds: readonly FilterMatch[] = [
    {},
    { source: 'local' },
    { tag: 'blocks' },
    { peerType: 'ibgp' },
    { community: '65000:100' },
    { community: '65000:1:2' },
    { asPathPrefix: [65001] },
    { asPathPrefix: [65001, 65002] },
    { source: 'local', tag: 'blocks', community: '65000:100', prefix: { cidr: '10.0.0.0/8', operator: 'equal' } },
  ];
  const fails: readonly FilterMatch[] = [
    { source: 'bgp' },
    { tag: 'others' },
    { peerType: 'ebgp' },
    { community: 'no-export' },
    { asPathPrefix: [65002] },
    { asPathPrefix: [65001, 65002, 65003] },
    { source: 'local', tag: 'others' },
  ];
  for (const match of holds) t.ok(matches(match, one), JSON.stringify(match));
  for (const match of fails) t.notOk(matches(match, one), JSON.stringify(match));
  t.end();
});

t.test('the first rule that matches decides, and says so', (t) => {
  const filter = new CompiledFilter(
    {
      name: 'edge',
      rules: [
        { name: 'ours', match: { source: 'local' }, action: 'accept' },
        { match: { tag: 'x' }, action: 'reject' },
      ],
      default: 'accept',
    },
    'ebgp',
  );
  t.equal(
    filter.evaluate(route('10.0.0.0/8', { source: 'local', tag: 'x' })).reason,
    "filter edge: rule 'ours' says accept",
  );
  t.equal(filter.evaluate(route('10.0.0.0/8', { tag: 'x' })).reason, 'filter edge: rule 2 says reject');
  t.equal(filter.evaluate(route('10.0.0.0/8')).reason, 'filter edge: no rule matches, the default is accept');
  t.end();
});

t.test('a wrong text in a rule is named', (t) => {
  t.throws(() => matches({ prefix: { cidr: '10.0.0.0', operator: 'in' } }, route('10.0.0.0/8')), {
    code: 'PARSE',
    field: 'filter test: rules[0].match.prefix.cidr',
  });
  t.throws(() => matches({ community: 'x' }, route('10.0.0.0/8')), {
    code: 'PARSE',
    field: 'filter test: rules[0].match.community',
  });
  t.end();
});

t.test('an interface is matched by its name or a pattern; what leads nowhere has none', (t) => {
  const out = (name: string | undefined) => route('10.0.0.0/8', { interface: () => name });
  const rows: readonly [pattern: string, name: string | undefined, holds: boolean][] = [
    ['eth0', 'eth0', true],
    ['eth0', 'eth01', false],
    ['eth*', 'eth01', true],
    ['*.calico', 'vxlan.calico', true],
    ['*.calico', 'vxlanxcalico', false],
    ['*', 'lo', true],
    ['*', undefined, false],
  ];
  for (const [pattern, name, holds] of rows)
    t.equal(matches({ interface: pattern }, out(name)), holds, `${pattern} ${name}`);
  t.end();
});

t.test('LOCAL_PREF is matched as it counts', (t) => {
  t.ok(matches({ localPref: 100 }, route('10.0.0.0/8')));
  t.notOk(matches({ localPref: 101 }, route('10.0.0.0/8')));
  t.end();
});
