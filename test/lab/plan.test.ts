import t from 'tap';
import {
  fabricPort,
  LAB_DIRECTORY,
  MAX_NODES,
  MAX_SUBNETS,
  planLab,
  planNode,
  planPod,
  routerAddresses,
} from '../../src/lab/plan.ts';

const lab = planLab('lab');

t.test('everything about a node follows from the lab’s name and its number', async (t) => {
  t.same(planNode(lab, 0), {
    name: 'node1',
    namespace: 'vr-lab-node1',
    address: '172.18.0.11/24',
    subnet: 0,
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

t.test('nodes take the subnets in turn, and no two have the same address', async (t) => {
  const plan = planLab('lab', { subnets: 2 });
  const nodes = [0, 1, 2, 3].map((index) => planNode(plan, index));
  t.same(
    nodes.map(({ subnet, address }) => [subnet, address]),
    [
      [0, '172.18.0.11/24'],
      [1, '172.18.1.12/24'],
      [0, '172.18.0.13/24'],
      [1, '172.18.1.14/24'],
    ],
  );
  t.throws(() => planLab('lab', { subnets: 0 }), { code: 'BAD_NAME' });
  t.throws(() => planLab('lab', { subnets: MAX_SUBNETS + 1 }), { code: 'BAD_NAME' });
});

t.test('in a dual-stack lab all have IPv6 too', async (t) => {
  const plan = planLab('lab', { subnets: 2, dualStack: true });
  t.same(
    [0, 1].map((index) => planNode(plan, index).address6),
    ['fd00:172:18::11/64', 'fd00:172:18:1::12/64'],
  );
  t.same(routerAddresses(plan, 1), ['172.18.1.1/24', 'fd00:172:18:1::1/64']);
  t.same(routerAddresses(planLab('lab', { subnets: 2 }), 1), ['172.18.1.1/24']);
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
