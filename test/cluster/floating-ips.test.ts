import t from 'tap';
import * as z from 'zod';
import { explainedEntrySchema } from '../../src/control/answers.ts';
import { request } from '../../src/control/index.ts';
import type { Lab } from '../../src/lab/index.ts';
import { cluster, hasRoute, needsRoot, podsOf, untilNoRoute } from './cluster.ts';

/** Inside the pool, and in nobody's block. */
const FLOATING = '10.244.200.7';
const ENABLED = `apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata:
  name: default
spec:
  floatingIPs: Enabled
`;

async function calicoctl(lab: Lab, args: readonly string[], input?: string): Promise<void> {
  const { code, stderr } = await lab.calicoctl('node1', args, input);
  if (code !== 0) throw new Error(stderr);
}

/** Says which addresses lead to the pod's own, as the CNI plugin writes it for an annotation. */
function lead(lab: Lab, endpoint: string, externals: readonly string[], internalIP: string): Promise<void> {
  const ipNATs = externals.map((externalIP) => ({ externalIP, internalIP }));
  const [namespace, name] = endpoint.split('/');
  const patch = JSON.stringify({ spec: { ipNATs } });
  return calicoctl(lab, ['patch', 'workloadendpoint', name, '--namespace', namespace, '--patch', patch]);
}

t.test(
  'a floating IP is reached from everywhere, wherever the pod is, until it is taken away',
  needsRoot,
  async (t) => {
    const lab = await cluster(t, { nodes: 2, pods: 1 });
    const [pod, peer] = [podsOf(lab, 'node1')[0], podsOf(lab, 'node2')[0]];
    const own = `${pod.address}`;
    await calicoctl(lab, ['apply', '-f', '-'], ENABLED);
    const ask = (op: 'nat' | 'routes') => request(lab.node('node1').socket, { op }, z.array(explainedEntrySchema));
    await lead(lab, 'lab/node1-k8s-node1--p1-eth0', [FLOATING], own);
    await lab.until('the floating IP to be announced', () => hasRoute(lab, 'node2', FLOATING));
    await lab.until('it to be translated', async () => (await ask('nat')).every(({ present }) => present));
    t.type(await lab.ping(peer, FLOATING), 'number', 'a pod of another node');
    t.type(await lab.ping(pod, FLOATING), 'number', 'the pod itself');
    t.match(
      (await ask('nat')).find(({ text }) => text.includes(`{ ${FLOATING} : ${own} }`)),
      { why: 'floating IP of endpoint lab/node1-k8s-node1--p1-eth0' },
    );
    t.match(
      (await ask('routes')).find(({ text }) => text.startsWith(`${FLOATING} dev cali`)),
      { wanted: true, present: true, why: 'floating IP of endpoint lab/node1-k8s-node1--p1-eth0' },
    );

    await t.test('taken away, nothing is left of it', async (t) => {
      await lead(lab, 'lab/node1-k8s-node1--p1-eth0', [], own);
      for (const node of ['node1', 'node2']) await untilNoRoute(lab, node, [FLOATING]);
      await lab.until(
        'the table to go',
        async () => !(await lab.exec('node1', ['nft', 'list', 'tables'])).stdout.includes('vrouter-nat'),
      );
      t.type(await lab.ping(peer, own), 'number', 'its own address goes on');
    });
  },
);
