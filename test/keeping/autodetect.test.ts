import t from 'tap';
import { autodetect, type Hints } from '../../src/keeping/autodetect.ts';
import type { Kernel } from '../../src/netlink/index.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';

/** A host with these addresses, in this order, each with its interface. */
async function host(...addresses: readonly (readonly [dev: string, address: string])[]): Promise<Kernel> {
  const machine = new FakeMachine();
  machine.addNamespace('/host');
  const made = machine.kernel('/host');
  for (const dev of new Set(addresses.map(([name]) => name))) {
    await made.linkAdd({ kind: 'dummy', name: dev });
    await made.linkSet(dev, { up: true });
  }
  for (const [dev, address] of addresses) await made.addressAdd({ dev, address });
  return made;
}

async function found(kernel: Kernel, method: string, hints: Hints = {}): Promise<string> {
  return (await autodetect(kernel, 4, method, hints)).address;
}

const METHODS: readonly (readonly [method: string, address: string])[] = [
  ['first-found', '10.3.0.1/24'],
  ['interface=eth0', '10.1.0.1/24'],
  ['interface=nothing,eth.*', '10.3.0.1/24'],
  ['interface=^(?i)ETH[[:digit:]]$', '10.3.0.1/24'],
  ['interface=eth1,eth2', '10.2.0.1/24'],
  ['skip-interface=eth2', '10.2.0.1/24'],
  ['skip-interface=eth2, eth1', '10.1.0.1/24'],
  ['cidr=10.2.0.0/16', '10.2.0.1/24'],
];
for (const [method, address] of METHODS) {
  t.test(`${method} finds ${address}`, async (t) => {
    const kernel = await host(
      ['eth0', '10.1.0.1/24'],
      ['eth1', '10.2.0.1/24'],
      ['eth2', '10.3.0.1/24'],
      ['cali1', '10.4.0.1/32'],
    );
    t.equal(await found(kernel, method), address);
  });
}

t.test('interfaces that begin like Calico’s excluded ones are passed over', async (t) => {
  const names = [
    'docker0',
    'lo1',
    'br-12',
    'virbr0-nic',
    'vxlan.calico.1',
    'wg-v6.cali2',
    'nodelocaldns0',
    'kube-ipvs0',
  ];
  for (const name of names) {
    t.equal(
      await found(await host(['eth0', '10.1.0.1/24'], [name, '10.2.0.1/24']), 'first-found'),
      '10.1.0.1/24',
      name,
    );
  }
  for (const name of ['eth-docker', 'bridge0', 'slot0']) {
    t.equal(
      await found(await host(['eth0', '10.1.0.1/24'], [name, '10.2.0.1/24']), 'first-found'),
      '10.2.0.1/24',
      name,
    );
  }
});

const EVERY = ['first-found', 'interface=eth.*', 'skip-interface=ens.*', 'cidr=10.0.0.0/8', 'can-reach=10.1.0.254'];
for (const method of [...EVERY, 'kubernetes-internal-ip']) {
  t.test(`${method}: an address that moves between hosts does not take the known one’s place`, async (t) => {
    const hints = { before: '10.1.0.1', internal: ['10.1.0.1'] };
    for (const vip of ['10.1.0.100/32', '10.1.0.100/24']) {
      t.equal(await found(await host(['eth0', vip], ['eth0', '10.1.0.1/24']), method, hints), '10.1.0.1/24', vip);
    }
    const beside = await host(['eth0', '10.1.0.1/24'], ['eth1', '10.1.0.100/32']);
    t.equal(await found(beside, method, hints), '10.1.0.1/24');
  });
}

t.test('an address without a subnet comes after those that have one, and is better than none', async (t) => {
  t.equal(await found(await host(['eth0', '10.1.0.100/32'], ['eth0', '10.1.0.1/24']), 'first-found'), '10.1.0.1/24');
  t.equal(await found(await host(['eth0', '10.1.0.100/32']), 'first-found'), '10.1.0.100/32');
});

t.test('the known address goes when it is no longer the host’s, or what the method asks for', async (t) => {
  const hints = { before: '10.1.0.1' };
  t.equal(await found(await host(['eth0', '10.1.0.7/24']), 'first-found', hints), '10.1.0.7/24');
  const two = await host(['eth0', '10.1.0.1/24'], ['eth1', '10.2.0.1/24']);
  t.equal(await found(two, 'interface=eth1', hints), '10.2.0.1/24');
});

t.test('can-reach looks a name up', async (t) => {
  const kernel = await host(['eth0', '10.1.0.1/24'], ['eth1', '10.2.0.1/24']);
  const lookup = async (name: string): Promise<string> => {
    if (name === 'gateway.example') return '10.1.0.254';
    throw new Error('getaddrinfo ENOTFOUND');
  };
  t.equal(await found(kernel, 'can-reach=gateway.example', { lookup }), '10.1.0.1/24');
  t.equal(await found(kernel, 'can-reach=localhost.invalid', { lookup }).catch(({ code }) => code), 'NO_ADDRESS');
  await t.rejects(found(kernel, 'can-reach=nobody', { lookup }), {
    message: /'nobody' can't be looked up: .*ENOTFOUND/,
  });
  await t.rejects(found(kernel, 'can-reach=192.0.2.1', { lookup }), { message: /no route to 192\.0\.2\.1/ });
});

t.test('kubernetes-internal-ip takes what the cluster lists, with the length of its interface', async (t) => {
  const kernel = await host(['eth0', '10.1.0.1/24'], ['eth1', '10.2.0.1/24']);
  const internal = ['fd00::1', '10.1.0.1'];
  t.equal(await found(kernel, 'kubernetes-internal-ip', { internal }), '10.1.0.1/24');
  await t.rejects(found(kernel, 'kubernetes-internal-ip'), { code: 'NO_ADDRESS', message: /has no InternalIP/ });
  await t.rejects(found(kernel, 'kubernetes-internal-ip', { internal: ['10.9.9.9'] }), {
    message: /InternalIP 10\.9\.9\.9/,
  });
});

t.test('when nothing is found, the error says what there is, and what to set', async (t) => {
  await t.rejects(found(await host(['eth0', '172.31.1.5/24']), 'interface=ens.*'), {
    code: 'NO_ADDRESS',
    message: /interface=ens\.\*.*eth0 172\.31\.1\.5\/24.*IP=ADDRESS/,
  });
});
