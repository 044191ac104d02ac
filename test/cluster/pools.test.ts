import t from 'tap';
import { cluster, needsRoot } from './cluster.ts';

const second = `apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: second
spec:
  cidr: 10.99.0.0/24
  blockSize: 28
  ipipMode: Never
  vxlanMode: Never
  nodeSelector: all()
`;

t.test('a pool is added, and used at once', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 2, pods: 1 });
  const { code, stderr } = await lab.calicoctl('node1', ['create', '-f', '-'], second);
  t.equal(code, 0, stderr);
  const ipam = { type: 'calico-ipam', ipv4_pools: ['10.99.0.0/24'] };
  const pods = [await lab.addPod('node1', { ipam }), await lab.addPod('node2', { ipam })];
  for (const { address } of pods) t.match(address, /^10\.99\.0\./);
  await lab.untilConverged();
  t.ok((await lab.reachability()).complete);
  t.match((await lab.calicoctl('node1', ['get', 'ippools'])).stdout, /^second +10\.99\.0\.0\/24 +all\(\)/m);
});

t.test(
  'a pool runs out: the next pod is refused with the reason, and fits once another has gone',
  needsRoot,
  async (t) => {
    const environment = { CALICO_IPV4POOL_CIDR: '10.244.0.0/29', CALICO_IPV4POOL_BLOCK_SIZE: '29' };
    const lab = await cluster(t, { nodes: 1, environment });
    for (let count = 0; count < 8; count++) await lab.addPod('node1');
    await t.rejects(lab.addPod('node1'), { code: 'COMMAND_FAILED', message: /pool|address/i });
    const [first] = lab.pods;
    await lab.removePod(first);
    const refused = lab.pods.find(({ address }) => address === undefined)!;
    await lab.forgetPod(refused);
    t.equal((await lab.addPod('node1')).address, first.address, 'the one that was freed');
    t.ok((await lab.reachability()).complete);
  },
);
