import t from 'tap';
import { blocksOf, cluster, hasRoute, needsRoot, podsOf, untilNoRoute } from './cluster.ts';
import { MAIN } from './program.ts';

t.test('three nodes: every pod reaches every pod, and the operator sees it', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 3, pods: 2 });
  const { complete, rtts } = await lab.reachability();
  t.ok(complete, JSON.stringify(rtts));

  const addresses = lab.pods.map(({ address }) => address);
  t.equal(new Set(addresses).size, 6, 'each pod has an address of its own');

  const { stdout, code } = await lab.calicoctl('node1', ['node', 'status']);
  t.equal(code, 0);
  t.match(stdout, /^Calico process is running\.\n\nIPv4 BGP status\n\+-+/);
  for (const address of ['172.18.0.12', '172.18.0.13']) {
    t.match(stdout, new RegExp(`\\| ${address} +\\| node-to-node mesh \\| up +\\| [0-9:]{8} \\| Established +\\|`));
  }
  t.match(stdout, /IPv6 BGP status\nNo IPv6 peers found\.\n/);
  t.equal((await lab.calicoctl('node1', ['get', 'nodes'])).stdout, 'NAME    \nnode1   \nnode2   \nnode3   \n\n');

  await t.test('vrouter status tells how each part is doing, of this node and of all', async (t) => {
    const own = await lab.exec('node1', [process.execPath, MAIN, 'status', '--wait']);
    t.match(own.stdout, /^Node node1: ok [\s\S]*\n {2}bgp +ok +AS 64512, 2 of 2 sessions up/);
    const all = await lab.exec('node1', [process.execPath, MAIN, 'status', '--cluster']);
    for (const { name } of lab.nodes) t.match(all.stdout, new RegExp(`^${name} +ok +\\S+ +2/2 +1 +2 +0$`, 'm'));
  });

  await t.test('each node holds its blocks: a blackhole at home, a route by BGP elsewhere', async (t) => {
    for (const { name } of lab.nodes) {
      for (const block of await blocksOf(lab, name)) {
        for (const other of lab.nodes) {
          const line = (await lab.routes(other.name)).find((route) => route.includes(block));
          const via = lab.node(name).address.split('/')[0];
          if (other.name === name) t.match(line, /^blackhole /);
          else t.match(line, new RegExp(`via ${via} `));
        }
      }
    }
  });

  await t.test('a fourth node joins, and all reach its pods', async (t) => {
    const { name } = await lab.addNode();
    await lab.addPod(name);
    await lab.untilConverged();
    t.ok((await lab.reachability()).complete);
  });

  await t.test('a pod goes, and its address is free again', async (t) => {
    const [pod] = podsOf(lab, 'node1');
    const before = (await lab.status('node1')).blocks.reduce((sum, { inUse }) => sum + inUse, 0);
    await lab.removePod(pod);
    await lab.until('the address to be free', async () => {
      const now = (await lab.status('node1')).blocks.reduce((sum, { inUse }) => sum + inUse, 0);
      return now === before - 1;
    });
    t.notOk(await hasRoute(lab, 'node1', `${pod.address}`));
    t.notOk((await lab.exec('node1', ['ip', 'link'])).stdout.includes(pod.namespace));
  });

  await t.test('a node is deleted, and is gone from every routing table', async (t) => {
    const blocks = await blocksOf(lab, 'node4');
    t.ok(blocks.length > 0);
    await lab.loseNode('node4');
    const { code, stderr } = await lab.calicoctl('node1', ['delete', 'node', 'node4']);
    t.equal(code, 0, stderr);
    for (const { name } of lab.nodes) await untilNoRoute(lab, name, blocks);
    await lab.untilConverged();
    t.ok((await lab.reachability()).complete, 'the others go on');
  });
});
