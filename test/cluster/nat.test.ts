import t from 'tap';
import type { Lab, PodState } from '../../src/lab/index.ts';
import { cluster, needsRoot, patchPool, podsOf } from './cluster.ts';

const OUTSIDE = `apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: outside
spec:
  cidr: 172.18.0.0/24
  disabled: true
  natOutgoing: false
`;

/** Which address an echo from the pod comes with, as the namespace that it goes to sees it. */
async function seenFrom(lab: Lab, pod: PodState, namespace: string, address: string): Promise<string | undefined> {
  const within = ['nsenter', `--net=/run/netns/${namespace}`, '--'];
  const capture = ['timeout', '10', 'tcpdump', '-n', '-l', '-c', '1', 'icmp[icmptype] = icmp-echo'];
  const captured = lab.exec('node1', [...within, ...capture]);
  const seen = captured.then(({ stdout }) => stdout);
  let line: string | undefined;
  void seen.then((text) => {
    line = text;
  });
  await lab.until('an echo to be seen', async () => {
    await lab.ping(pod, address);
    return line !== undefined;
  });
  return /IP (\S+) > /.exec(line ?? '')?.[1];
}

t.test('natOutgoing: who is outside every pool sees the node, pods see the pod', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 2, pods: 1, environment: { CALICO_IPV4POOL_NAT_OUTGOING: 'true' } });
  const host = await lab.addHost();
  const [pod, peer] = [podsOf(lab, 'node1')[0], podsOf(lab, 'node2')[0]];
  const outside = host.address.split('/')[0];
  t.type(await lab.ping(pod, outside), 'number', 'a host without a route to any pod answers');
  t.equal(await seenFrom(lab, pod, host.namespace, outside), '172.18.0.11');
  t.equal(await seenFrom(lab, pod, peer.namespace, `${peer.address}`), pod.address);

  await t.test('a disabled pool names destinations that are not outside', async (t) => {
    const { code, stderr } = await lab.calicoctl('node1', ['create', '-f', '-'], OUTSIDE);
    t.equal(code, 0, stderr);
    await lab.until('no translation', async () => (await seenFrom(lab, pod, host.namespace, outside)) === pod.address);
    await lab.calicoctl('node1', ['delete', 'ippool', 'outside']);
    await lab.until('translation', async () => (await seenFrom(lab, pod, host.namespace, outside)) === '172.18.0.11');
  });

  await t.test('without natOutgoing there is no table of ours', async (t) => {
    await patchPool(lab, { natOutgoing: false });
    await lab.until(
      'the table to go',
      async () => !(await lab.exec('node1', ['nft', 'list', 'tables'])).stdout.includes('vrouter-nat'),
    );
    t.equal(await seenFrom(lab, pod, host.namespace, outside), pod.address);
  });
});
