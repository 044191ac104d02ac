import t from 'tap';
import type { PodState } from '../../src/lab/index.ts';
import { cluster, needsRoot, patchPool, podsOf } from './cluster.ts';
import { type Connected, startSeeing, untilMore, untilSeen } from './leaving.ts';
import { MAIN } from './program.ts';

const EGRESS = '172.18.0.200';
const POOL = `apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: leaving
  annotations:
    vrouter.projectcalico.org/egressAddress: ${EGRESS}
    vrouter.projectcalico.org/egressNodes: has(gateway)
spec:
  cidr: 10.99.0.0/24
  blockSize: 28
  natOutgoing: true
  assignmentMode: Manual
`;
t.test(
  'a pool with an egress address: pods of all nodes are seen by it, gateways come and go',
  needsRoot,
  async (t) => {
    const lab = await cluster(t, { nodes: 3 });
    const host = await lab.addHost();
    const outside = host.address.split('/')[0];
    await startSeeing(lab, t, host.namespace);
    const label = async (node: string, gateway: boolean): Promise<void> => {
      const words = gateway ? ['gateway=yes'] : ['gateway', '--remove'];
      const { code, stderr } = await lab.calicoctl('node1', ['label', 'nodes', node, ...words]);
      if (code !== 0) throw new Error(stderr);
    };
    await label('node1', true);
    const { code, stderr } = await lab.calicoctl('node1', ['create', '-f', '-'], POOL);
    t.equal(code, 0, stderr);
    const ipam = { type: 'calico-ipam', ipv4_pools: ['10.99.0.0/24'] };
    for (const { name } of lab.nodes) await lab.addPod(name, { ipam });
    const [pod1, pod2, pod3] = lab.nodes.map(({ name }) => podsOf(lab, name)[0]);

    const seen = (pod: PodState): Promise<Connected> => untilSeen(lab, t, pod, outside, EGRESS);
    const goesOn = (who: Connected): Promise<void> => untilMore(lab, who);
    await seen(pod1);
    await seen(pod2);
    const lasting = await seen(pod3);
    t.type(await lab.ping(pod3, pod1.address!), 'number', 'pods reach each other');

    await t.test('each node says which is the gateway, and how its pods come there', async (t) => {
      const told = async (node: string) => {
        const { stdout } = await lab.exec(node, [process.execPath, MAIN, 'status', 'egress', '-o', 'json']);
        return JSON.parse(stdout);
      };
      t.match(await told('node1'), [{ present: true, egress: { pool: 'leaving', gateway: 'node1', way: 'here' } }]);
      t.match(await told('node2'), [{ present: true, egress: { address: EGRESS, gateway: 'node1', way: 'subnet' } }]);
    });

    await t.test('another gateway takes over, and connections go on', async (t) => {
      const own = await seen(pod2);
      await label('node2', true);
      await label('node1', false);
      await seen(pod1);
      await goesOn(lasting);
      await goesOn(own);
      t.match((await lab.exec('node2', ['nft', 'list', 'table', 'ip', 'vrouter-nat'])).stdout, `snat to ${EGRESS}`);
    });

    await t.test('by VXLAN', async () => {
      await patchPool(lab, { vxlanMode: 'Always' }, 'leaving');
      await lab.until('the tunnel', async () => {
        const { stdout } = await lab.exec('node3', ['ip', 'route', 'get', outside, 'from', pod3.address!, 'iif', 'lo']);
        return stdout.includes('vxlan.calico');
      });
      await lab.exec('node2', ['sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1']);
      await seen(pod3);
      await goesOn(lasting);
    });

    await t.test('the gateway is lost with its machine', async () => {
      await label('node1', true);
      await lab.loseNode('node2');
      await lab.calicoctl('node1', ['delete', 'node', 'node2']);
      await seen(pod3);
      await seen(pod1);
      await goesOn(lasting);
    });

    await t.test('without a gateway nothing leaves; without the annotation all is as before', async (t) => {
      await label('node1', false);
      await lab.until('no way out', async () => (await lab.ping(pod3, outside)) === undefined);
      t.type(await lab.ping(pod3, pod1.address!), 'number', 'pods reach each other');
      const { problems } = await lab.status('node3');
      t.match(problems, [
        /IPPool leaving: egressAddress 172.18.0.200: egressNodes 'has\(gateway\)' selects no node; its pods can not leave/,
      ]);
      const { stdout } = await lab.calicoctl('node1', ['get', 'ippool', 'leaving', '-o', 'json']);
      const { metadata, ...pool } = JSON.parse(stdout);
      const plain = { ...pool, metadata: { ...metadata, annotations: {} } };
      const replaced = await lab.calicoctl('node1', ['replace', '-f', '-'], JSON.stringify(plain));
      t.equal(replaced.code, 0, replaced.stderr);
      await lab.until('a way out', async () => (await lab.ping(pod3, outside)) !== undefined);
      for (const { name } of lab.nodes)
        t.notMatch((await lab.exec(name, ['ip', 'rule'])).stdout, 'from 10.99.0.0/24', `${name} has no rule left`);
    });
  },
);
