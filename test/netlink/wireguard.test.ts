import t from 'tap';
import { openKernel } from '../../src/netlink/index.ts';
import { runScenarios } from '../contracts/kernel-scenarios.ts';
import { WIREGUARD } from '../contracts/wireguard.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

await runScenarios('fake', WIREGUARD, async () => {
  const machine = new FakeMachine();
  machine.addNamespace('/run/netns/one');
  const kernel = machine.kernel('/run/netns/one');
  return { kernel, close: () => kernel.close() };
});

t.test('a kernel without WireGuard is told apart from one that refuses', async (t) => {
  const space = makeNamespace();
  const kernel = await openKernel({ namespace: space.path });
  t.teardown(() => {
    kernel.close();
    space.remove();
  });
  const supported = await kernel.linkAdd({ kind: 'wireguard', name: 'wireguard.cali' }).then(
    () => true,
    () => false,
  );
  const code = supported ? 'ENODEV' : 'EOPNOTSUPP';
  await t.rejects(kernel.wireguardGet('nothing'), { code });
  if (!supported) await t.rejects(kernel.wireguardGet('nothing'), { message: /modprobe wireguard/ });
});
