import t, { type Test } from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import type { ObjectProblem } from '../../src/keeping/leader/remarks.ts';
import { RemarkKeeping } from '../../src/keeping/leader/remarks.ts';
import { newResource } from '../../src/model/index.ts';
import { ApiServer } from '../fakes/api-server/index.ts';
import type { StoredObject } from '../fakes/api-server/objects.ts';

const POOLS = { resource: 'ippools.crd.projectcalico.org', namespace: undefined };

async function bench(t: Test) {
  const server = await ApiServer.start();
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  await store.create(newResource('IPPool', { name: 'a', labels: {} }, { cidr: '10.1.0.0/16' }));
  const clock = new VirtualClock();
  const now: { leads: boolean; problems: ObjectProblem[] } = { leads: true, problems: [] };
  const keeping = new RemarkKeeping({
    nodename: 'n1',
    remarks: store.remarks,
    clock,
    log: silentLog,
    speaks: () => now.leads,
    problems: () => now.problems,
  });
  t.teardown(async () => {
    await keeping.stop();
    await store.close();
    await server.stop();
  });
  const events = (namespace = 'default'): readonly StoredObject[] =>
    server.objects.list({ resource: 'events', namespace });
  /** Time goes by; each look sets the timer of the next when all its questions have been answered. */
  const pass = async (milliseconds: number): Promise<void> => {
    for (let gone = 0; gone < milliseconds; gone += 10_000) {
      await clock.advanceAsync(10_000);
      while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { server, store, keeping, now, events, pass };
}

const wrong = (message: string, name = 'a'): ObjectProblem => ({
  about: { kind: 'IPPool', name },
  reason: 'Invalid',
  message,
});

t.test('what is wrong with an object is an event beside it, said once an hour while it stays', async (t) => {
  const { server, keeping, now, events, pass } = await bench(t);
  now.problems = [wrong('IPPool(a) is left out: no')];
  keeping.begin();
  await pass(10_000);
  const { uid, resourceVersion } = server.objects.get(POOLS, 'a').metadata;
  const about = { apiVersion: 'crd.projectcalico.org/v1', kind: 'IPPool', name: 'a', uid, resourceVersion };
  t.match(events(), [
    {
      kind: 'Event',
      type: 'Warning',
      reason: 'Invalid',
      message: 'IPPool(a) is left out: no',
      involvedObject: about,
      source: { component: 'vrouter', host: 'n1' },
      count: 1,
    },
  ]);
  const asked = server.requests.length;
  await pass(600_000);
  t.equal(server.requests.length, asked, 'and not said again at once');
  now.problems = [...now.problems, wrong('IPPool(a) overlaps')];
  await pass(10_000);
  t.same(
    events()
      .map(({ message }) => message)
      .sort(),
    ['IPPool(a) is left out: no', 'IPPool(a) overlaps'],
  );
  for (const { metadata } of events())
    server.objects.delete({ resource: 'events', namespace: 'default' }, metadata.name, {});
  await pass(3_600_000);
  t.equal(events().length, 2, 'the API server has forgotten, it is said again');
});

t.test('one that has been mended and breaks again is said again, which the API server knows already', async (t) => {
  const { server, keeping, now, events, pass } = await bench(t);
  now.problems = [wrong('no')];
  keeping.begin();
  await pass(10_000);
  now.problems = [];
  await pass(10_000);
  now.problems = [wrong('no')];
  const asked = server.requests.length;
  await pass(30_000);
  t.same(server.requests.slice(asked), [
    'GET /apis/crd.projectcalico.org/v1/ippools',
    'POST /api/v1/namespaces/default/events',
  ]);
  t.equal(events().length, 1);
});

t.test('only one node speaks, and of objects that are there', async (t) => {
  const { server, keeping, now, events, pass } = await bench(t);
  now.leads = false;
  now.problems = [wrong('no'), wrong('no', 'gone')];
  keeping.begin();
  const asked = server.requests.length;
  await pass(20_000);
  t.equal(server.requests.length, asked);
  now.leads = true;
  await pass(20_000);
  t.equal(events().length, 1);
});

t.test('an API server that does not answer is asked again', async (t) => {
  const { server, keeping, now, events, pass } = await bench(t);
  now.problems = [wrong('no')];
  server.refuseWith = 503;
  keeping.begin();
  await pass(20_000);
  server.refuseWith = undefined;
  await pass(20_000);
  t.equal(events().length, 1);
});

t.test('of a pod and of a node it is said where they are', async (t) => {
  const { server, store, events } = await bench(t);
  server.objects.create({ resource: 'nodes', namespace: undefined }, { metadata: { name: 'n1' } });
  server.objects.create(
    { resource: 'pods', namespace: 'shop' },
    { metadata: { name: 'web' }, spec: { nodeName: 'n1' } },
  );
  const rest = { reason: 'Invalid', message: 'no', node: 'n1' };
  await store.remarks.remark({ about: { kind: 'Node', name: 'n1' }, ...rest });
  const about = { kind: 'WorkloadEndpoint', name: 'n1-k8s-web-eth0', namespace: 'shop' } as const;
  await store.remarks.remark({ about, ...rest });
  t.match(events(), [{ involvedObject: { apiVersion: 'v1', kind: 'Node', name: 'n1' } }]);
  t.match(events('shop'), [{ involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'shop' } }]);
});

t.test('a store without a place for remarks is left alone', async (t) => {
  const clock = new VirtualClock();
  const problems = (): never => t.fail('nobody asks') as never;
  const rest = { nodename: 'n1', clock, log: silentLog, speaks: () => true, problems };
  const keeping = new RemarkKeeping({ ...rest, remarks: undefined });
  keeping.begin();
  await clock.advanceAsync(60_000);
  await keeping.stop();
  t.pass();
});
