import t from 'tap';
import type { Desired, FloatingIp } from '../../src/calc/index.ts';
import { needsRoot } from '../fakes/namespaces.ts';
import { wanted } from './host.ts';
import { FAMILIES, POD, PodNetwork } from './pod-network.ts';

t.setTimeout(3_600_000);

const BOTH: readonly FloatingIp[] = ([4, 6] as const).map((family) => {
  const { external, pod } = FAMILIES[family];
  return { external, internal: pod };
});

/** A pod's node as the calculation would have it, with these floating IPs. */
function desired(floatingIps: readonly FloatingIp[]): Desired {
  const why = `floating IP of ${POD.why}`;
  const plain = wanted([]);
  return {
    ...plain,
    workloads: [{ ...POD, floatingIps }],
    nat: { ...plain.nat, floatingIps: floatingIps.map((one) => ({ ...one, why })) },
  };
}

t.test('a pod is reached by its floating IPs until they are taken away', needsRoot, async (t) => {
  const network = await PodNetwork.create(t);
  await network.dataplane.start(desired([]));
  await network.dataplane.resync();
  const before = network.kept();
  t.match(before, '10.244.1.2 dev caliweb');
  await network.apply(desired(BOTH), 'table ip6 vrouter-nat', true);
  const during = network.kept();
  for (const family of [4, 6] as const) {
    const { external, pod } = FAMILIES[family];
    t.match(during, `${external} dev caliweb`, `IPv${family}: a route of its own`);
    t.ok(network.ping('outside', external), `IPv${family}: from another host`);
    t.ok(network.ping('node', external), `IPv${family}: from the node itself`);
    t.ok(network.ping('pod', external), `IPv${family}: from the pod itself`);
    t.equal(network.senderSeen(family, external), external, `IPv${family}: which does not hear from itself`);
    t.ok(network.ping('outside', pod), `IPv${family}: its own address goes on`);
  }
  t.same(network.dataplane.tables.failures(), []);
  await network.dataplane.resync();
  t.equal(network.kept(), during, 'looking again changes nothing');
  await network.apply(desired([]), 'vrouter-nat', false);
  t.equal(network.kept(), before, 'nothing is left');
  t.notOk(network.ping('outside', FAMILIES[4].external));
});
