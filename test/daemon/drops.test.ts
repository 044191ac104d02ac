import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { Drops, placeOf } from '../../src/daemon/drops.ts';
import type { LoggedPacket } from '../../src/netlink/index.ts';
import { Scene } from '../../src/policy/cases/scene.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';

const POLICY = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name: 'shut' },
  spec: { tier: 'default', selector: 'all()', types: ['Ingress'], ingress: [{ action: 'Deny' }] },
};
const WHY = 'ingress of Deny rule 0 of GlobalNetworkPolicy shut';
const GROUP = 100;
const tierOf = (policy: string) => (policy === 'GlobalNetworkPolicy shut' ? 'default' : undefined);

function scene() {
  const made = new Scene({
    namespaces: { red: {} },
    serviceAccounts: {},
    nodes: [],
    pods: [
      { namespace: 'red', name: 'web', ip: '10.0.0.1', labels: {}, ports: [], hostNetwork: false },
      { namespace: 'red', name: 'db', ip: '10.0.0.2', labels: {}, ports: [], hostNetwork: false },
    ],
  });
  made.change({ apply: [POLICY], delete: [], labels: [], expect: [] });
  return made.world().world;
}

function watching() {
  const machine = new FakeMachine();
  machine.addNamespace('/host');
  const kernel = machine.kernel('/host');
  const clock = new VirtualClock();
  const follows: boolean[] = [];
  const policy = {
    drops: () => new Map([['drop-x', WHY]]),
    follow: async (isFollowed: boolean) => {
      follows.push(isFollowed);
    },
  };
  const world = scene();
  const drops = new Drops({ kernel, policy, world: () => world, tierOf, clock, log: silentLog });
  const packet: LoggedPacket = {
    prefix: 'drop-x',
    mark: 0,
    inDevice: 1,
    outDevice: 2,
    source: '10.0.0.1',
    destination: '10.0.0.2',
    protocol: 6,
    sourcePort: 40_000,
    destinationPort: 443,
  };
  const drop = (): void => kernel.logPacket(GROUP, { kind: 'packet', ...packet });
  return { kernel, clock, follows, drops, drop };
}

t.test('a dropped packet is told by the names of its pods and of the rule', async (t) => {
  const { drops, drop } = watching();
  const asked = drops.after(undefined);
  await Promise.resolve();
  await settle();
  drop();
  t.match(await asked, {
    last: 1,
    missed: 0,
    packets: [
      {
        source: { name: 'red/web', address: '10.0.0.1', port: 40_000 },
        destination: { name: 'red/db', address: '10.0.0.2', port: 443 },
        protocol: 'tcp',
        why: WHY,
        direction: 'ingress',
        tier: 'default',
        policy: 'GlobalNetworkPolicy shut',
        rule: '0',
      },
    ],
  });
  drops.stop();
});

t.test('who listens hears of each packet as long as the daemon runs', async (t) => {
  const { drops, drop, follows, clock } = watching();
  const heard: unknown[] = [];
  await drops.listen((packet) => heard.push(packet));
  drop();
  await clock.advanceAsync(100_000);
  drop();
  t.match(heard, [{ why: WHY }, { why: WHY }]);
  t.same(follows, [true]);
  drops.stop();
});

t.test(
  'who only hears gets packets and reasons, until it is called off; who follows meanwhile gets names',
  async (t) => {
    const { drops, drop, follows, clock } = watching();
    const heard: unknown[] = [];
    const end = await drops.hear((packet, why) => heard.push([packet.source, why]));
    drop();
    t.same(heard, [['10.0.0.1', WHY]]);
    const first = drops.after(undefined);
    await settle();
    drop();
    t.match(await first, { packets: [{ source: { name: 'red/web' } }], missed: 0 });
    await clock.advanceAsync(20_000);
    drop();
    t.equal(heard.length, 3);
    t.same(follows, [true]);
    end();
    await settle();
    t.same(follows, [true, false], 'nobody is left');
    drops.stop();
  },
);

t.test('while nobody asks nothing is told; who asks again gets what came meanwhile', async (t) => {
  const { drops, drop, follows, clock, kernel } = watching();
  t.same(follows, []);
  drop();
  const first = drops.after(undefined);
  await settle();
  t.same(follows, [true], 'the telling is on');
  await clock.advance(5000);
  t.same(await first, { last: 0, missed: 0, packets: [] }, 'an answer comes though there is none');
  drop();
  drop();
  const { last, packets } = await drops.after(0);
  t.equal(last, 2);
  t.equal(packets.length, 2);
  await clock.advance(15_000);
  await settle();
  t.same(follows, [true, false], 'and off when nobody asked for a while');
  await kernel.packetLog(GROUP, () => {});
  t.pass('the group is free again');
});

t.test('the newest are told at once, and who asks for them keeps the telling on', async (t) => {
  const { drops, drop, follows, clock } = watching();
  t.match(await drops.recent(2), { last: 0, packets: [] });
  t.same(follows, [true]);
  for (let count = 0; count < 3; count++) drop();
  t.match(await drops.recent(2), { last: 3, packets: [{ source: { name: 'red/web' } }, {}] });
  await clock.advance(15_000);
  await settle();
  t.same(follows, [true, false]);
});

t.test('what was too much is counted', async (t) => {
  const { drops, drop, kernel } = watching();
  const asked = drops.after(undefined);
  await settle();
  for (let count = 0; count < 1500; count++) drop();
  await asked;
  kernel.logPacket(GROUP, { kind: 'lost', packets: 7 });
  const { missed, packets } = await drops.after(100);
  t.equal(packets.length, 1000);
  t.equal(missed, 407, '400 that were not kept, and 7 that never came');
  kernel.logPacket(GROUP, { kind: 'lost', packets: 0 });
  t.equal((await drops.after(1500)).missed, -1, 'nobody knows how many');
  drops.stop();
});

t.test('counts go on when a rule is made anew', async (t) => {
  const { drops, kernel } = watching();
  const shown = async (packets: number): Promise<number> => {
    kernel.setRuleCounts('ip vrouter-policy', [{ chain: 'drop-x', packets, bytes: packets * 40 }]);
    const [only] = await drops.counted();
    t.match(only, { why: WHY, family: 4, bytes: only.packets * 40 });
    return only.packets;
  };
  t.same([await shown(3), await shown(5), await shown(1), await shown(2)], [3, 5, 6, 7]);
});

t.test('the reason of a drop says where it stands', async (t) => {
  t.match(placeOf('egress end of tier sec', tierOf), { direction: 'egress', tier: 'sec' });
  t.match(placeOf('ingress of Deny rule web of NetworkPolicy red/x', tierOf), {
    rule: 'web',
    policy: 'NetworkPolicy red/x',
    tier: undefined,
  });
  t.same(placeOf('invalid packet', tierOf), { why: 'invalid packet' });
});

/** Lets what is under way come as far as it can without the clock. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
