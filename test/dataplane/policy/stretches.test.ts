import fc from 'fast-check';
import t from 'tap';
import {
  containsAddress,
  Entries,
  EntriesWriter,
  parsePrefix,
  same,
  silentLog,
  VirtualClock,
} from '../../../src/base/index.ts';
import type { DesiredPolicy } from '../../../src/calc/desired/index.ts';
import { FilterReconciler } from '../../../src/dataplane/filter/index.ts';
import { boundsOf, isBound } from '../../../src/dataplane/policy/bound.ts';
import { endpointPart, PolicyTables } from '../../../src/dataplane/policy/index.ts';
import { inStretches, STRETCHES } from '../../../src/dataplane/policy/stretch.ts';
import { parseSelector } from '../../../src/model/index.ts';
import { enforcementOf, policyKey } from '../../../src/policy/enforcement.ts';
import type { Policy, Rule } from '../../../src/policy/form.ts';
import { matches, type Packet } from '../../../src/policy/match.ts';
import { FakeNft } from '../../fakes/fake-nft.ts';
import { crowdedWorld, everyPacket, worldOf } from '../../policy/random-worlds.ts';

const keys = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, at) => `GlobalNetworkPolicy p${from + at}`);

t.test('whatever a rule matches has what it is bound by', async (t) => {
  let [matched, bound] = [0, 0];
  const packets = ([4, 6] as const).flatMap(everyPacket);
  fc.assert(
    fc.property(crowdedWorld, (given) => {
      const world = worldOf(given);
      const pods = world.endpoints.map((endpoint, at) => ({ interfaceName: `cali${at}`, endpoint }));
      for (const policy of enforcementOf(world, pods).policies.values()) {
        for (const direction of ['ingress', 'egress'] as const) {
          if (!isBound(policy, direction)) continue;
          bound++;
          for (const packet of packets) {
            if (!(policy.rules[direction] ?? []).some(({ match }) => matches(match, packet, world))) continue;
            matched++;
            const peer = direction === 'ingress' ? packet.source : packet.destination;
            const isIn = boundsOf(policy, direction, peer.family).some(
              ({ nets, sockets }) =>
                (nets ?? [{ ...peer, length: 0 }]).some((net) => containsAddress(net, peer)) &&
                (sockets === undefined || sockets.includes(socketOf(packet))),
            );
            if (!isIn) throw new Error(`${policyKey(policy)} matches ${JSON.stringify(socketOf(packet))}`);
          }
        }
      }
    }),
    { numRuns: 30, seed: 13 },
  );
  t.ok(matched > 1000 && bound > 100, 'and there was much of it');
});

t.test('stretches are the tier in its order, of what is fit, neither too short nor too long', async (t) => {
  const sizes = fc.record({
    from: fc.nat(30),
    least: fc.integer({ min: 1, max: 10 }),
    usual: fc.integer({ min: 1, max: 20 }),
    most: fc.integer({ min: 10, max: 40 }),
  });
  fc.assert(
    fc.property(fc.nat(200), fc.integer({ min: 2, max: 50 }), sizes, (count, unfit, given) => {
      const all = keys(count);
      const isFit = (key: string): boolean => all.indexOf(key) % unfit !== 0;
      const made = inStretches(all, isFit, given);
      t.same(made.flat(), all);
      for (const one of made) {
        if (typeof one === 'string') continue;
        if (one.length < given.least || one.length > given.most || !one.every(isFit)) throw new Error(one.join());
      }
    }),
  );
});

t.test('a policy that comes or goes makes few stretches others', async (t) => {
  const all = keys(10_000);
  const stretchesOf = (of: readonly string[]): ReadonlySet<string> =>
    new Set(inStretches(of, () => true, STRETCHES).map((one) => [one].flat().join()));
  const before = stretchesOf(all);
  t.ok(before.size > 50 && before.size < 200, `${before.size} stretches`);
  for (let at = 0; at < all.length; at += 499) {
    const others = [...stretchesOf(all.toSpliced(at, 1))].filter((stretch) => !before.has(stretch));
    t.ok(others.length <= 3, `${at}: ${others.length}`);
  }
});

t.test('a policy of thousands that is edited is its chain and its part of the gate', async (t) => {
  const { nft, set, want } = await node(1000);
  set(500, allow({ source: { nets: [parsePrefix('203.0.113.0/24')] }, destination: {} }));
  await want();
  const [text] = nft.done.slice(-1);
  const lines = text.trim().split('\n');
  t.equal(lines.filter((line) => / c-in/.test(line)).length, 0, 'its class says the same');
  t.match(text, /delete element ip vrouter-policy g-\w+ \{ 198\.18\.1\.244 \}/);
  t.match(text, /add element ip vrouter-policy g-\w+ \{ 203\.0\.113\.0\/24 \}/);
  t.ok(lines.length < 10, `${lines.length} lines`);
});

t.test('one that may match anything from now on stands by itself, in its place', async (t) => {
  const { nft, set, want, rules } = await node(1000);
  t.equal(
    rules(/^c-in/).some((why) => /GlobalNetworkPolicy p500$/.test(why)),
    false,
  );
  set(500, allow({ source: {}, destination: {} }));
  await want();
  const its = rules(/^c-in/);
  const at = its.findIndex((why) => /GlobalNetworkPolicy p500 /.test(`${why} `));
  t.ok(at > 0 && at < its.length - 1);
  t.match([its[at - 1], its[at + 1]], [/policies of tier/, /policies of tier/]);
  t.ok((nft.done.at(-1) ?? '').split('\n').length < 1000, 'and just its stretch is another');
});

t.test('classes that ask the same neighbours share their stretches', async (t) => {
  const { rules, want, classes, endpoints } = await node(1000);
  const before = rules(/^stretch-/).length;
  const asked = classes.get('in');
  if (asked === undefined) throw new Error('there is no class');
  const [{ tier, policies }] = asked.tiers;
  classes.set('other', { ...asked, tiers: [{ tier, policies: policies.slice(0, -1) }] });
  endpoints.set('cali2', { egress: 'out', ingress: 'other' });
  await want();
  const more = rules(/^stretch-/).length - before;
  t.ok(more < 512, `${more} lines for another class of ${policies.length - 1} policies`);
  classes.set('other', undefined);
  endpoints.set('cali2', undefined);
  await want();
  t.equal(rules(/^stretch-/).length, before, 'and what is nobody’s goes');
});

t.test('of a gate that the kernel refuses the stretch is asked by all', async (t) => {
  const nft = new FakeNft();
  nft.unsupported = /saddr @g-/;
  const { room, rules } = await node(200, nft);
  t.match(room.standing('ip vrouter-policy', endpointPart('cali1')), { present: true, refused: undefined });
  t.match(room.failures()[0]?.what, /^policy for IPv4: stretch ingress-/);
  t.ok(rules(/^gate-/).some((why) => /its gate is refused/.test(why)));
  t.equal(rules(/^stretch-/).length > 0, true);
});

function socketOf({ protocol, destinationPort }: Packet): string {
  return `${protocol} . ${destinationPort}`;
}

function allow(match: Rule['match']): Rule {
  return { action: 'Allow', index: 0, match };
}

/** A node with one pod under many policies, of which each lets in one address. */
async function node(count: number, nft = new FakeNft()) {
  const room = new FilterReconciler({ nft, clock: new VirtualClock(), log: silentLog }).room();
  const tables = new PolicyTables('cali');
  const policies = new EntriesWriter<Policy>(same);
  const set = (number: number, rule: Rule): string => {
    const made: Policy = {
      id: { kind: 'GlobalNetworkPolicy', name: `p${number}` },
      tier: 'default',
      order: number,
      subject: parseSelector('all()'),
      rules: { ingress: [rule] },
      hook: 'normal',
    };
    policies.set(policyKey(made), made);
    return policyKey(made);
  };
  const all = Array.from({ length: count }, (_, number) => {
    const net = parsePrefix(`198.18.${number >> 8}.${number & 255}/32`);
    return set(number, allow({ source: { nets: [net] }, destination: {} }));
  });
  const tier = { name: 'default', order: 1_000_000, defaultAction: 'Deny' } as const;
  type Classes = DesiredPolicy['classes'] extends Entries<infer Class> ? Class : never;
  const [classes, endpoints] = [
    new EntriesWriter<Classes>(same),
    new EntriesWriter<{ readonly egress: string; readonly ingress: string }>(same),
  ];
  classes.set('in', { direction: 'ingress', tiers: [{ tier, policies: all }], profiles: [] });
  classes.set('out', { direction: 'egress', tiers: [], profiles: [] });
  endpoints.set('cali1', { egress: 'out', ingress: 'in' });
  const want = () =>
    room.want(
      tables.of({
        endpoints: endpoints.commit(),
        classes: classes.commit(),
        policies: policies.commit(),
        profiles: Entries.of(),
        sets: Entries.of(),
        problems: [],
      }),
    );
  await want();
  /** What the rules of chains are for, in the table for IPv4. */
  const rules = (chains: RegExp): readonly string[] =>
    nft.tables.flatMap(([, { rules }]) =>
      rules.filter(({ chain }) => chains.test(chain)).map(({ comment }) => `${comment}`),
    );
  return { nft, room, set, want, rules, classes, endpoints };
}
