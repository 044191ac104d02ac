import t from 'tap';
import { Entries, silentLog, VirtualClock } from '../../../src/base/index.ts';
import type { DesiredPolicy, DesiredSet, DesiredWorkload } from '../../../src/calc/desired/index.ts';
import { FilterReconciler } from '../../../src/dataplane/filter/index.ts';
import { PolicyReconciler } from '../../../src/dataplane/policy/index.ts';
import { parseSelector } from '../../../src/model/index.ts';
import { setKey } from '../../../src/policy/index.ts';
import { FakeNft } from '../../fakes/fake-nft.ts';
import { heldTo, policyThat } from './held.ts';

const SET = setKey({ kind: 'selector', selector: parseSelector("app == 'bad'") });

function pod(number: number, ...addresses: readonly string[]): DesiredWorkload {
  return {
    key: `red/web-${number}`,
    interfaceName: `cali${number}`,
    addresses,
    floatingIps: [],
    sourcePrefixes: [],
    why: `endpoint red/web-${number}`,
  };
}

function policyOf(workloads: readonly DesiredWorkload[]): DesiredPolicy {
  const members: DesiredSet['members'] = Entries.of([
    ['10.0.0.1', 4],
    ['fd00::1', 6],
  ] as const);
  const set: DesiredSet = { of: 'addresses', members, nets: Entries.of() };
  const names = workloads.map(({ interfaceName }) => interfaceName);
  return { ...heldTo(policyThat('Allow'), names), sets: Entries.of([[SET, set]]) };
}

/** A node, and the pods, chains and sets' elements in its table of a family. */
function node() {
  const nft = new FakeNft();
  const policy = new PolicyReconciler({
    filter: new FilterReconciler({ nft, clock: new VirtualClock(), log: silentLog }),
  });
  const apply = (...workloads: readonly DesiredWorkload[]): Promise<void> =>
    policy.apply(policyOf(workloads), workloads);
  const table = (family: 'ip' | 'ip6') => {
    const [, listed] = nft.tables.find(([name]) => name === `${family} vrouter-policy`) ?? [];
    return {
      pods: (listed?.maps ?? []).flatMap(({ name, entries }) => entries.map(({ key }) => `${name} ${key}`)),
      members: (listed?.sets ?? []).flatMap(({ elements }) => elements),
      chains: (listed?.chains ?? []).map(({ name }) => name),
      rules: listed?.rules.filter(({ chain }) => chain === 'forward').map(({ comment }) => comment) ?? [],
    };
  };
  return { nft, policy, apply, table };
}

t.test(
  'where no pod has an address of IPv6, its table lets no pod send or get anything, and says no more',
  async (t) => {
    const { apply, table } = node();
    await apply(pod(1, '10.0.0.1/32'), pod(2, '10.0.0.2/32'));
    t.same(table('ip').pods.length, 4);
    t.same(table('ip').members, ['10.0.0.1']);
    const { pods, members, chains, rules } = table('ip6');
    t.same([pods, members], [[], []]);
    t.notOk(
      chains.some((name) => /^(c|pi|po)-/.test(name)),
      `${chains}`,
    );
    t.ok(rules.some((comment) => /^no endpoint is behind it/.test(comment ?? '')));
  },
);

t.test(
  'the first pod with one is led to when all of the table is there, and the table of IPv4 stays as it is',
  async (t) => {
    const { nft, policy, apply, table } = node();
    await apply(pod(1, '10.0.0.1/32'));
    const before = nft.done.length;
    const done = apply(pod(1, '10.0.0.1/32'), pod(2, 'fd00::2/128'));
    t.notOk(policy.admits('cali2'));
    await done;
    t.ok(policy.admits('cali2'));
    t.same(table('ip6').members, ['fd00::1']);
    t.same(table('ip6').pods.length, 4, 'of the pod that has none, too: the elements cost nothing');
    const texts = nft.done.slice(before).filter((text) => text.includes(' ip vrouter-policy'));
    t.same(
      texts.flatMap((text) => text.trim().split('\n')).filter((line) => !line.includes('cali2')),
      [],
    );
  },
);

t.test('with the last one its table is bare again, and pods of both families stand in both', async (t) => {
  const { apply, table, policy } = node();
  await apply(pod(1, '10.0.0.1/32', 'fd00::1/128'));
  t.same([table('ip').pods.length, table('ip6').pods.length], [2, 2]);
  await apply(pod(1, '10.0.0.1/32'));
  t.same([table('ip').pods.length, table('ip6').pods.length], [2, 0]);
  t.same(policy.failures(), []);
});

t.test('a node without pods has both, as the first one may be of either', async (t) => {
  const { apply, table } = node();
  await apply();
  t.same([table('ip').members, table('ip6').members], [['10.0.0.1'], ['fd00::1']]);
});
