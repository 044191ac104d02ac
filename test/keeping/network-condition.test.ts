import t, { type Test } from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { NetworkCondition } from '../../src/keeping/network-condition.ts';
import { newResource } from '../../src/model/index.ts';
import { ApiServer } from '../fakes/api-server/index.ts';

const NODES = { resource: 'nodes', namespace: undefined };

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

async function bench(t: Test) {
  const server = await ApiServer.start();
  const ready = { type: 'Ready', status: 'True' };
  const register = (): unknown =>
    server.objects.create(NODES, { metadata: { name: 'n1' }, status: { conditions: [ready] } });
  register();
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  const clock = new VirtualClock();
  const { conditions } = store;
  const condition = new NetworkCondition({ nodename: 'n1', conditions, clock, log: silentLog });
  t.teardown(async () => {
    await store.close();
    await server.stop();
  });
  const conditionsNow = (): readonly Condition[] => {
    const status = server.objects.get(NODES, 'n1')['status'] as { conditions: readonly Condition[] };
    return status.conditions;
  };
  /** Until the Node says this of its network. */
  const says = async (reason: string): Promise<readonly Condition[]> => {
    for (;;) {
      const now = conditionsNow();
      if (now.some((one) => one.reason === reason)) return now;
      await clock.advanceAsync(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const heard = (uid: string): void => {
    const resource = { ...newResource('Node', { name: 'n1' }, {}), metadata: { name: 'n1', uid } };
    condition.apply([{ key: { kind: 'Node', name: 'n1' }, resource }]);
  };
  return { server, condition, conditionsNow, says, heard, register, ready };
}

t.test('the network is available once pods are served, and not when the daemon ends', async (t) => {
  const { condition, says, ready, conditionsNow } = await bench(t);
  t.same(conditionsNow(), [ready]);
  condition.up();
  const up = { type: 'NetworkUnavailable', status: 'False', message: 'Calico is running on this node' };
  t.match(await says('CalicoIsUp'), [ready, up]);
  await condition.stop();
  const down = { type: 'NetworkUnavailable', status: 'True', message: 'Calico is shutting down on this node' };
  t.match(await says('CalicoIsDown'), [ready, down]);
});

t.test('a Node that was registered anew is told again, and one that can’t be told later', async (t) => {
  const { server, condition, says, heard, register } = await bench(t);
  heard('first');
  server.refuseWith = 503;
  condition.up();
  server.refuseWith = undefined;
  await says('CalicoIsUp');
  server.objects.delete(NODES, 'n1', {});
  register();
  heard('second');
  t.equal((await says('CalicoIsUp')).length, 2);
  const asked = server.requests.length;
  heard('second');
  await condition.stop();
  t.equal(server.requests.length, asked + 1, 'heartbeats tell nothing new');
});

t.test('a daemon that served nobody says nothing at its end', async (t) => {
  const { server, condition } = await bench(t);
  const asked = server.requests.length;
  await condition.stop();
  t.equal(server.requests.length, asked);
});
