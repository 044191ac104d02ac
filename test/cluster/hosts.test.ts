import t from 'tap';
import type { Lab } from '../../src/lab/index.ts';
import { cluster, needsRoot, podsOf } from './cluster.ts';

const CLOSED = `apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata:
  name: node1-all
  labels: { role: node }
spec:
  node: node1
  interfaceName: '*'
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: closed
spec:
  selector: role == 'node'
  types: [Ingress]
  ingress:
  - action: Deny
    protocol: ICMP
`;

async function calicoctl(lab: Lab, args: readonly string[], input?: string): Promise<void> {
  const { code, stderr } = await lab.calicoctl('node1', args, input);
  if (code !== 0) throw new Error(stderr);
}

async function ruleset(lab: Lab, node: string): Promise<string> {
  return (await lab.exec(node, ['nft', 'list', 'ruleset'])).stdout;
}

t.test('a host endpoint closes its node to all but the failsafe ports, and no other node', needsRoot, async (t) => {
  const lab = await cluster(t, { nodes: 2, pods: 1 });
  const outside = await lab.addHost();
  const [first, second] = lab.nodes.map(({ address }) => address.split('/')[0]);
  const [pod, other] = [podsOf(lab, 'node1')[0], podsOf(lab, 'node2')[0]];
  const answers = async (address: string) => (await lab.ping(outside, address)) !== undefined;
  const connects = async (port: number): Promise<boolean> =>
    (await lab.exec(outside.name, ['timeout', '5', 'bash', '-c', `exec 3<>/dev/tcp/${first}/${port}`])).code === 0;
  t.ok(await answers(first), 'without it the node answers');
  t.ok(await connects(9091), 'and shows its metrics');
  t.type(await lab.ping(pod, first), 'number', 'to its pods too');

  await calicoctl(lab, ['apply', '-f', '-'], CLOSED);
  await lab.until('the node to be closed', async () => !(await answers(first)));
  t.notOk(await connects(9091), 'nothing allows its metrics');
  t.ok(await connects(179), 'a failsafe port stays open');
  t.ok(await answers(second), 'the other node has no endpoint');
  t.type(await lab.ping(pod, `${other.address}`), 'number', 'what passes through is nobody’s to close');
  t.match(await ruleset(lab, 'node1'), /counter packets [1-9]\d* bytes \d+ drop/, 'a drop is counted');
  t.notMatch(await ruleset(lab, 'node2'), 'untracked|hc-', 'and nothing is rendered where no endpoint is');
  t.notMatch((await lab.status('node1')).problems.join('\n'), /enforced/i, 'nobody says that it is not enforced');

  await calicoctl(lab, ['delete', 'hostendpoint', 'node1-all']);
  await lab.until('the node to be open', () => answers(first));
  t.ok(await connects(9091));
});
