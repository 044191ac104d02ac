import t from 'tap';
import { Calculation, type SourceUpdate } from '../../src/calc/index.ts';
import { node, pod, put } from './resources.ts';

function qosOf(update: SourceUpdate) {
  const made = new Calculation({ nodename: 'a' });
  made.apply([node('a', '10.0.0.1'), update]);
  return made.desired().workloads[0].qos;
}

t.test('an endpoint’s limits, by direction, with the bursts that nobody named', async (t) => {
  const limits = { ingressBandwidth: 1_000_000, egressPacketRate: 100, egressPacketBurst: 9, egressMaxConnections: 3 };
  t.same(qosOf(pod('a', 'web', '10.244.1.2', { qosControls: limits })), {
    ingress: { bandwidth: 1_000_000, burst: 4_294_967_296 },
    egress: { packetRate: 100, packetBurst: 9, maxConnections: 3 },
    problems: [],
  });
});

t.test('a DSCP is the pod’s mark, and the packet filter’s business', async (t) => {
  const made = new Calculation({ nodename: 'a' });
  made.apply([node('a', '10.0.0.1'), pod('a', 'web', '10.244.1.2', { qosControls: { dscp: 'AF41' } })]);
  const { workloads, nat } = made.desired();
  t.same(workloads[0].qos, { ingress: {}, egress: {}, dscp: 34, problems: [] });
  t.same(nat.dscp, [{ addresses: ['10.244.1.2/32'], value: 34, why: 'dscp of endpoint default/a-k8s-web-eth0' }]);
  t.same(qosOf(pod('a', 'web', '10.244.1.2', { qosControls: { dscp: 0 } }))?.dscp, 0);
});

t.test('no limit is no limit', async (t) => {
  t.equal(qosOf(pod('a', 'web', '10.244.1.2')), undefined);
  t.equal(qosOf(pod('a', 'web', '10.244.1.2', { qosControls: { ingressBandwidth: 0 } })), undefined);
});

t.test('what is wrong is told, and names the field or the annotation', async (t) => {
  const field = pod('a', 'web', '10.244.1.2', { qosControls: { egressBandwidth: 5 } });
  t.same(qosOf(field), {
    ingress: {},
    egress: { bandwidth: 1000, burst: 4_294_967_296 },
    problems: ['qosControls.egressBandwidth: 5 is less than 1k, and taken for that'],
  });
  const annotations = { 'qos.projectcalico.org/ingressPacketRate': 'many' };
  const spec = { node: 'a', interfaceName: 'caliweb', ipNetworks: ['10.244.1.2/32'] };
  const annotated = put('WorkloadEndpoint', 'a-k8s-web-eth0', spec, { namespace: 'default', annotations });
  t.match(qosOf(annotated)?.problems, [/^annotation qos.projectcalico.org\/ingressPacketRate: left out/]);
});

t.test('a limit that changes changes the workloads, and nothing else does', async (t) => {
  const made = new Calculation({ nodename: 'a' });
  const limited = (rate: number): SourceUpdate =>
    pod('a', 'web', '10.244.1.2', { qosControls: { egressPacketRate: rate } });
  made.apply([node('a', '10.0.0.1'), limited(1)]);
  const before = made.desired();
  made.apply([limited(1)]);
  t.equal(made.desired().workloads, before.workloads);
  made.apply([limited(2)]);
  const after = made.desired();
  t.not(after.workloads, before.workloads);
  t.equal(after.bgp?.announce, before.bgp?.announce);
  t.equal(after.nat, before.nat);
});
