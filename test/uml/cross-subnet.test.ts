import t from 'tap';
import { blocksOf, patchPool, podsOf } from '../cluster/cluster.ts';
import { DIRECT, nodesWithPods, onTheWire, TUNNELLED, untilAll, ways } from './encapsulation.ts';

/** node1 and node3 are on one subnet, node2 and node4 on another; the router between knows nothing of pods. */
t.test('CrossSubnet: straight to nodes of the same subnet, through tunl0 to the others', async (t) => {
  const lab = await nodesWithPods(t, 4, 'CrossSubnet', { subnets: 2 });
  const pod = (node: string) => podsOf(lab, node)[0];

  for (const { name, subnet } of lab.nodes) {
    for (const other of lab.nodes) {
      if (other.name === name) continue;
      const [block] = await blocksOf(lab, other.name);
      const way = `${(await ways(lab, name)).get(block)}`;
      t.match(way, other.subnet === subnet ? DIRECT : TUNNELLED, `${name} to ${other.name}`);
      t.match(way, `via ${other.address.split('/')[0]} `);
    }
  }
  t.ok((await lab.reachability()).complete);

  await t.test('on the wire', async (t) => {
    const [one, two, three] = ['node1', 'node2', 'node3'].map(pod);
    const plain = `IP ${one.address} > ${three.address}: ICMP echo request`;
    t.match(await onTheWire(lab, 'node3', one, three), plain);
    const packed = `IP 172.18.0.11 > 172.18.1.12: IP ${one.address} > ${two.address}: ICMP echo request`;
    t.match(await onTheWire(lab, 'node2', one, two), packed);
  });

  await t.test('without it the router drops what pods send to the other subnet', async (t) => {
    await patchPool(lab, { ipipMode: 'Never' });
    await lab.until('no tunnel to be used', async () => {
      const all = await Promise.all(lab.nodes.map(({ name }) => ways(lab, name)));
      return all.every((one) => [...one.values()].every((way) => !way.includes('tunl0')));
    });
    t.equal(await lab.ping(pod('node1'), `${pod('node2').address}`), undefined);
    t.type(await lab.ping(pod('node1'), `${pod('node3').address}`), 'number');
  });

  await t.test('Always: through tunl0 to all', async (t) => {
    await patchPool(lab, { ipipMode: 'Always' });
    await untilAll(lab, TUNNELLED);
    t.ok((await lab.reachability()).complete);
  });
});
