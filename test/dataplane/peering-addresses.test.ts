import t from 'tap';
import type { Desired } from '../../src/calc/index.ts';
import { Host, wanted } from './host.ts';

const PODS = { web: '10.244.1.2', db: '10.244.1.3' };
const FOUR = '169.254.0.179/32';

/** The pods of that name have BGP sessions with the node. */
function peering(...names: readonly string[]): Desired {
  const all = wanted([], PODS);
  const workloads = all.workloads.map((one) =>
    names.includes(one.interfaceName.slice(4)) ? { ...one, peeringAddresses: [FOUR, 'fd12::1/128'] } : one,
  );
  return { ...all, workloads };
}

async function held(host: Host): Promise<string[]> {
  const entries = await host.kernel.addressList();
  return entries
    .filter(({ dev, address }) => dev.startsWith('cali') && !address.startsWith('fe80'))
    .map(({ dev, address, scope }) => `${dev} ${address} ${scope}`)
    .sort();
}

t.test('host ends of pods that are peers have the node’s addresses, and others have none', async (t) => {
  const host = await Host.create();
  for (const [name, address] of Object.entries(PODS)) await host.addPod(name, address);
  await host.dataplane.start(peering('web'));
  await host.settle();
  const web = [`caliweb ${FOUR} host`, 'caliweb fd12::1/128 global'];
  t.same(await held(host), web);

  host.dataplane.apply(peering('web', 'db'));
  await host.settle();
  t.equal((await held(host)).length, 4);
  host.dataplane.apply(peering('web'));
  await host.settle();
  t.same(await held(host), web);

  await host.kernel.addressDelete({ dev: 'caliweb', address: FOUR, scope: 'host' });
  await host.settle(500);
  t.same(await held(host), web, 'what somebody takes away is put back');

  host.dataplane.stop();
  await host.kernel.addressAdd({ dev: 'calidb', address: '198.51.100.1/24' });
  await host.restarted().start(wanted([], PODS));
  await host.settle();
  t.same(await held(host), ['calidb 198.51.100.1/24 global'], 'what a former run left goes, others’ stays');
});

t.test('what the kernel refuses is tried again', async (t) => {
  const host = await Host.create();
  await host.addPod('web', PODS.web);
  host.machine.failOnce({ verb: 'addressAdd' });
  await host.dataplane.start(peering('web'));
  await host.settle();
  await host.settle(1000);
  t.equal((await held(host)).length, 2);
});
