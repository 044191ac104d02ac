import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type Address, formatAddress, parseAddress } from '../../src/base/index.ts';
import { readPools } from '../../src/ipam/index.ts';
import type { AssignIPs } from '../../src/keeping/leader/load-balancer-asks.ts';
import { ingressOf, ingressWithout, planLoadBalancer } from '../../src/keeping/leader/load-balancer-plan.ts';
import { type IPPoolSpec, type KubernetesService, newResource } from '../../src/model/index.ts';

const pool = (name: string, cidr: string, spec: Partial<IPPoolSpec> = {}) =>
  newResource('IPPool', { name }, { cidr, allowedUses: ['LoadBalancer'], ...spec });
const POOLS = readPools([
  pool('a', '203.0.113.0/28'),
  pool('b', '198.51.100.0/28'),
  pool('closed', '198.51.100.16/28', { disabled: true }),
  pool('manual', '192.0.2.0/28', { assignmentMode: 'Manual' }),
  pool('pods', '10.0.0.0/24', { allowedUses: ['Workload'] }),
  pool('six', 'fd00:1::/124'),
]);

interface Given {
  readonly spec?: Partial<KubernetesService['spec']>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly held?: readonly string[];
  readonly assignIPs?: AssignIPs;
  readonly pools?: typeof POOLS;
}

function service({ spec, annotations }: Given): KubernetesService {
  const usual = { type: 'LoadBalancer', clusterIPs: [], externalIPs: [], loadBalancerIPs: [], ipFamilies: ['IPv4'] };
  return newResource('KubernetesService', { name: 'web', namespace: 'default', annotations }, { ...usual, ...spec });
}

function plan(given: Given) {
  const { held = [], assignIPs = 'AllServices', pools = POOLS } = given;
  const { keep, release, assign, missing, problems, ownsStatus } = planLoadBalancer({
    ...{ service: service(given), held: held.map((text) => parseAddress(text)), pools, assignIPs },
  });
  const texts = (some: readonly Address[]): string => some.map(formatAddress).join(' ');
  const lacks = missing.map(({ family, pools: from }) => `IPv${family}${from.map((cidr) => ` ${cidr}`).join('')}`);
  return {
    ...{ keep: texts(keep), release: texts(release), assign: texts(assign), lacks: lacks.join(', '), ownsStatus },
    problems: problems.map(({ reason }) => reason).join(),
  };
}

const NAMES = 'projectcalico.org/loadBalancerIPs';
const P4 = 'projectcalico.org/ipv4pools';
const P6 = 'projectcalico.org/ipv6pools';
const dual = { ipFamilies: ['IPv6', 'IPv4'] };
const requested = { assignIPs: 'RequestedServicesOnly' } as const;
const onlyPods = { pools: readPools([pool('pods', '10.0.0.0/24', { allowedUses: ['Workload'] })]) };

const CASES: readonly (readonly [what: string, given: Given, wanted: Partial<ReturnType<typeof plan>>])[] = [
  ['one address', {}, { lacks: 'IPv4', ownsStatus: true }],
  ['one of each family, in its order', { spec: dual }, { lacks: 'IPv6, IPv4' }],
  ['what it has stays', { held: ['203.0.113.3'] }, { keep: '203.0.113.3', release: '', lacks: '' }],
  ['of another type', { spec: { type: 'ClusterIP' } }, { lacks: '', ownsStatus: false }],
  ['that was a load balancer’s', { spec: { type: 'NodePort' }, held: ['203.0.113.3'] }, { release: '203.0.113.3' }],
  ['of our class', { spec: { loadBalancerClass: 'calico' }, ...requested }, { lacks: 'IPv4' }],
  ['of another’s class', { spec: { loadBalancerClass: 'metallb' } }, { lacks: '', ownsStatus: false }],
  [
    'annotated, of another’s class',
    { spec: { loadBalancerClass: 'x' }, annotations: { [P4]: '["a"]' } },
    { lacks: '' },
  ],
  [
    'that asks for nothing, where it would have to',
    { ...requested, held: ['203.0.113.3'] },
    { release: '203.0.113.3' },
  ],
  ['that asks for a pool', { ...requested, annotations: { [P4]: '["a"]' } }, { lacks: 'IPv4 203.0.113.0/28' }],
  ['a pool by its CIDR', { annotations: { [P4]: '["198.51.100.0/28"]' } }, { lacks: 'IPv4 198.51.100.0/28' }],
  ['a pool that waits to be asked for', { annotations: { [P4]: '["manual"]' } }, { lacks: 'IPv4 192.0.2.0/28' }],
  [
    'pools of one family leave the other alone',
    { spec: dual, annotations: { [P4]: '["b"]' }, held: ['fd00:1::3', '203.0.113.3'] },
    { keep: 'fd00:1::3', release: '203.0.113.3', lacks: 'IPv4 198.51.100.0/28' },
  ],
  ['a pool for pods', { annotations: { [P4]: '["pods"]' } }, { lacks: '', problems: 'InvalidAnnotation' }],
  [
    'a pool that isn’t there',
    { annotations: { [P4]: '["zoo"]' } },
    { problems: 'InvalidAnnotation', ownsStatus: false },
  ],
  ['a pool of the other family', { annotations: { [P6]: '["a"]' } }, { problems: 'InvalidAnnotation' }],
  ['an empty list is no wish', { annotations: { [P4]: '[]' }, held: ['203.0.113.3'] }, { keep: '203.0.113.3' }],
  ['an empty text is no wish', { ...requested, annotations: { [P4]: '' } }, { lacks: '', ownsStatus: false }],
  [
    'a wish that can’t be read changes nothing',
    { annotations: { [NAMES]: '203.0.113.9' }, held: ['203.0.113.3'] },
    { keep: '203.0.113.3', release: '', problems: 'InvalidAnnotation', ownsStatus: false },
  ],
  ['no address', { annotations: { [NAMES]: '["x"]' } }, { problems: 'InvalidAnnotation' }],
  ['numbers', { annotations: { [NAMES]: '[7]' } }, { problems: 'InvalidAnnotation' }],
  ['two of a family', { annotations: { [NAMES]: '["203.0.113.1","203.0.113.2"]' } }, { problems: 'InvalidAnnotation' }],
  ['the same twice', { annotations: { [NAMES]: '["203.0.113.1","203.0.113.1"]' } }, { assign: '203.0.113.1' }],
  [
    'an address by name in place of what it has',
    { annotations: { [NAMES]: '["203.0.113.9"]' }, held: ['203.0.113.3'] },
    { assign: '203.0.113.9', release: '203.0.113.3', keep: '', lacks: '' },
  ],
  [
    'one of each family by name',
    { annotations: { [NAMES]: '["203.0.113.9","fd00:1::9"]' }, held: ['203.0.113.9'] },
    { keep: '203.0.113.9', assign: 'fd00:1::9' },
  ],
  ['an address out of a pool that waits', { annotations: { [NAMES]: '["192.0.2.1"]' } }, { assign: '192.0.2.1' }],
  ['an address for pods', { annotations: { [NAMES]: '["10.0.0.1"]' } }, { assign: '', problems: 'AddressNotInPool' }],
  ['an address of nobody', { annotations: { [NAMES]: '["8.8.8.8"]' } }, { assign: '', problems: 'AddressNotInPool' }],
  ['an address of a closed pool', { annotations: { [NAMES]: '["198.51.100.17"]' } }, { problems: 'AddressNotInPool' }],
  ['what it has of a closed pool stays', { held: ['198.51.100.17'] }, { keep: '198.51.100.17', lacks: '' }],
  [
    'what it asked of a waiting pool, and does no more',
    { held: ['192.0.2.1'] },
    { release: '192.0.2.1', lacks: 'IPv4' },
  ],
  ['what was of a pool that is gone', { held: ['172.16.0.1'] }, { release: '172.16.0.1', lacks: 'IPv4' }],
  ['a family that it has no more', { held: ['203.0.113.3', 'fd00:1::3'] }, { release: 'fd00:1::3' }],
  [
    'of two the one that is shown stays',
    { held: ['203.0.113.3', '203.0.113.4'], spec: { loadBalancerIPs: ['203.0.113.4'] } },
    { keep: '203.0.113.4', release: '203.0.113.3' },
  ],
  ['no families told', { spec: { ipFamilies: [], clusterIPs: ['fd00::7'] } }, { lacks: 'IPv6' }],
  ['no pool at all, and nobody asks by name', onlyPods, { lacks: '', problems: '', ownsStatus: false }],
  ['no pool at all for one of ours', { ...onlyPods, spec: { loadBalancerClass: 'calico' } }, { problems: 'NoPool' }],
  ['the last pool has gone', { ...onlyPods, held: ['203.0.113.3'] }, { release: '203.0.113.3', lacks: '' }],
];

t.test('what a Service is to have', async (t) => {
  for (const [what, given, wanted] of CASES) t.match(plan(given), wanted, what);
});

t.test('its status has what is its own, and what others wrote stays where it is not ours', async (t) => {
  const [one, two] = ['203.0.113.3', '203.0.113.4'].map((text) => parseAddress(text));
  const shown = (loadBalancerIPs: readonly string[], ingress?: KubernetesService['spec']['ingress']) =>
    service({ spec: { loadBalancerIPs, ...(ingress && { ingress }) } });
  t.same(ingressOf(shown([]), [one], POOLS), [{ ip: '203.0.113.3' }]);
  t.equal(ingressOf(shown(['203.0.113.4', '203.0.113.3']), [one, two], POOLS), undefined, 'in whatever order');
  t.equal(ingressOf(shown([]), [], POOLS), undefined);
  t.same(ingressOf(shown(['203.0.113.3'], [{ ip: '203.0.113.3' }, { hostname: 'x' }]), [one], POOLS), [
    { ip: '203.0.113.3' },
  ]);
  t.equal(ingressOf(shown(['8.8.8.8']), [], POOLS), undefined, 'another may have said so');
  t.same(ingressOf(shown(['8.8.8.8', '203.0.113.9']), [], POOLS), [{ ip: '8.8.8.8' }], 'but not what is in our pools');
  const others = [{ ip: '203.0.113.3', ipMode: 'VIP' }, { hostname: 'x' }, { ip: '192.0.2.9', ipMode: 'Proxy' }];
  t.same(ingressWithout(shown(['203.0.113.3', '192.0.2.9'], others), [one]), others.slice(1));
  t.equal(ingressWithout(shown(['192.0.2.9']), [one]), undefined);
  const moved = service({ spec: { type: 'NodePort', loadBalancerIPs: ['203.0.113.3'] } });
  t.equal(ingressWithout(moved, [one]), undefined, 'Kubernetes itself clears that of another type');
});

const held = fc.uniqueArray(
  fc.constantFrom('203.0.113.3', '203.0.113.4', '198.51.100.17', '192.0.2.1', 'fd00:1::3', '172.16.0.1'),
);
const wish = fc.constantFrom(undefined, '["a"]', '["b","manual"]', '["closed"]', '["zoo"]', 'x', '[]');
const names = fc.constantFrom(
  undefined,
  undefined,
  '["203.0.113.4"]',
  '["192.0.2.1","fd00:1::3"]',
  '["8.8.8.8"]',
  '{}',
);
const givens: fc.Arbitrary<Given> = fc.record({
  held,
  spec: fc.record({
    type: fc.constantFrom('LoadBalancer', 'LoadBalancer', 'ClusterIP'),
    ipFamilies: fc.constantFrom(['IPv4'], ['IPv6'], ['IPv4', 'IPv6']),
    loadBalancerIPs: held,
  }),
  annotations: fc
    .record({ [P4]: wish, [NAMES]: names })
    .map((all) => Object.fromEntries(Object.entries(all).flatMap(([name, text]) => (text ? [[name, text]] : [])))),
  assignIPs: fc.constantFrom('AllServices', 'RequestedServicesOnly'),
});

t.test('whatever it has and asks for: done once, nothing is left to do, and it has no two of a family', async (t) => {
  fc.assert(
    fc.property(givens, (given) => {
      const first = plan(given);
      const words = (text: string): string[] => text.split(' ').filter(Boolean);
      const [keep, release] = [words(first.keep), words(first.release)];
      assert.deepEqual([...keep, ...release].sort(), [...(given.held ?? [])].sort(), 'each stays or goes');
      const fresh: Readonly<Record<string, string>> = {
        ...{ IPv4: '203.0.113.10', IPv6: 'fd00:1::a', 'IPv4 203.0.113.0/28': '203.0.113.10' },
        ...{ 'IPv4 198.51.100.0/28 192.0.2.0/28': '192.0.2.10', 'IPv4 198.51.100.16/28': '198.51.100.20' },
      };
      const given2 = first.lacks === '' ? [] : first.lacks.split(', ').map((lack) => fresh[lack]);
      const after = [...keep, ...words(first.assign), ...given2];
      if (first.ownsStatus) {
        const families = after.map((text) => text.includes(':'));
        assert.equal(new Set(families).size, families.length);
      }
      const again = plan({ ...given, held: after });
      assert.deepEqual([again.release, again.assign, again.lacks], ['', '', '']);
    }),
    { numRuns: 3000 },
  );
  t.pass();
});
