import { type ChildProcess, spawn } from 'node:child_process';
import t from 'tap';
import { sleep, systemClock } from '../../../src/base/index.ts';
import type { Desired } from '../../../src/calc/index.ts';
import type { Nft } from '../../../src/nftables/index.ts';
import { needsRoot } from '../../fakes/namespaces.ts';
import { wanted } from '../host.ts';
import { FAMILIES, POD, PodNetwork } from '../pod-network.ts';
import { heldTo, policyThat } from './held.ts';

t.setTimeout(600_000);

/** Milliseconds by which the packet filter is slow here, so that whoever does not wait for it is seen. */
const SLOWNESS = 250;

/** Sends datagrams to both addresses as fast as it can, whatever is answered. */
const HAMMER = `
const [to4, to6] = process.argv.slice(1);
const sockets = { udp4: require('node:dgram').createSocket('udp4'), udp6: require('node:dgram').createSocket('udp6') };
for (const socket of Object.values(sockets)) socket.on('error', () => {});
const again = () => {
  sockets.udp4.send('hammer', 7, to4, () => {});
  sockets.udp6.send('hammer', 7, to6, () => {});
  setTimeout(again, 1);
};
again();
`;

/** Counts them where they come in, and keeps the kernel from answering. */
const WITNESS = [
  'add table inet witness',
  'add chain inet witness in { type filter hook prerouting priority -300 ; }',
  'add rule inet witness in meta nfproto ipv4 udp dport 7 counter drop',
  'add rule inet witness in meta nfproto ipv6 udp dport 7 counter drop',
].join('; ');

const NOBODY: Desired = wanted([]);
const OTHERS: Desired = { ...wanted([]), policy: heldTo(policyThat('Deny'), []) };
const DENIED: Desired = { ...wanted([]), workloads: [POD], policy: heldTo(policyThat('Deny'), [POD.interfaceName]) };
const ALLOWED: Desired = { ...DENIED, policy: heldTo(policyThat('Allow'), [POD.interfaceName]) };

for (const [name, before] of [
  ['that nothing restricted so far', NOBODY],
  ['where policy is in force', OTHERS],
] as const) {
  t.test(
    `on a node ${name}, a pod under a policy that denies is closed from its first moment`,
    needsRoot,
    async (t) => {
      const network = await PodNetwork.create(t, { withPod: false, wrap: slow });
      await network.dataplane.start(before);
      await network.dataplane.resync();
      for (const where of ['pod', 'outside'] as const) network.run(where, 'nft', WITNESS);
      const hammers = [hammer(network, 'outside', 'pod'), hammer(network, 'pod', 'outside')];
      t.teardown(() => hammers.map((child) => child.kill('SIGKILL')));
      const made = await network.addPod();
      network.dataplane.linkMade(made.host);
      network.dataplane.apply(DENIED);
      t.match(network.dataplane.endpoints.lacking(POD.key), /^policy: /, 'nothing leads to it yet');
      await network.dataplane.policy.settled;
      await network.dataplane.routes.flush();
      t.equal(network.dataplane.endpoints.lacking(POD.key), undefined, 'it is led to');
      await sleep(systemClock, 2 * SLOWNESS);
      t.same(
        [counted(network, 'pod'), counted(network, 'outside')],
        [
          [0, 0],
          [0, 0],
        ],
        'and nothing has gone through',
      );
      network.dataplane.apply(ALLOWED);
      await until(() => [...counted(network, 'pod'), ...counted(network, 'outside')].every((packets) => packets > 0));
      t.pass('what is allowed goes through in either direction, in both families');
    },
  );
}

function slow(nft: Nft): Nft {
  return {
    list: (table) => nft.list(table),
    isOwn: (port) => nft.isOwn(port),
    close: () => nft.close(),
    run: async (transaction) => {
      if (!transaction.isEmpty) await sleep(systemClock, SLOWNESS);
      await nft.run(transaction);
    },
  };
}

function hammer(network: PodNetwork, from: 'pod' | 'outside', to: 'pod' | 'outside'): ChildProcess {
  const inside = [`--net=${network.at(from)}`, process.execPath, '-e', HAMMER, FAMILIES[4][to], FAMILIES[6][to]];
  return spawn('nsenter', inside, { stdio: 'ignore' });
}

/** Datagrams that have come in, by family. */
function counted(network: PodNetwork, where: 'pod' | 'outside'): readonly number[] {
  const listed = network.run(where, 'nft', 'list', 'table', 'inet', 'witness');
  return [...listed.matchAll(/packets (\d+)/g)].map(([, packets]) => Number(packets));
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(systemClock, 50);
}
