import t, { type Test } from 'tap';
import { type Desired, type DesiredTunnels, type DesiredWireguard, NO_TUNNELS } from '../../src/calc/index.ts';
import { pool } from '../calc/pool.ts';
import { byCidr, byNode, vtep, vxlan } from '../calc/tunnels.ts';
import { Host, wanted } from './host.ts';

const NODE = '172.16.0.1';
const NODE_6 = 'fd01::1';

/** What a pool asks for, the device that carries it, and what that takes of each packet. */
const CARRIED: Readonly<
  Record<
    string,
    {
      readonly desired: Partial<DesiredTunnels>;
      readonly pool: object;
      readonly device?: string;
      readonly overhead: number;
    }
  >
> = {
  'no tunnel': { desired: {}, pool: {}, overhead: 0 },
  VXLAN: {
    desired: { vxlan4: vxlan([vtep('b', 2)]) },
    pool: { encapsulation: 'vxlan' },
    device: 'vxlan.calico',
    overhead: 50,
  },
  IPIP: {
    desired: { ipip: { address: '10.244.1.1', subnet: undefined } },
    pool: { encapsulation: 'ipip' },
    device: 'tunl0',
    overhead: 20,
  },
};
/** Names that Calico's pattern does not know, and what may be beside the link with the node's address. */
const NAMES = ['bond0', 'br0', 'team0', 'vlan100', 'em1', 'p1p1', 'eth0', 'anything'];

async function node(t: Test, links: Readonly<Record<string, number>>, holder: string): Promise<Host> {
  const host = await Host.create();
  await host.kernel.addressDelete({ dev: 'eth0', address: `${NODE}/24` });
  await host.kernel.linkDelete('eth0');
  for (const [name, mtu] of Object.entries(links)) {
    await host.kernel.linkAdd({ kind: 'dummy', name, mtu });
    await host.kernel.linkSet(name, { up: true });
  }
  await host.kernel.addressAdd({ dev: holder, address: `${NODE}/24` });
  await host.kernel.addressAdd({ dev: holder, address: `${NODE_6}/64` });
  t.teardown(() => host.dataplane.stop());
  return host;
}

function state(tunnels: Partial<DesiredTunnels>, how: object, cidr = '10.244.0.0/16'): Desired {
  const desired = wanted([], {}, [pool(cidr, how)]);
  return { ...desired, host: { ...desired.host, addresses: [NODE, NODE_6] }, tunnels: { ...NO_TUNNELS, ...tunnels } };
}

async function mtuOf(host: Host, device: string | undefined): Promise<number | undefined> {
  return device === undefined ? host.dataplane.podMtu : (await host.kernel.linkGet(device))?.mtu;
}

for (const [what, { desired, pool: how, device, overhead }] of Object.entries(CARRIED)) {
  t.test(
    `${what}: pods and device have one MTU, that of the link with the node’s address, whatever its name`,
    async (t) => {
      for (const name of NAMES) {
        for (const mtu of [1400, 1500, 9000]) {
          const host = await node(t, { [name]: mtu }, name);
          await host.dataplane.start(state(desired, how));
          await host.settle(1000);
          t.equal(host.dataplane.podMtu, mtu - overhead, `${name} of ${mtu}: pods`);
          t.equal(await mtuOf(host, device), mtu - overhead, `${name} of ${mtu}: the device`);
          t.equal(host.dataplane.narrowest, name);
        }
      }
    },
  );

  t.test(
    `${what}: they follow when that link’s MTU changes, the address moves, or another link is narrower`,
    async (t) => {
      const host = await node(t, { bond0: 1500, vlan7: 1300 }, 'bond0');
      const agree = async (host_: number, when: string): Promise<void> => {
        await host.settle(1000);
        t.equal(host.dataplane.podMtu, host_ - overhead, `${when}: pods`);
        t.equal(await mtuOf(host, device), host_ - overhead, `${when}: the device`);
      };
      await host.dataplane.start(state(desired, how));
      await agree(1500, 'at the start');
      await host.kernel.linkSet('bond0', { mtu: 1400 });
      await agree(1400, 'narrower');
      await host.kernel.linkSet('bond0', { mtu: 9000 });
      await agree(9000, 'wider');
      await host.kernel.linkAdd({ kind: 'dummy', name: 'eth1', mtu: 1450 });
      await host.kernel.linkSet('eth1', { up: true });
      await agree(1450, 'another link that Calico’s pattern knows');
      await host.kernel.linkDelete('eth1');
      await agree(9000, 'and it is gone');
      await host.kernel.addressDelete({ dev: 'bond0', address: `${NODE_6}/64` });
      await host.kernel.addressAdd({ dev: 'vlan7', address: `${NODE_6}/64` });
      await agree(1300, 'the IPv6 address is on a narrower link');
      await host.kernel.addressDelete({ dev: 'bond0', address: `${NODE}/24` });
      await host.kernel.addressAdd({ dev: 'vlan7', address: `${NODE}/24` });
      await agree(1300, 'both are');
    },
  );
}

t.test('VXLAN over IPv6 and WireGuard go by the same', async (t) => {
  const six = vxlan([], { family: 6, underlay: NODE_6, address: 'fd00:1::1' });
  const host = await node(t, { bond0: 1400 }, 'bond0');
  await host.dataplane.start(state({ vxlan6: six }, { encapsulation: 'vxlan' }, 'fd00::/16'));
  await host.settle(1000);
  t.same([host.dataplane.podMtu, await mtuOf(host, 'vxlan-v6.calico')], [1330, 1330]);
  const wireguard4 = WIREGUARD;
  host.dataplane.apply(state({ wireguard4 }, {}));
  await host.settle(1000);
  t.same([host.dataplane.podMtu, await mtuOf(host, 'wireguard.cali')], [1340, 1340]);
  await host.kernel.linkSet('bond0', { mtu: 1500 });
  await host.settle(1000);
  t.same([host.dataplane.podMtu, await mtuOf(host, 'wireguard.cali')], [1440, 1440]);
});

t.test('a tunnel that has the node’s own address, as with host encryption, is not its own way', async (t) => {
  const host = await node(t, { bond0: 1400 }, 'bond0');
  await host.dataplane.start(state({ wireguard4: { ...WIREGUARD, address: NODE } }, {}));
  await host.settle(1000);
  t.same([host.dataplane.podMtu, await mtuOf(host, 'wireguard.cali')], [1340, 1340]);
  t.equal(host.dataplane.narrowest, 'bond0');
});

t.test('an address on the loopback says nothing of the way; with no link at all both take what is safe', async (t) => {
  const host = await node(t, { em1: 9000 }, 'em1');
  await host.kernel.linkDelete('em1');
  await host.kernel.addressAdd({ dev: 'lo', address: `${NODE}/32` });
  await host.dataplane.start(state({ ipip: { address: '10.244.1.1', subnet: undefined } }, { encapsulation: 'ipip' }));
  await host.settle(1000);
  t.same([host.dataplane.podMtu, await mtuOf(host, 'tunl0')], [1440, 1440]);
});

const WIREGUARD: DesiredWireguard = {
  family: 4,
  device: 'wireguard.cali',
  underlay: NODE,
  address: '10.1.0.7',
  mtu: undefined,
  listenPort: 51820,
  mark: 0x100000,
  rulePriority: 99,
  tables: [{ min: 1, max: 250 }],
  hostEncryption: false,
  peers: byNode([]),
  routes: byCidr([]),
};
