import t from 'tap';
import { fabricPort, LAB_DIRECTORY, MAX_NODES, planLab, planNode, planPod } from '../../src/lab/plan.ts';

const lab = planLab('lab');

t.test('everything about a node follows from the lab’s name and its number', async (t) => {
  t.same(planNode(lab, 0), {
    name: 'node1',
    namespace: 'vr-lab-node1',
    address: '172.18.0.11/24',
    socket: `${LAB_DIRECTORY}/lab/node1.sock`,
    log: `${LAB_DIRECTORY}/lab/node1.log`,
  });
  t.same(planPod(lab, planNode(lab, 1), 0), {
    name: 'node2-p1',
    node: 'node2',
    namespace: 'vr-lab-node2-p1',
    containerId: 'lab-node2-p1',
  });
});

t.test('the last node’s address is one, and its link’s name is short enough for the kernel', async (t) => {
  const last = planNode(lab, MAX_NODES - 1);
  t.equal(last.address, '172.18.0.250/24');
  t.ok(fabricPort(last).length <= 15);
  t.ok(fabricPort(planNode(lab, 0, 'abcdefghijkl')).length <= 15, 'nor is the longest name too long');
  t.throws(() => planNode(lab, MAX_NODES), { code: 'BAD_NAME', message: 'a lab has at most 240 nodes' });
});

t.test('names that can’t name a namespace are refused', async (t) => {
  for (const name of ['', 'a/b', '../up', 'Lab', 'a b', '-a', 'a-', 'a'.repeat(17)]) {
    t.throws(() => planLab(name), { code: 'BAD_NAME' }, JSON.stringify(name));
  }
  t.throws(() => planNode(lab, 0, 'longer-than-twelve'), { code: 'BAD_NAME' });
});
