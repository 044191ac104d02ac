import { openKernel } from '../../src/netlink/index.ts';
import { wireguardContract } from '../contracts/wireguard.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

await wireguardContract('linux', async () => {
  const space = makeNamespace();
  const kernel = await openKernel({ namespace: space.path });
  return {
    kernel,
    close: () => {
      kernel.close();
      space.remove();
    },
  };
});
