import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import {
  comparePrefix,
  Entries,
  EntriesWriter,
  type Family,
  formatPrefix,
  parsePrefix,
  silentLog,
  VirtualClock,
} from '../../../src/base/index.ts';
import {
  type DesiredPolicy,
  type DesiredSet,
  PLAIN_SETTINGS,
  type PolicySettings,
} from '../../../src/calc/desired/index.ts';
import { outermost } from '../../../src/dataplane/filter/contents.ts';
import { type FilterPart, FilterReconciler, type FilterRoom } from '../../../src/dataplane/filter/index.ts';
import { endpointPart, PolicyTables } from '../../../src/dataplane/policy/index.ts';
import { OutermostNets } from '../../../src/dataplane/policy/outermost-nets.ts';
import { STRETCHES } from '../../../src/dataplane/policy/stretch.ts';
import { parseSelector } from '../../../src/model/index.ts';
import { caseFile } from '../../../src/policy/cases/format.ts';
import { judgeOf, runCases } from '../../../src/policy/cases/run.ts';
import { enforcementOf, policyKey, setKey } from '../../../src/policy/enforcement.ts';
import type { Policy, Rule } from '../../../src/policy/form.ts';
import type { World } from '../../../src/policy/world.ts';
import { FakeNft } from '../../fakes/fake-nft.ts';
import { DesiredPolicies } from './desired.ts';
import { SHORT } from './kernel-judge.ts';

t.test('tables that are kept by changes are those that are made anew', async (t) => {
  const read = (name: string): unknown => JSON.parse(readFileSync(`test/policy/cases/${name}.json`, 'utf8'));
  const { worlds } = caseFile.parse(read('calico'));
  const files = ['kubernetes', 'cluster-network-policy', 'calico', 'networks', 'matrix'];
  const inStretches = (['calico', 'networks'] as const).map((name) => [name, SHORT] as const);
  for (const [name, sizes] of [...files.map((name) => [name, STRETCHES] as const), ...inStretches]) {
    const [desired, tables] = [new DesiredPolicies(), new PolicyTables('cali', sizes)];
    let compared = 0;
    await runCases(caseFile.parse(read(name)), worlds, (world) => {
      const enforcement = enforcementOf(world, podsOf(world));
      const kept = tables.of(desired.of(enforcement)).map(({ parts }) => said(parts));
      const anew = new PolicyTables('cali', sizes)
        .of(new DesiredPolicies().of(enforcement))
        .map(({ parts }) => said(parts));
      t.same(kept, anew, `${name} ${++compared}`);
      return judgeOf(world);
    });
    t.ok(compared > 0);
  }
});

t.test('networks that come and go: those in no other are shown', (t) => {
  const nets = fc
    .tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 0, max: 31 }))
    .map(([a, b, length]) => formatPrefix(parsePrefix(`10.${a & 3}.${b}.0/${length}`)));
  const change = fc.tuple(fc.uniqueArray(nets, { maxLength: 50 }), fc.uniqueArray(nets, { maxLength: 50 }));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
      const [kept, there] = [new OutermostNets(), new Set<string>()];
      for (const [added, gone] of changes) {
        const removed = gone.filter((net) => there.has(net) && !added.includes(net));
        for (const net of added) there.add(net);
        for (const net of removed) there.delete(net);
        const by = (list: readonly string[]) => new Map(list.map((net) => [net, parsePrefix(net)]));
        const shown = [...kept.change(by(added), by(removed)).keys()];
        t.equal(kept.size, there.size);
        const inOrder = shown.sort((a, b) => comparePrefix(parsePrefix(a), parsePrefix(b))).join();
        const right = [...outermost([...there])].sort((a, b) => comparePrefix(parsePrefix(a), parsePrefix(b))).join();
        if (inOrder !== right) throw new Error(`${inOrder} is not ${right}`);
      }
    }),
  );
  t.end();
});

t.test('a member of a large set is one element, in its own family alone', async (t) => {
  const { desired, members, nft, want } = await node();
  for (let at = 0; at < 50_000; at++) members.set(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, 4);
  await want();
  const [before4, before6] = desired.tables.of(desired.now()).map(({ parts }) => parts);
  members.set('10.99.0.1', 4);
  const [now4, now6] = await want();
  t.match(nft.done.at(-1), /^add element ip vrouter-policy s-\w+ \{ 10.99.0.1 \}\n$/);
  t.same(
    now4.since(before4).map(([key]) => key),
    [`set ${KEY}`],
  );
  t.same(now6.since(before6), []);
});

t.test('a pod is two elements, and no other part', async (t) => {
  const { desired, endpoints, nft, want } = await node();
  endpoints.set('cali2', { egress: 'out', ingress: 'in' });
  const before = nft.done.length;
  await want();
  t.same(
    nft.done
      .slice(before)
      .flatMap((text) => text.trim().split('\n'))
      .map((line) => line.replace(/c-(\w+)-\w+/, 'c-$1')),
    ['ip', 'ip6'].flatMap((family) => [
      `add element ${family} vrouter-policy from-pods { "cali2" : jump c-out }`,
      `add element ${family} vrouter-policy to-pods { "cali2" : goto c-in }`,
    ]),
  );
  endpoints.set('cali2', undefined);
  const [was] = desired.tables.of(desired.now()).map(({ parts }) => parts);
  t.equal(was.get(endpointPart('cali2')), undefined);
});

t.test(
  'when a set gets its first network, the rules that look into it ask for that too, in that family alone',
  async (t) => {
    const { nets, nft, want } = await node();
    nets.set('10.0.0.0/8', 4);
    await want();
    const first = nft.done.at(-1) ?? '';
    t.match(first, /add set ip vrouter-policy i-/);
    t.match(first, /ip saddr @i-/);
    t.notMatch(first, /ip6/);
    const count = nft.done.length;
    nets.set('192.168.0.0/16', 4);
    await want();
    t.equal(nft.done.length, count + 1);
    t.match(nft.done.at(-1), /^add element ip vrouter-policy i-\w+ \{ 192.168.0.0\/16 \}\n$/);
    nets.set('10.0.0.0/8', undefined);
    nets.set('192.168.0.0/16', undefined);
    await want();
    t.match(nft.done.at(-1), /delete set ip vrouter-policy i-/);
    t.notMatch(nft.done.at(-1), /@i-/);
  },
);

t.test('a policy that begins to pass changes its class, one that is only edited does not', async (t) => {
  const { policies, nft, want } = await node();
  policies.set(
    policyKey(policy()),
    policy({ action: 'Allow', index: 0, match: { ipVersion: 4, source: {}, destination: {} } }),
  );
  await want();
  t.notMatch(nft.done.at(-1), /chain ip6? vrouter-policy c-/);
  policies.set(policyKey(policy()), policy({ action: 'Pass', index: 0, match: { source: {}, destination: {} } }));
  await want();
  t.match(nft.done.at(-1), /chain ip6 vrouter-policy c-in/);
});

t.test('of a policy that the kernel refuses nothing is let through, and it is named', async (t) => {
  const nft = new FakeNft();
  nft.unsupported = /l4proto 132/;
  const { policies, endpoints, want, room } = await node(nft);
  const refused = policy({
    action: 'Allow',
    index: 0,
    match: { ipVersion: 4, protocol: 132, source: {}, destination: {} },
  });
  policies.set(policyKey(refused), refused);
  endpoints.set('cali2', { egress: 'out', ingress: 'in' });
  await want();
  t.same(
    room.failures().map(({ what }) => what),
    ['policy for IPv4: ingress of NetworkPolicy red/p'],
  );
  t.match(room.standing('ip vrouter-policy', endpointPart('cali2')), { present: true, refused: undefined });
  t.match(room.standing('ip6 vrouter-policy', endpointPart('cali2')), { present: true, refused: undefined });
});

t.test('a policy that the kernel has never taken stands as a drop, so that its class can be there', async (t) => {
  const nft = new FakeNft();
  nft.unsupported = /l4proto 132/;
  const refused = policy({
    action: 'Allow',
    index: 0,
    match: { ipVersion: 4, protocol: 132, source: {}, destination: {} },
  });
  const { room, text } = await node(nft, refused);
  t.match(room.standing('ip vrouter-policy', endpointPart('cali1')), { present: true, refused: undefined });
  t.match(room.standing('ip vrouter-policy', 'ingress of NetworkPolicy red/p'), { present: false });
  t.match(text(), /pi-NetworkPolicy-red-p-\w+ ingress of NetworkPolicy red\/p is refused/);
});

t.test('a kernel that can’t reject drops at the ends, and lets nothing through where a rule denies', async (t) => {
  const without = (): FakeNft => Object.assign(new FakeNft(), { unsupported: /reject/ });
  const ends = ['policy for IPv4', 'policy for IPv6'];
  const named = (room: FilterRoom): readonly string[] => room.failures().map(({ what }) => what);
  const allowing = await node(without(), policy(), REJECTING);
  t.match(allowing.room.standing('ip vrouter-policy', endpointPart('cali1')), { present: true, refused: undefined });
  t.match(allowing.room.standing('ip vrouter-policy', 'ingress of NetworkPolicy red/p'), { present: true });
  t.same(named(allowing.room), ends);
  t.match(allowing.text(), /drop-ingress-end-of-tier-default-\w+ ingress end of tier default/);
  const denying = await node(without(), policy({ ...allowFromSet(), action: 'Deny' }), REJECTING);
  t.match(denying.room.standing('ip vrouter-policy', endpointPart('cali1')), { present: true, refused: undefined });
  t.match(denying.text(), /pi-NetworkPolicy-red-p-\w+ ingress of NetworkPolicy red\/p is refused/);
});

const REJECTING: PolicySettings = { ...PLAIN_SETTINGS, rejects: true };

const SELECTOR = parseSelector("app == 'a'");
const KEY = setKey({ kind: 'selector', selector: SELECTOR });

function policy(rule: Rule = allowFromSet()): Policy {
  return {
    id: { kind: 'NetworkPolicy', namespace: 'red', name: 'p' },
    tier: 'default',
    order: 1000,
    subject: parseSelector('all()'),
    rules: { ingress: [rule] },
    hook: 'normal',
  };
}

function allowFromSet(): Rule {
  return { action: 'Allow', index: 0, match: { source: { selector: SELECTOR }, destination: {} } };
}

/** A node with one pod, one policy and one set, and its table in a packet filter. */
async function node(nft = new FakeNft(), first = policy(), settings = PLAIN_SETTINGS) {
  const room = new FilterReconciler({ nft, clock: new VirtualClock(), log: silentLog }).room();
  const tables = new PolicyTables('cali');
  const [members, nets] = [new EntriesWriter<Family>(Object.is), new EntriesWriter<Family>(Object.is)];
  const endpoints = new EntriesWriter<{ egress: string; ingress: string }>(Object.is);
  const policies = new EntriesWriter<Policy>(Object.is);
  const sets = new EntriesWriter<DesiredSet>(Object.is);
  const tier = { name: 'default', order: 1_000_000, defaultAction: 'Deny' } as const;
  const classes = Entries.of([
    ['in', { direction: 'ingress' as const, tiers: [{ tier, policies: [policyKey(first)] }], profiles: [] }],
    ['out', { direction: 'egress' as const, tiers: [], profiles: [] }],
  ]);
  endpoints.set('cali1', { egress: 'out', ingress: 'in' });
  policies.set(policyKey(first), first);
  const now = (): DesiredPolicy => {
    sets.set(KEY, { of: 'addresses', members: members.commit(), nets: nets.commit() });
    return {
      endpoints: endpoints.commit(),
      classes,
      policies: policies.commit(),
      profiles: Entries.of(),
      sets: sets.commit(),
      problems: [],
      settings,
    };
  };
  const want = async () => {
    const made = tables.of(now());
    await room.want(made);
    return made.map(({ parts }) => parts);
  };
  await want();
  const text = () =>
    nft.tables.flatMap(([, { rules }]) => rules.map(({ chain, comment }) => `${chain} ${comment}`)).join('\n');
  return { desired: { tables, now }, members, nets, endpoints, policies, nft, room, want, text };
}

function podsOf(world: World) {
  return world.endpoints
    .filter(({ kind }) => kind === 'pod')
    .map((endpoint, at) => ({ interfaceName: `cali${at}`, endpoint }));
}

/** All that the parts say, in no order. */
function said(parts: Entries<FilterPart>): unknown {
  return [...parts]
    .map(([key, { contents, ...part }]) => {
      const sets = (contents.sets ?? []).map(([set, elements]) => [set, [...elements].map(String).sort()]);
      return [key, { ...part, contents: { ...contents, sets } }] as const;
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
