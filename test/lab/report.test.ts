import t from 'tap';
import { planLab, planNode, planPod } from '../../src/lab/plan.ts';
import type { Reachability } from '../../src/lab/reachability.ts';
import { type LabReport, renderReport, reportJson } from '../../src/lab/report.ts';
import { status } from './status.ts';

const lab = planLab('lab');
const nodes = [planNode(lab, 0), planNode(lab, 1)];
const pods = nodes.map((node, index) => ({ ...planPod(lab, node, 0), address: `10.244.0.${index * 64}` }));

function reached(family: 4 | 6, rtts: Reachability['rtts']): Reachability {
  return { family, pods, rtts, complete: rtts.flat().every((rtt) => rtt !== undefined) };
}

function report(rtts: Reachability['rtts']): LabReport {
  return {
    name: 'lab',
    nodes: nodes.map((plan, index) => ({ plan, status: status(plan.name, [`10.244.0.${index * 64}/26`], {}) })),
    pods,
    nodeStatus: 'Calico process is running.\n\n',
    routes: ['10.244.0.64/26 via 172.18.0.12 dev eth0 proto 80'],
    reachability: [reached(4, rtts)],
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

t.test('a dual-stack lab shows the addresses and the paths of both families', async (t) => {
  const both = [
    [Number.NaN, 0.1],
    [undefined, Number.NaN],
  ];
  const { nodes: one, ...rest } = report(both);
  const [first] = nodes;
  const six = { ...planPod(lab, first, 0), address: '10.244.0.0', address6: 'fd00:10:244::1' };
  const named = one.map((node) => ({ ...node, plan: { ...node.plan, address6: 'fd00:172:18::11/64' } }));
  const dual = { ...rest, nodes: named, pods: [six], reachability: [reached(4, both), reached(6, both)] };
  const text = renderReport(dual);
  t.match(text, /^node1 {2}172\.18\.0\.11\/24 fd00:172:18::11\/64 .* node1-p1 10\.244\.0\.0 fd00:10:244::1$/m);
  t.match(text, /^1 of 2 IPv4 paths between pods do not work\.$/m);
  t.match(text, /^Round-trip times from pod to pod by IPv6, in milliseconds$/m);
  t.match(JSON.parse(JSON.stringify(reportJson(dual))), {
    nodes: [{ address6: 'fd00:172:18::11/64' }],
    pods: [{ address6: 'fd00:10:244::1' }],
    reachability: { complete: false, paths: [{ family: 4 }, { family: 4 }, { family: 6 }, { family: 6 }] },
  });
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
