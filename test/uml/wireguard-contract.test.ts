import { openKernel } from '../../src/netlink/index.ts';
import { runScenarios } from '../contracts/kernel-scenarios.ts';
import { WIREGUARD } from '../contracts/wireguard.ts';
import { makeNamespace } from '../fakes/namespaces.ts';

await runScenarios('linux', WIREGUARD, async () => {
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
