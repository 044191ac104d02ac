import t from 'tap';
import { formatAddress, parseAddress } from '../../src/base/index.ts';
import { tunnelPools } from '../../src/calc/tunnel-pools.ts';
import { tunnelAddress } from '../../src/ipam/index.ts';
import { newResource } from '../../src/model/index.ts';
import { TestCluster } from './cluster.ts';

async function cluster(): Promise<{
  readonly cluster: TestCluster;
  readonly address: (kind: 'ipip' | 'vxlan' | 'vxlanV6' | 'wireguard', current?: string) => Promise<string | undefined>;
}> {
  const cluster = new TestCluster();
  await cluster.pool('plain', '10.0.0.0/26');
  await cluster.pool('ipip', '10.1.0.0/26', { ipipMode: 'Always' });
  await cluster.pool('vxlan6', 'fd00::/122', { vxlanMode: 'Always' });
  const node = { ...newResource('Node', { name: 'node1' }, {}), status: { wireguardPublicKey: 'k' } };
  return {
    cluster,
    address: async (kind, current) => {
      const pools = tunnelPools((await cluster.store.list('IPPool')).items, node, {});
      const held = current ? parseAddress(current) : undefined;
      const given = await tunnelAddress(cluster.ipam, pools[kind], 'node1', kind, held);
      return given && formatAddress(given);
    },
  };
}

t.test('a tunnel has an address of a pool with its encapsulation, and keeps it', async (t) => {
  const { cluster: it, address } = await cluster();
  t.equal(await address('ipip'), '10.1.0.0');
  t.equal(await address('ipip', '10.1.0.0'), '10.1.0.0');
  t.equal(await address('vxlanV6'), 'fd00::');
  t.equal(await address('wireguard'), '10.1.0.1', 'from the block that the node has already');
  t.strictSame(await it.ipam.getAssignmentAttributes(parseAddress('10.1.0.0')), {
    handleId: 'ipip-tunnel-addr-node1',
    attributes: { node: 'node1', type: 'ipipTunnelAddress' },
    alternate: undefined,
  });
});

t.test('an address that is not the tunnel’s own is replaced', async (t) => {
  const { cluster: it, address } = await cluster();
  await it.ipam.assignIp(parseAddress('10.1.0.0'), { hostname: 'node1', handleId: 'pod' });
  t.equal(await address('ipip', '10.1.0.0'), '10.1.0.1');
  t.equal(await address('ipip', '10.0.0.9'), '10.1.0.2', 'nor is one of another pool');
});

t.test('an address from before tunnels had handles is taken over as it is, and never a pod’s', async (t) => {
  const { cluster: it, address } = await cluster();
  const [old, pod] = [parseAddress('10.1.0.7'), parseAddress('10.1.0.8')];
  await it.ipam.assignIp(old, { hostname: 'node1' });
  t.equal(await address('ipip', '10.1.0.7'), '10.1.0.7');
  t.match(await it.ipam.getAssignmentAttributes(old), {
    handleId: 'ipip-tunnel-addr-node1',
    attributes: { node: 'node1', type: 'ipipTunnelAddress' },
  });
  await it.ipam.assignIp(pod, { hostname: 'node1', attributes: { pod: 'web' } });
  t.not(await address('ipip', '10.1.0.8'), '10.1.0.8');
});

t.test(
  'an address goes back though its handle is lost, or never was; one that has become a pod’s does not',
  async (t) => {
    const { cluster: it, address } = await cluster();
    const owned = (at: string) => it.ipam.getAssignmentAttributes(parseAddress(at));
    await it.ipam.assignIp(parseAddress('10.0.0.7'), { hostname: 'node1' });
    t.equal(await address('vxlan', '10.0.0.7'), undefined, 'nobody asks for it any more');
    t.equal(await owned('10.0.0.7'), undefined);
    await it.ipam.assignIp(parseAddress('10.0.0.8'), { hostname: 'node1' });
    t.equal(await address('ipip', '10.0.0.8'), '10.1.0.0', 'its pool is no longer one of the tunnel’s');
    t.equal(await owned('10.0.0.8'), undefined);
    await it.store.delete({ kind: 'IPAMHandle', name: 'ipip-tunnel-addr-node1' });
    const pool = await it.store.get({ kind: 'IPPool', name: 'ipip' });
    await it.store.update({ ...pool!, spec: { ...pool!.spec, ipipMode: 'Never' } });
    t.equal(await address('ipip', '10.1.0.0'), undefined);
    t.equal(await owned('10.1.0.0'), undefined);
    await it.ipam.assignIp(parseAddress('10.1.0.0'), { hostname: 'node1', handleId: 'pod' });
    t.equal(await address('ipip', '10.1.0.0'), undefined);
    t.match(await owned('10.1.0.0'), { handleId: 'pod' });
  },
);

t.test('without a pool for it the address goes back', async (t) => {
  const { cluster: it, address } = await cluster();
  t.equal(await address('ipip'), '10.1.0.0');
  const pool = await it.store.get({ kind: 'IPPool', name: 'ipip' });
  await it.store.update({ ...pool!, spec: { ...pool!.spec, ipipMode: 'Never' } });
  t.equal(await address('ipip', '10.1.0.0'), undefined);
  t.equal(await it.ipam.getAssignmentAttributes(parseAddress('10.1.0.0')), undefined);
  t.equal(await address('vxlan'), undefined);
});
