import t from 'tap';
import { type FibInfo, printKernel, ROUTE_ADD } from '../../src/netlink/index.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { routeChanges } from '../fakes/route-changes.ts';

const BLACKHOLE: FibInfo = { kind: 'blackhole', protocol: 80, table: 254, nextHops: [] };

function machine(): FakeMachine {
  const made = new FakeMachine();
  made.addNamespace('/run/netns/node');
  return made;
}

t.test('a call that is to fail fails once, and changes nothing', async (t) => {
  const made = machine();
  const kernel = made.kernel('/run/netns/node');
  const before = await printKernel(kernel);
  made.failOnce({ verb: 'linkAdd', code: 'ENOMEM' });
  await t.rejects(kernel.linkAdd({ kind: 'bridge', name: 'br0' }), { code: 'ENOMEM' });
  t.equal(await printKernel(kernel), before);
  t.ok(made.allFailed);
  await kernel.linkAdd({ kind: 'bridge', name: 'br0' });
});

t.test('a sweep can make each call of a scenario fail in turn', async (t) => {
  const scenario = async (made: FakeMachine) => {
    const kernel = made.kernel('/run/netns/node');
    await kernel.linkAdd({ kind: 'bridge', name: 'br0' });
    await kernel.linkSet('br0', { up: true });
    const failures = await kernel.applyRoutes(
      routeChanges(4, [
        [ROUTE_ADD, '10.0.0.0/26', BLACKHOLE],
        [ROUTE_ADD, '10.0.0.64/26', BLACKHOLE],
      ]),
    );
    if (failures.length > 0) throw new Error(`entry ${failures[0].entry} ${failures[0].code}`);
  };
  const whole = machine();
  await scenario(whole);
  t.same(whole.calls, ['linkAdd', 'linkSet', 'routeAdd', 'routeAdd']);
  for (const [after] of whole.calls.entries()) {
    const made = machine();
    made.failOnce({ after });
    await t.rejects(scenario(made), /EBUSY/);
    t.ok(made.allFailed);
  }
});

t.test('a kind of link that the kernel has not is refused as the real one does', async (t) => {
  const made = machine();
  made.missingKinds.add('ipip');
  await t.rejects(made.kernel('/run/netns/node').linkAdd({ kind: 'ipip', name: 'tunl0' }), { code: 'EOPNOTSUPP' });
});

t.test('a namespace that goes takes the peers of its veths along', async (t) => {
  const made = machine();
  made.addNamespace('/run/netns/pod');
  const kernel = made.kernel('/run/netns/node');
  const wire = { kind: 'veth', name: 'cali1', peerName: 'eth0', peerNamespace: '/run/netns/pod' } as const;
  await kernel.linkAdd(wire);
  made.removeNamespace('/run/netns/pod');
  t.same(
    (await kernel.linkList()).map(({ name }) => name),
    ['lo'],
  );
  await t.rejects(kernel.inNamespace('/run/netns/pod'), { code: 'ENOENT' });
});
