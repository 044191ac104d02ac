import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { MemoryStore, type Store, Syncer } from '../../src/datastore/index.ts';
import { SqliteStore } from '../../src/datastore/sqlite/index.ts';
import { IpamKeeping } from '../../src/keeping/ipam-keeping.ts';
import { type HostEndpoint, type NodeSpec, newResource } from '../../src/model/index.ts';
import { CountingStore } from '../ipam/counting-store.ts';

const SETTINGS = { kind: 'KubeControllersConfiguration', name: 'default' } as const;
const LABELS = { 'projectcalico.org/created-by': 'calico-kube-controllers' };
const ON = { autoCreate: 'Enabled' };
const OFF = { autoCreate: 'Disabled' };

/** A cluster whose first node leads: told of the store by a syncer as in the daemon. */
async function bench(t: Test, open: (clock: VirtualClock) => Store | Promise<Store>) {
  const clock = new VirtualClock();
  const store = await open(clock);
  const counting = new CountingStore(store);
  const keeping = new IpamKeeping({ nodename: 'n1', store: counting.store, clock, log: silentLog, ledger: 'none' });
  const syncer = new Syncer({
    store,
    kinds: IpamKeeping.kinds,
    clock,
    onUpdates: (batch) => keeping.apply(batch),
    onStatus: (status) => status === 'in-sync' && keeping.begin(),
  });
  t.teardown(async () => {
    await syncer.stop();
    await keeping.stop();
    await store.close();
  });
  const pass = (seconds: number): Promise<void> => clock.advanceAsync(seconds * 1000);
  const configure = async (hostEndpoint: Readonly<Record<string, unknown>>): Promise<void> => {
    const spec = { controllers: { node: { leakGracePeriod: '0s', hostEndpoint } } };
    const found = await store.get(SETTINGS);
    if (found === undefined) await store.create(newResource(SETTINGS.kind, { name: 'default' }, spec));
    else await store.update({ ...found, spec });
  };
  const node = async (name: string, spec: NodeSpec, labels: Readonly<Record<string, string>> = {}): Promise<void> => {
    const found = await store.get({ kind: 'Node', name });
    if (found === undefined) await store.create(newResource('Node', { name, labels }, spec));
    else await store.update({ ...found, metadata: { ...found.metadata, labels }, spec });
  };
  const endpoints = async (): Promise<readonly HostEndpoint[]> => (await store.list('HostEndpoint')).items;
  /** `name addresses` of each, in order. */
  const made = async (): Promise<readonly string[]> =>
    (await endpoints())
      .map(({ metadata, spec }) => `${metadata.name} ${spec.expectedIPs ?? ''}`)
      .sort((a, b) => (a < b ? -1 : 1));
  return { store, counting, keeping, start: () => syncer.start(), pass, configure, node, endpoints, made };
}

const ENGINES = {
  memory: () => (clock: VirtualClock) => new MemoryStore({ clock }),
  sqlite: (t: Test) => (clock: VirtualClock) => SqliteStore.open({ path: join(t.testdir(), 'store.db'), clock }),
};

const bgp = (address: string): NodeSpec => ({ bgp: { ipv4Address: `${address}/24` } });

for (const [engine, open] of Object.entries(ENGINES)) {
  t.test(`host endpoints on ${engine}: they come and go with the switch and with their nodes`, async (t) => {
    const it = await bench(t, open(t));
    await it.node('n1', bgp('10.0.0.1'), { rack: 'a' });
    await it.node('n2', bgp('10.0.0.2'));
    it.start();
    await it.pass(60);
    t.strictSame(await it.made(), [], 'none unless somebody asks for them');
    await it.configure(ON);
    await it.pass(30);
    t.strictSame(await it.made(), ['n1-auto-hep 10.0.0.1', 'n2-auto-hep 10.0.0.2']);
    t.match(await it.store.get({ kind: 'HostEndpoint', name: 'n1-auto-hep' }), {
      metadata: { labels: { rack: 'a', ...LABELS } },
      spec: { node: 'n1', interfaceName: '*', profiles: ['projectcalico-default-allow'] },
    });
    await it.node('n1', bgp('10.0.0.9'), { rack: 'b' });
    await it.node('n3', bgp('10.0.0.3'));
    await it.store.delete({ kind: 'Node', name: 'n2' });
    await it.pass(30);
    t.strictSame(await it.made(), ['n1-auto-hep 10.0.0.9', 'n3-auto-hep 10.0.0.3']);
    t.match(await it.endpoints(), [{ metadata: { labels: { rack: 'b' } } }, {}]);
    await it.configure({ ...ON, createDefaultHostEndpoint: 'Disabled', templates: [LAN] });
    await it.pass(30);
    t.strictSame(await it.made(), ['n1-lan-auto-hep 10.0.0.9', 'n3-lan-auto-hep 10.0.0.3']);
    await it.configure(OFF);
    await it.pass(30);
    t.strictSame(await it.made(), []);
    t.strictSame(it.keeping.problems(), []);
  });

  t.test(`host endpoints on ${engine}: what somebody does to them is put right`, async (t) => {
    const it = await bench(t, open(t));
    await it.node('n1', bgp('10.0.0.1'));
    await it.configure(ON);
    it.start();
    await it.pass(60);
    const [found] = await it.endpoints();
    const metadata = { ...found.metadata, labels: { ...LABELS, stray: 'x' }, annotations: { note: 'kept' } };
    await it.store.update({ ...found, metadata, spec: { ...found.spec, expectedIPs: ['9.9.9.9'] } });
    await it.pass(30);
    const [mended] = await it.endpoints();
    t.strictSame(mended.metadata.labels, LABELS);
    t.match(mended, { metadata: { annotations: { note: 'kept' } }, spec: { expectedIPs: ['10.0.0.1'] } });
    await it.store.delete({ kind: 'HostEndpoint', name: 'n1-auto-hep' });
    await it.pass(30);
    t.strictSame(await it.made(), ['n1-auto-hep 10.0.0.1']);
  });
}

const LAN = { generateName: 'lan', interfaceCIDRs: ['10.0.0.0/8'] };
const memory = ENGINES.memory();
const endpoint = (name: string, node: string, labels: Readonly<Record<string, string>>): HostEndpoint =>
  newResource('HostEndpoint', { name, labels }, { node, interfaceName: 'eth0' });

t.test('those that a person made stay as they are, whatever their name', async (t) => {
  const it = await bench(t, memory);
  await it.node('n1', bgp('10.0.0.1'));
  await it.store.create(endpoint('n1-auto-hep', 'n1', { mine: 'yes' }));
  await it.store.create(endpoint('user', 'gone', { env: 'staging' }));
  await it.store.create(endpoint('gone-auto-hep', 'gone', LABELS));
  const before = (await it.endpoints()).filter(({ metadata }) => metadata.name !== 'gone-auto-hep');
  await it.configure(ON);
  it.start();
  await it.pass(120);
  t.strictSame(await it.endpoints(), before, 'and the one with our label that has no node went');
  t.match(it.keeping.problems(), [/HostEndpoint\(n1-auto-hep\) was made by somebody else: remove it/]);
  await it.store.delete({ kind: 'HostEndpoint', name: 'n1-auto-hep' });
  await it.pass(120);
  t.strictSame(await it.made(), ['n1-auto-hep 10.0.0.1', 'user ']);
  t.strictSame(it.keeping.problems(), []);
  await it.configure(OFF);
  await it.pass(30);
  t.strictSame(await it.made(), ['user ']);
});

t.test('a template that nobody can understand takes nothing away from a node, and is named', async (t) => {
  const it = await bench(t, memory);
  await it.node('n1', bgp('10.0.0.1'));
  await it.configure({ ...ON, createDefaultHostEndpoint: 'Disabled', templates: [LAN] });
  it.start();
  await it.pass(60);
  t.strictSame(await it.made(), ['n1-lan-auto-hep 10.0.0.1']);
  await it.configure({ ...ON, templates: [{ ...LAN, nodeSelector: 'rack ==' }] });
  await it.pass(30);
  t.strictSame(await it.made(), ['n1-auto-hep 10.0.0.1', 'n1-lan-auto-hep 10.0.0.1']);
  t.match(it.keeping.problems(), [/^the template lan of host endpoints is left out/]);
  await it.configure(ON);
  await it.pass(30);
  t.strictSame(await it.made(), ['n1-auto-hep 10.0.0.1']);
  t.strictSame(it.keeping.problems(), []);
});

t.test('one node that changes is one write among many nodes, and none that changes is none', async (t) => {
  const it = await bench(t, memory);
  for (let at = 1; at <= 100; at++) await it.node(`n${at}`, bgp(`10.0.0.${at}`));
  await it.configure(ON);
  it.start();
  await it.pass(60);
  t.equal((await it.endpoints()).length, 100);
  const idle = await it.counting.during(() => it.pass(600));
  t.strictSame(idle, { get: 60, update: 60 }, 'the lease alone');
  const changed = await it.counting.during(async () => {
    await it.node('n7', bgp('10.0.1.7'));
    await it.pass(10);
  });
  t.strictSame(changed, { get: 1, update: 2 });
});
