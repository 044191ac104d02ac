import t, { type Test } from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { readConfig } from '../../src/daemon/config.ts';
import { MemoryStore, Syncer } from '../../src/datastore/index.ts';
import { KnownNodes } from '../../src/keeping/known-nodes.ts';
import { planHostEndpoints } from '../../src/keeping/leader/host-endpoint-plan.ts';
import { NodeKeeping } from '../../src/keeping/node-keeping.ts';
import { keepNode, register } from '../../src/keeping/registration.ts';
import { newResource } from '../../src/model/index.ts';
import { FakeMachine } from '../fakes/fake-kernel.ts';
import { CountingStore } from '../ipam/counting-store.ts';

const OWN = { kind: 'Node', name: 'n1' } as const;
const BGP = { ipv4Address: '172.31.1.5/24' };

t.test('a swarm of changes is one look, a failed one is told and taken again', async (t) => {
  const clock = new VirtualClock();
  let looks = 0;
  let failure: Error | undefined;
  const look = async (): Promise<void> => {
    looks++;
    if (failure !== undefined) throw failure;
  };
  const keeping = new NodeKeeping({ nodename: 'n1', look, clock, log: silentLog });
  for (let change = 0; change < 5; change++) keeping.topologyChanged();
  await clock.advanceAsync(1000);
  t.equal(looks, 1);
  failure = new Error('no interface has one');
  keeping.topologyChanged();
  await clock.advanceAsync(1000);
  t.same(keeping.problems(), ["the node's address: no interface has one"]);
  failure = undefined;
  await clock.advanceAsync(2000);
  t.equal(looks, 3);
  t.same(keeping.problems(), []);
  keeping.topologyChanged();
  keeping.stop();
  await clock.advanceAsync(5000);
  t.equal(looks, 3);
});

/** A registered node whose Node is kept. */
async function kept(t: Test, env: Record<string, string> = {}) {
  const clock = new VirtualClock();
  const store = new MemoryStore({ clock });
  const counting = new CountingStore(store);
  const machine = new FakeMachine();
  machine.addNamespace('/host');
  const kernel = machine.kernel('/host');
  await kernel.linkAdd({ kind: 'dummy', name: 'eth0' });
  await kernel.linkSet('eth0', { up: true });
  await kernel.addressAdd({ dev: 'eth0', address: BGP.ipv4Address });
  if (env['IP6'] !== undefined) await kernel.addressAdd({ dev: 'eth0', address: '2001:db8::5/64' });
  const config = await readConfig({ NODENAME: 'n1', ...env });
  const nodes = new KnownNodes({ nodename: 'n1', store: counting.store });
  const parts = { config, store: counting.store, kernel, log: silentLog };
  await register(parts);
  await store.create(newResource('Node', { name: 'n2' }, { bgp: { ipv4Address: '172.31.1.6/24' } }));
  const look = () => keepNode({ ...parts, nodes });
  const keeping = new NodeKeeping({ nodename: 'n1', look, clock, log: silentLog });
  const syncer = new Syncer({
    store,
    kinds: ['Node'],
    clock,
    onUpdates: (batch) => {
      nodes.apply(batch);
      keeping.apply(batch);
    },
    onStatus: (status) => {
      if (status !== 'in-sync') return;
      nodes.inSync();
      keeping.begin();
    },
  });
  syncer.start();
  t.teardown(async () => {
    keeping.stop();
    await syncer.stop();
  });
  const settle = async (milliseconds = 100): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) {
      await clock.advanceAsync(milliseconds / 10);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await settle();
  return { store, counting, kernel, keeping, settle };
}

t.test('the Node is deleted, and there again', async (t) => {
  const { store, settle } = await kept(t);
  await store.delete(OWN);
  await settle();
  t.same((await store.get(OWN))?.spec.bgp, BGP);
});

for (const IP of ['', 'autodetect', BGP.ipv4Address]) {
  t.test(`the Node loses its address, and has it again: IP='${IP}'`, async (t) => {
    const { store, settle } = await kept(t, { IP });
    await store.delete(OWN);
    // As kubelet registers it: without a word of ours.
    await store.create(newResource('Node', { name: 'n1', labels: { by: 'kubelet' } }, {}));
    await settle();
    t.match(await store.get(OWN), { metadata: { labels: { by: 'kubelet' } }, spec: { bgp: BGP } });
    const found = await store.get(OWN);
    const { bgp: _, ...spec } = found!.spec;
    await store.update<'Node'>({ ...found!, spec });
    await settle();
    t.same((await store.get(OWN))?.spec.bgp, BGP);
  });
}

t.test('an address that another node has is not taken, and that is said until the other has gone', async (t) => {
  const { store, keeping, settle } = await kept(t);
  await store.create(newResource('Node', { name: 'n3' }, { bgp: BGP }));
  const { spec: _, ...found } = (await store.get(OWN))!;
  await store.update<'Node'>({ ...found, spec: {} });
  await settle();
  t.match(keeping.problems(), [/Calico node 'n3' is already using/]);
  await store.delete({ kind: 'Node', name: 'n3' });
  await settle(2000);
  t.same(keeping.problems(), []);
  t.same((await store.get(OWN))?.spec.bgp, BGP);
});

t.test('heartbeats, links that come and go, and time cost no requests', async (t) => {
  const { store, counting, keeping, settle } = await kept(t);
  const asked = await counting.during(async () => {
    for (let beat = 0; beat < 10; beat++) {
      const found = (await store.get(OWN))!;
      await store.update<'Node'>({ ...found, metadata: { ...found.metadata, labels: { beat: `${beat}` } } });
      keeping.topologyChanged();
      await settle(30_000);
    }
  });
  t.same(asked, {});
});

t.test('the Node names its interfaces, and templates of host endpoints find them there', async (t) => {
  const { store, counting, kernel, keeping, settle } = await kept(t, { IP6: 'autodetect' });
  const interfaces = async () => (await store.get<'Node'>(OWN))?.spec.interfaces;
  t.same(await interfaces(), [{ name: 'eth0', addresses: ['172.31.1.5', '2001:db8::5'] }]);
  for (const [name, address] of [
    ['bond0', '10.1.0.5/16'],
    ['cali1', '10.244.0.1/32'],
    ['docker0', '172.17.0.1/16'],
    ['down0', '10.2.0.5/16'],
  ] as const) {
    await kernel.linkAdd({ kind: 'dummy', name });
    await kernel.addressAdd({ dev: name, address });
    if (name !== 'down0') await kernel.linkSet(name, { up: true });
  }
  await kernel.addressAdd({ dev: 'eth0', address: '172.31.1.9/24' });
  keeping.topologyChanged();
  await settle(2000);
  const now = [
    { name: 'bond0', addresses: ['10.1.0.5'] },
    { name: 'eth0', addresses: ['172.31.1.5', '172.31.1.9', '2001:db8::5'] },
  ];
  t.same(await interfaces(), now);
  const node = (await store.get<'Node'>(OWN))!;
  const templates = [{ generateName: 'bonds', interfacePattern: '^bond', labels: { role: 'bond' } }];
  const settings = { autoCreate: 'Enabled', createDefaultHostEndpoint: 'Disabled', templates } as const;
  t.match(planHostEndpoints(node, settings as never).endpoints, [
    {
      metadata: { name: 'n1-bonds-bond0-auto-hep' },
      spec: { node: 'n1', interfaceName: 'bond0', expectedIPs: ['10.1.0.5'] },
    },
  ]);
  const again = async (): Promise<void> => {
    keeping.topologyChanged();
    await settle(2000);
  };
  t.same(await counting.during(again), {}, 'the same again is not written');
  await kernel.linkSet('bond0', { up: false });
  keeping.topologyChanged();
  await settle(2000);
  t.same(await interfaces(), now.slice(1));
});
