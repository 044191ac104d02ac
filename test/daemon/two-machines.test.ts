import t from 'tap';
import { needsRoot } from '../fakes/namespaces.ts';
import { Cluster } from './kubernetes-cluster.ts';

t.setTimeout(0);

t.test('a machine that comes with the name of another is told so, and so is the other', needsRoot, async (t) => {
  const cluster = await Cluster.start(t, 'etcdv3');
  await cluster.kill('node2');
  // The Node that it had before has its address still.
  cluster.launch('node2', { NODENAME: 'node1', DISABLE_NODE_IP_CHECK: 'true' });
  const says = (machine: 'node1' | 'node2', address: string): Promise<void> =>
    cluster.until(`${machine} names ${address}`, async () => {
      const { problems } = await cluster.status(machine);
      return problems.some((one) => one.includes(`another machine, with address ${address}`) && /NODENAME/.test(one));
    });
  await says('node1', '192.0.2.2');
  await says('node2', '192.0.2.1');
  t.pass('both say which machine the other is');
});
