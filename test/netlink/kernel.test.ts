import { openKernel } from '../../src/netlink/index.ts';
import { kernelContract } from '../contracts/kernel.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

await kernelContract('fake', async () => {
  const machine = new FakeMachine();
  const [path, otherPath] = ['/run/netns/one', '/run/netns/two'];
  machine.addNamespace(path);
  machine.addNamespace(otherPath);
  const kernel = machine.kernel(path);
  return { kernel, path, otherPath, close: async () => kernel.close() };
});

await kernelContract('linux', async () => {
  const [one, two] = [makeNamespace(), makeNamespace()];
  const kernel = await openKernel({ namespace: one.path });
  return {
    kernel,
    path: one.path,
    otherPath: two.path,
    close: async () => {
      kernel.close();
      one.remove();
      two.remove();
    },
  };
});
