import t, { type Test } from 'tap';
import { silentLog, systemClock, VirtualClock } from '../../src/base/index.ts';
import type { DroppedPacket } from '../../src/control/index.ts';
import { DropEvents } from '../../src/daemon/drop-events.ts';
import type { Remark } from '../../src/datastore/index.ts';
import { MemoryStore } from '../../src/datastore/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { wrapped } from '../../src/datastore/wrapped.ts';
import { until } from '../../src/lab/until.ts';
import { ApiServer } from '../fakes/api-server/index.ts';
import type { StoredObject } from '../fakes/api-server/objects.ts';
import { loneDaemon, oneHost } from './lone-daemon.ts';

t.setTimeout(120_000);

const DB = { kind: 'WorkloadEndpoint', namespace: 'red', name: 'n1-k8s-db-eth0' } as const;
const podAt = (address: string) => (address === '10.0.0.2' ? DB : undefined);

const packet = (rule = 0, port = 40_000): DroppedPacket => ({
  at: 0,
  source: { address: '10.0.0.1', name: 'red/web', port },
  destination: { address: '10.0.0.2', name: 'red/db', port: 443 },
  protocol: 'tcp',
  why: `ingress of Deny rule ${rule} of NetworkPolicy red/shut`,
  direction: 'ingress',
  tier: 'default',
  policy: 'NetworkPolicy red/shut',
  rule: String(rule),
});

async function bench(t: Test) {
  const clock = new VirtualClock();
  const server = await ApiServer.start();
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url }, clock);
  t.teardown(async () => {
    await store.close();
    await server.stop();
  });
  server.objects.create({ resource: 'pods', namespace: 'red' }, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'db', namespace: 'red' },
    spec: { nodeName: 'n1' },
  } as never);
  const events = new DropEvents({ remarks: store.remarks, nodename: 'n1', podAt, clock, log: silentLog });
  const told = (): readonly StoredObject[] => server.objects.list({ resource: 'events', namespace: 'red' });
  return { clock, events, told };
}

t.test('a dropped packet is an event beside the pod that it hit, one a minute for each rule', async (t) => {
  const { clock, events, told } = await bench(t);
  events.heard(packet());
  events.heard(packet(0, 40_001));
  await events.settled;
  t.match(told(), [
    {
      type: 'Warning',
      reason: 'PolicyDrop',
      message:
        'dropped tcp from red/web (10.0.0.1:40000) to red/db (10.0.0.2:443): ingress of Deny rule 0 of NetworkPolicy red/shut in tier default',
      involvedObject: { kind: 'Pod', name: 'db', namespace: 'red' },
      source: { component: 'vrouter', host: 'n1' },
    },
  ]);
  events.heard(packet(1));
  await events.settled;
  t.equal(told().length, 2, 'another rule has its own minute');
  clock.advance(59_000);
  events.heard(packet());
  await events.settled;
  t.equal(told().length, 2);
  clock.advance(1000);
  events.heard(packet());
  await events.settled;
  t.equal(told().length, 3, 'and the same words are told again after it');
});

t.test('drops of others’ pods are told by their own nodes', async (t) => {
  const { events, told } = await bench(t);
  events.heard({ ...packet(), direction: 'egress' });
  events.heard({ ...packet(), destination: { address: '10.0.0.9' } });
  await events.settled;
  t.same(told(), []);
});

t.test('an API server that does not answer makes nobody wait, and little is kept for it', async (t) => {
  const remarks: Remark[] = [];
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const remark = async (one: Remark): Promise<void> => {
    await gate;
    remarks.push(one);
    if (remarks.length === 1) throw new Error('no');
  };
  const events = new DropEvents({
    ...{ remarks: { remark }, nodename: 'n1', podAt, clock: new VirtualClock(), log: silentLog },
  });
  for (let rule = 0; rule < 5000; rule++) events.heard(packet(rule));
  open();
  await events.settled;
  t.equal(remarks.length, 100);
  events.heard(packet(5000));
  await events.settled;
  t.equal(remarks.length, 101, 'and then it goes on');
  events.stop();
  events.heard(packet(5001));
  await events.settled;
  t.equal(remarks.length, 101);
});

t.test('the daemon follows drops for it all the time, and else not at all', async (t) => {
  for (const asked of ['true', 'false']) {
    const machine = oneHost();
    const store = new MemoryStore({ clock: systemClock });
    const remarks: Remark[] = [];
    const remark = async (one: Remark): Promise<void> => {
      remarks.push(one);
    };
    const { add } = await loneDaemon(t, {
      machine,
      engine: { type: 'memory', store: wrapped(store, { remarks: { remark } }) },
      environment: { VROUTER_POLICY_DROP_EVENTS: asked },
    });
    const address = (await add('one', { K8S_POD_NAMESPACE: 'red', K8S_POD_NAME: 'db' })).split('/')[0];
    const follows = () => machine.calls.includes('packetLog');
    if (asked === 'false') {
      t.notOk(follows());
      continue;
    }
    await until(systemClock, 'drops to be followed', async () => follows());
    machine.kernel('/host').logPacket(100, {
      ...{ kind: 'packet', prefix: 'drop-x', mark: 0, inDevice: 1, outDevice: 2, protocol: 17 },
      ...{ source: '10.99.0.1', destination: address, sourcePort: 4, destinationPort: 53 },
    });
    await until(systemClock, 'the remark', async () => remarks.some(({ reason }) => reason === 'PolicyDrop'));
    t.match(
      remarks.filter(({ reason }) => reason === 'PolicyDrop'),
      [
        {
          about: { kind: 'WorkloadEndpoint', namespace: 'red' },
          node: 'n1',
          message: /^dropped udp from 10.99.0.1:4 to /,
        },
      ],
    );
  }
});
