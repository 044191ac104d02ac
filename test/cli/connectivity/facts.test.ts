import t from 'tap';
import { VirtualClock } from '../../../src/base/index.ts';
import { FactFinder } from '../../../src/cli/connectivity/facts.ts';
import { plan } from '../../../src/cli/connectivity/plan.ts';
import type { TestPod, TestTarget } from '../../../src/cli/connectivity/stage.ts';
import { answeredAnnotations } from '../../../src/control/index.ts';
import { MemoryStore } from '../../../src/datastore/index.ts';
import { newResource } from '../../../src/model/index.ts';

const client: TestPod = { name: 'c', namespace: 'test', node: 'n1', role: 'client', addresses: ['10.244.0.5'] };

/** What is known of a target that a pod of n1 did not reach, and what n1 was asked for it. */
async function about(target: TestTarget) {
  const clock = new VirtualClock();
  const store = new MemoryStore({ clock });
  await store.create(newResource('IPPool', { name: 'pods' }, { cidr: '10.244.0.0/16', natOutgoing: true }));
  const [check] = plan({ pods: [client], targets: [target], patience: 1 });
  const asked = new Set<string>();
  let isOver = false;
  const found = new FactFinder({ store, clock, patience: 3000 }).about(check).finally(() => {
    isOver = true;
  });
  const status = { nodename: 'n1', version: '1', pid: 1, startedAt: 0, ready: true, problems: [], blocks: [] };
  const more = {
    datastore: { type: 'etcd', inSync: true, lastEventAgeSeconds: 0 },
    routes: { desired: 0, programmed: 0, failed: 0 },
  };
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    for (const one of (await store.list('CalicoNodeStatus')).items) {
      const annotations = one.metadata.annotations ?? {};
      const said = await answeredAnnotations(annotations, async ({ op }) => {
        asked.add(op);
        return op === 'status' ? { ...status, ...more } : [];
      });
      if (one.status === undefined)
        await store.update({
          ...one,
          metadata: { ...one.metadata, annotations: { ...annotations, ...said } },
          status: {},
        });
    }
    clock.advance(250);
  }
  return { facts: await found, asked: [...asked] };
}

t.test('of a host outside: the pool whose addresses go there, what policy says, and the routes', async (t) => {
  const { facts, asked } = await about({ kind: 'outside', host: '192.0.2.1', port: 443, name: '192.0.2.1:443' });
  t.same(facts.pool, { name: 'pods', cidr: '10.244.0.0/16', natOutgoing: true });
  t.same(asked, ['status', 'policy.why', 'route.to']);
  const six = await about({ kind: 'outside', host: '2001:db8::1', port: 443, name: 'six' });
  t.equal(six.facts.pool, undefined, 'a pod without IPv6 has no pool there');
});

t.test('policy is not asked about the address of a Service: it sees another one', async (t) => {
  const { facts, asked } = await about({ kind: 'service', host: '10.96.0.1', port: 443, name: 'kubernetes' });
  t.same(asked, ['status']);
  t.equal(facts.pool, undefined);
});
