import t from 'tap';
import { planLab, planNode, planPod } from '../../src/lab/plan.ts';
import { type LabReport, renderReport, reportJson } from '../../src/lab/report.ts';
import { status } from './status.ts';

const lab = planLab('lab');
const nodes = [planNode(lab, 0), planNode(lab, 1)];
const pods = nodes.map((node, index) => ({ ...planPod(lab, node, 0), address: `10.244.0.${index * 64}` }));

function report(rtts: LabReport['reachability']['rtts']): LabReport {
  return {
    name: 'lab',
    nodes: nodes.map((plan, index) => ({ plan, status: status(plan.name, [`10.244.0.${index * 64}/26`], {}) })),
    pods,
    nodeStatus: 'Calico process is running.\n\n',
    routes: ['10.244.0.64/26 via 172.18.0.12 dev eth0 proto 80'],
    reachability: { pods, rtts, complete: rtts.flat().every((rtt) => rtt !== undefined) },
  };
}

t.test('the report reads from nodes to pings', async (t) => {
  t.equal(
    renderReport(
      report([
        [Number.NaN, 0.0512],
        [0.1, Number.NaN],
      ]),
    ),
    `Lab 'lab': 2 nodes, 2 pods

NODE   ADDRESS         BLOCKS (IN USE)        PODS
node1  172.18.0.11/24  10.244.0.0/26 (2/64)   node1-p1 10.244.0.0
node2  172.18.0.12/24  10.244.0.64/26 (2/64)  node2-p1 10.244.0.64

calicoctl node status, on node1

Calico process is running.

ip route, on node1

10.244.0.64/26 via 172.18.0.12 dev eth0 proto 80

Round-trip times from pod to pod, in milliseconds

FROM \\ TO  node1-p1  node2-p1
node1-p1   ·         0.05
node2-p1   0.10      ·

All 2 paths between pods work.`,
  );
});

t.test('a path that does not work is shown, and counted', async (t) => {
  const text = renderReport(
    report([
      [Number.NaN, undefined],
      [0.1, Number.NaN],
    ]),
  );
  t.match(text, /^node1-p1 {3}· {9}lost$/m);
  t.match(text, /1 of 2 paths between pods do not work\.$/);
});

t.test('as JSON it survives a round trip, with null for what was lost', async (t) => {
  const json = JSON.parse(
    JSON.stringify(
      reportJson(
        report([
          [Number.NaN, undefined],
          [0.1, Number.NaN],
        ]),
      ),
    ),
  );
  t.match(json.reachability, {
    complete: false,
    paths: [
      { from: 'node1-p1', to: 'node2-p1', milliseconds: null },
      { from: 'node2-p1', to: 'node1-p1', milliseconds: 0.1 },
    ],
  });
  t.match(json.nodes[0], { name: 'node1', blocks: [{ cidr: '10.244.0.0/26' }] });
});
