import t from 'tap';
import { type Kernel, openKernel } from '../../src/netlink/index.ts';
import { kernelContract } from '../contracts/kernel.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

t.setTimeout(3_600_000);

await kernelContract('fake', async () => {
  const machine = new FakeMachine();
  const [path, otherPath] = ['/run/netns/one', '/run/netns/two'];
  machine.addNamespace(path);
  machine.addNamespace(otherPath);
  const kernel = machine.kernel(path);
  return { kernel, path, otherPath, close: async () => kernel.close() };
});

const WAYS: Readonly<Record<string, (path: string) => Promise<Kernel>>> = {
  linux: (namespace) => openKernel({ namespace }),
  'linux, on a visit': async (path) => {
    const home = await openKernel();
    const visit = await home.inNamespace(path);
    home.close();
    return visit;
  },
};

for (const [name, open] of Object.entries(WAYS)) {
  await kernelContract(name, async () => {
    const [one, two] = [makeNamespace(), makeNamespace()];
    const kernel = await open(one.path);
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
}
