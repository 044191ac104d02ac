import t from 'tap';
import { bucketOctets, bucketTicks, openKernel } from '../../src/netlink/index.ts';
import { runScenarios } from '../contracts/kernel-scenarios.ts';
import { TRAFFIC_CONTROL } from '../contracts/traffic-control.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

await runScenarios('fake', TRAFFIC_CONTROL, async () => {
  const machine = new FakeMachine();
  machine.addNamespace('/run/netns/one');
  const kernel = machine.kernel('/run/netns/one');
  return { kernel, close: () => kernel.close() };
});

if (process.getuid?.() === 0) {
  await runScenarios('linux', TRAFFIC_CONTROL, async () => {
    const { path, remove } = makeNamespace();
    const kernel = await openKernel({ namespace: path });
    const close = (): void => {
      kernel.close();
      remove();
    };
    return { kernel, close };
  });
}

t.test('a bucket holds at least what was asked, as far as its time can be told', async (t) => {
  for (const [octets, rate] of [
    [1514, 125_000],
    [1514, 125e12],
    [512 * 1024 * 1024, 125e9],
    [125, 125],
  ] as const) {
    t.ok(bucketOctets(bucketTicks(octets, rate), rate) >= octets, `${octets} octets at ${rate}/s`);
  }
  t.equal(bucketTicks(512 * 1024 * 1024, 125_000), 67_108_863);
  t.equal(bucketOctets(67_108_863, 125_000), 536_870, '4.29 seconds of it');
});

t.test('a kernel without the module says which', async (t) => {
  const machine = new FakeMachine();
  machine.addNamespace('/run/netns/one');
  machine.missingKinds.add('tbf');
  const kernel = machine.kernel('/run/netns/one');
  const bucket = { rate: 1000, buffer: 1000, limit: 1000 };
  await t.rejects(kernel.qdiscReplace({ kind: 'tbf', dev: 'lo', handle: '80:', bucket }), { code: 'EOPNOTSUPP' });
});
