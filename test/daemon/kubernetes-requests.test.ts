import t, { type Test } from 'tap';
import { VirtualClock } from '../../src/base/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { LEASE_ANNOTATION } from '../../src/keeping/leader/lease.ts';
import { newResource } from '../../src/model/index.ts';
import { ApiServer } from '../fakes/api-server/index.ts';
import { loneDaemon } from './lone-daemon.ts';

/**
 * What one node may ask of the API server, by `VERB resource`: the same in a cluster of five nodes and of five thousand.
 */
const PER_POD = {
  add: {
    'GET pods': 1,
    'GET namespaces': 1,
    'GET ipamhandles': 1,
    'POST ipamhandles': 1,
    'PUT ipamblocks': 1,
    'PATCH pods/status': 1,
  },
  del: {
    'GET pods': 2,
    'PATCH pods/status': 1,
    'GET ipamhandles': 2,
    'PUT ipamblocks': 1,
    'DELETE ipamhandles': 1,
  },
} as const;

/**
 * Whether the datastore went back, who leads, every ten minutes whether the tunnels' addresses are theirs, and whether the
 * cluster knows the policies of administrators by now.
 */
const PER_TEN_IDLE_MINUTES = {
  'LIST ippools': 11,
  'GET kubecontrollersconfigurations': 11,
  'GET ipamhandles': 5,
  'LIST adminnetworkpolicies': 1,
  'LIST baselineadminnetworkpolicies': 1,
  'LIST clusternetworkpolicies': 1,
};

/** The one that looks after the cluster's addresses renews its lease every ten seconds, and sweeps twice in its grace. */
const OF_THE_LEADER = {
  ...PER_TEN_IDLE_MINUTES,
  'GET kubecontrollersconfigurations': 61,
  'PUT kubecontrollersconfigurations': 61,
  'LIST ipamblocks': 3,
  'LIST nodes': 3,
  'LIST pods': 3,
  'LIST ipamhandles': 3,
  'LIST blockaffinities': 3,
};

const NODES = { resource: 'nodes', namespace: undefined };
const CONTROLLERS = { resource: 'kubecontrollersconfigurations.crd.projectcalico.org', namespace: undefined };

async function bench(t: Test, nodes: number, lease?: string) {
  const clock = new VirtualClock();
  const server = await ApiServer.start({ clock });
  for (let at = 1; at <= nodes; at++) {
    const annotations = { 'projectcalico.org/IPv4Address': `172.20.${at >> 8}.${at & 255}/16` };
    server.objects.create(NODES, { metadata: { name: `n${at}`, ...(at > 1 && { annotations }) }, spec: {} });
  }
  server.objects.create({ resource: 'namespaces', namespace: undefined }, { metadata: { name: 'default' } });
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url }, clock);
  if (lease !== undefined) {
    await store.create(newResource('KubeControllersConfiguration', { name: 'default' }, {}));
    renew(server, lease);
  }
  const tick = async (milliseconds = 100): Promise<void> => {
    await clock.advanceAsync(milliseconds);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const engine = { type: 'kubernetes', store };
  const daemon = await loneDaemon(t, { clock, engine, tick, environment: { CALICO_NETWORKING_BACKEND: 'vxlan' } });
  t.teardown(() => server.stop());
  /** Lets time pass while `work` is done. */
  const during = async (work: Promise<unknown>): Promise<void> => {
    let done = false;
    const over = (): void => {
      done = true;
    };
    work.then(over, over);
    while (!done) await tick(1);
    await work;
  };
  const count = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
    const from = server.requests.length;
    await work();
    const counted: Record<string, number> = {};
    for (const line of server.requests.slice(from)) {
      const what = nameOf(line);
      if (!what.startsWith('WATCH')) counted[what] = (counted[what] ?? 0) + 1;
    }
    return counted;
  };
  return { clock, server, daemon, tick, during, count };
}

/** `GET /api/v1/nodes/a` is `GET nodes`, and without a name `LIST nodes`. */
function nameOf(line: string): string {
  const [method, path] = line.split(' ');
  const found = /^\/api(?:s\/[^/]+)?\/v1[a-z0-9]*\/(?:namespaces\/[^/]+\/)?([^/]+)(?:\/([^/]+))?(\/status)?$/.exec(
    path,
  );
  const [, plural, name, status = ''] = found ?? [];
  return `${method === 'GET' && name === undefined ? 'LIST' : method} ${plural}${status}`;
}

t.test('a pod costs what the table says, however many nodes there are', async (t) => {
  const { server, daemon, during, count, tick } = await bench(t, 40);
  const pods = { resource: 'pods', namespace: 'default' };
  const args = (pod: string) => ({ K8S_POD_NAMESPACE: 'default', K8S_POD_NAME: pod });
  for (const pod of ['warm', 'a', 'b']) {
    server.objects.create(pods, { metadata: { name: pod }, spec: { nodeName: 'n1' } });
  }
  await during(daemon.add('warm', args('warm')));
  for (let turn = 0; turn < 50; turn++) await tick();
  for (const pod of ['a', 'b']) {
    t.same(await count(() => during(daemon.add(pod, args(pod)))), PER_POD.add, `ADD ${pod}`);
  }
  for (const pod of ['a', 'b']) {
    t.same(await count(() => during(daemon.del(pod, args(pod)))), PER_POD.del, `DEL ${pod}`);
  }
  const asked = await count(() => t.rejects(during(daemon.add('c', args('gone'))), { message: /gone/ }));
  t.ok(
    Object.values(asked).reduce((sum, one) => sum + one, 0) < 20,
    'a pod that has gone is not asked for without end',
  );
});

for (const leads of [false, true]) {
  const who = leads ? 'the leader' : 'any other node';
  t.test(`ten idle minutes cost ${who} what the table says, and kubelets’ heartbeats nothing`, async (t) => {
    const { server, clock, count, tick } = await bench(t, 40, leads ? undefined : 'another 1');
    for (let turn = 0; turn < 100; turn++) await tick();
    const asked = await count(async () => {
      for (const until = clock.now() + 600_000; clock.now() < until; ) {
        for (const node of ['n1', 'n2']) {
          const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: `${clock.now()}` }];
          server.objects.patch(NODES, node, { status: { conditions } }, 'strategic');
        }
        if (!leads) renew(server, `another ${clock.now()}`);
        for (let turn = 0; turn < 50; turn++) await tick(200);
      }
    });
    const table: Readonly<Record<string, number>> = leads ? OF_THE_LEADER : PER_TEN_IDLE_MINUTES;
    for (const [what, times] of Object.entries(asked)) t.ok(times <= (table[what] ?? 0), `${what}: ${times}`);
    t.ok(Object.keys(asked).length > 0);
  });
}

/** As another leader's write of its lease. */
function renew(server: ApiServer, lease: string): void {
  const seen = JSON.stringify({ annotations: { [LEASE_ANNOTATION]: lease } });
  const annotations = { 'projectcalico.org/metadata': seen };
  server.objects.patch(CONTROLLERS, 'default', { metadata: { annotations } });
}
