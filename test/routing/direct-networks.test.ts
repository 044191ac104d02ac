import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import type { Link } from '../../src/netlink/index.ts';
import { DirectNetworks } from '../../src/routing/direct-networks.ts';
import { originations } from '../../src/routing/originating.ts';
import { byCidr } from '../calc/tunnels.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';

const HOST = '/run/netns/host';

/** A host with these interfaces and their addresses. */
async function host(interfaces: Readonly<Record<string, readonly string[]>>) {
  const machine = new FakeMachine();
  machine.addNamespace(HOST);
  const kernel = machine.kernel(HOST);
  const links = new Map<number, Link>();
  const clock = new VirtualClock();
  const settle = async (): Promise<void> => {
    links.clear();
    for (const link of await kernel.linkList()) links.set(link.index, link);
    direct.invalidate();
    clock.advance(200);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  const direct = new DirectNetworks({ kernel, links, podPrefix: 'cali', clock, log: silentLog });
  for (const [name, addresses] of Object.entries(interfaces)) {
    await kernel.linkAdd({ kind: 'dummy', name });
    for (const address of addresses) await kernel.addressAdd({ dev: name, address });
    await kernel.linkSet(name, { up: true });
  }
  await settle();
  return { kernel, direct, settle };
}

t.test('the networks of interfaces that are up, without pods’, tunnels’ and ignored ones', async (t) => {
  const { kernel, direct, settle } = await host({
    eth0: ['192.0.2.11/24', '2001:db8::11/64'],
    eth1: ['192.0.2.12/24', '198.51.100.7/31'],
    caliweb: ['203.0.113.1/32'],
    'kube-ipvs0': ['10.96.0.1/32'],
    'vxlan.calico': ['10.244.1.0/32'],
    docker0: ['172.17.0.1/16'],
  });
  direct.ignore(['docker*']);
  t.same(direct.networks, [
    { cidr: '192.0.2.0/24', interfaceName: 'eth0' },
    { cidr: '198.51.100.6/31', interfaceName: 'eth1' },
    { cidr: '2001:db8::/64', interfaceName: 'eth0' },
  ]);
  const before = direct.networks;
  await settle();
  t.equal(direct.networks, before, 'nothing has changed');
  await kernel.linkSet('eth0', { up: false });
  await settle();
  t.same(
    direct.networks.map(({ cidr, interfaceName }) => [cidr, interfaceName]),
    [
      ['192.0.2.0/24', 'eth1'],
      ['198.51.100.6/31', 'eth1'],
    ],
  );
});

t.test('what the node announces goes before a network of the same prefix', async (t) => {
  const announce = [{ cidr: '10.1.0.0/26', why: 'own block' }];
  const direct = [
    { cidr: '10.1.0.0/26', interfaceName: 'eth0' },
    { cidr: '10.2.0.0/26', interfaceName: 'eth0' },
  ];
  t.match(originations({ announce: byCidr(announce), localPrefs: { 4: 100, 6: 200 } }, direct), [
    { prefix: '10.1.0.0/26', tag: 'direct' },
    { prefix: '10.2.0.0/26', tag: 'direct', interface: 'eth0', localPref: 100 },
    { prefix: '10.1.0.0/26', tag: 'own', interface: undefined },
  ]);
});
