import t from 'tap';
import { parseAddress, silentLog } from '../../src/base/index.ts';
import { Calculation, type DesiredStore } from '../../src/calc/index.ts';
import type { Store, Update } from '../../src/datastore/index.ts';
import { KnownNodes } from '../../src/keeping/known-nodes.ts';
import { TunnelAddresses } from '../../src/keeping/tunnel-addresses.ts';
import { type IPPool, newResource } from '../../src/model/index.ts';
import { TestCluster } from '../ipam/cluster.ts';

const NODE = { kind: 'Node', name: 'n1' } as const;
const CHANGED: readonly Update[] = [{ key: NODE, resource: undefined }];

/** Puts something between the addresses and the store. */
type Wrap = (store: Store) => Pick<Store, 'get' | 'list' | 'update'>;

/** A node with pools, and what looks after its tunnels' addresses. */
class Bench {
  readonly cluster = new TestCluster();
  readonly addresses: TunnelAddresses;
  /** Tunnels without a device. */
  readonly deviceless = new Set<string>();

  readonly nodes: KnownNodes;

  constructor(wrap: Wrap = (store) => store) {
    this.nodes = new KnownNodes({ nodename: 'n1', store: wrap(this.cluster.store) });
    this.addresses = new TunnelAddresses({
      nodename: 'n1',
      nodes: this.nodes,
      ipam: this.cluster.ipam,
      clock: this.cluster.clock,
      log: silentLog,
      isReady: (kind) => !this.deviceless.has(kind),
    });
  }

  static async create(pools: Readonly<Record<string, Partial<IPPool['spec']>>>, wrap?: Wrap) {
    const bench = new Bench(wrap);
    for (const [cidr, spec] of Object.entries(pools)) await bench.cluster.pool(nameOf(cidr), cidr, spec);
    await bench.cluster.store.create(newResource('Node', { name: 'n1' }, { bgp: { ipv4Address: '172.16.0.1/24' } }));
    await bench.calculate();
    bench.addresses.begin();
    await bench.settle();
    return bench;
  }

  async settle(milliseconds = 100): Promise<void> {
    for (let turn = 0; turn < 50; turn++) {
      await this.cluster.clock.advanceAsync(milliseconds / 50);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The pool becomes another, and the watch says so. */
  async change(cidr: string, spec: Partial<IPPool['spec']>): Promise<void> {
    const pool = await this.cluster.store.get({ kind: 'IPPool', name: nameOf(cidr) });
    await this.cluster.store.update<'IPPool'>({ ...pool!, spec: { ...pool!.spec, ...spec } });
    this.apply([{ key: { kind: 'IPPool', name: nameOf(cidr) }, resource: undefined }]);
    await this.settle();
  }

  /** A syncer's batch. */
  apply(batch: readonly Update[]): void {
    this.nodes.apply(batch);
    void this.calculate();
    this.addresses.apply(batch);
  }

  /** What follows from what the store has now. */
  async calculate(): Promise<void> {
    this.addresses.want((await desiredStore(this.cluster)).tunnelPools);
  }

  /** `ipip`, `vxlan`, `vxlanV6` as the Node has them. */
  async inNode(): Promise<readonly (string | undefined)[]> {
    const { spec } = (await this.cluster.store.get(NODE))!;
    return [spec.bgp?.ipv4IPIPTunnelAddr, spec.ipv4VXLANTunnelAddr, spec.ipv6VXLANTunnelAddr];
  }

  async ownerOf(address: string): Promise<string | undefined> {
    return (await this.cluster.ipam.getAssignmentAttributes(parseAddress(address)))?.handleId;
  }
}

async function desiredStore({ store }: TestCluster): Promise<DesiredStore> {
  const calculation = new Calculation({ nodename: 'n1' });
  for (const kind of ['Node', 'IPPool', 'FelixConfiguration'] as const) {
    for (const resource of (await store.list(kind)).items) {
      calculation.apply([{ key: { kind, name: resource.metadata.name }, resource }]);
    }
  }
  return calculation.desired().store;
}

function nameOf(cidr: string): string {
  return cidr.replaceAll(/[.:/]/g, '-');
}

const V4 = '10.0.0.0/26';

t.test('a tunnel that a pool asks for has an address in the Node, in Calico’s place and handle', async (t) => {
  const ipip = await Bench.create({ [V4]: { ipipMode: 'Always' } });
  t.same(await ipip.inNode(), ['10.0.0.0', undefined, undefined]);
  t.equal(await ipip.ownerOf('10.0.0.0'), 'ipip-tunnel-addr-n1');
  const vxlan = await Bench.create({ [V4]: { vxlanMode: 'CrossSubnet' }, 'fd00::/122': { vxlanMode: 'Always' } });
  t.same(await vxlan.inNode(), [undefined, '10.0.0.0', 'fd00::']);
  t.equal(await vxlan.ownerOf('10.0.0.0'), 'vxlan-tunnel-addr-n1');
  t.equal(await vxlan.ownerOf('fd00::'), 'vxlan-v6-tunnel-addr-n1');
});

t.test('without encapsulation nothing is written', async (t) => {
  const bench = await Bench.create({ [V4]: {} });
  t.same(await bench.inNode(), [undefined, undefined, undefined]);
  t.same(await bench.cluster.dump(), []);
});

t.test('another look, and another daemon, keep the address', async (t) => {
  const bench = await Bench.create({ [V4]: { ipipMode: 'Always' } });
  const { resourceVersion } = (await bench.cluster.store.get(NODE))!.metadata;
  bench.apply(CHANGED);
  await bench.settle();
  await bench.addresses.stop();
  t.same(await bench.inNode(), ['10.0.0.0', undefined, undefined]);
  t.equal((await bench.cluster.store.get(NODE))!.metadata.resourceVersion, resourceVersion, 'nothing was written');
});

t.test('when the pool changes its encapsulation, one address goes and the other comes', async (t) => {
  const bench = await Bench.create({ [V4]: { ipipMode: 'Always' } });
  await bench.change(V4, { ipipMode: 'Never', vxlanMode: 'Always' });
  const [ipip, vxlan] = await bench.inNode();
  t.equal(ipip, undefined);
  t.match(vxlan, /^10\.0\.0\.\d+$/);
  t.equal(await bench.ownerOf(`${vxlan}`), 'vxlan-tunnel-addr-n1');
  t.equal(await bench.ownerOf('10.0.0.0'), undefined);
  await bench.change(V4, { vxlanMode: 'Never' });
  t.same(await bench.inNode(), [undefined, undefined, undefined]);
  t.same(
    (await bench.cluster.dump()).filter((line) => line.startsWith('handle')),
    [],
  );
});

t.test('a pool that closes, or allows no tunnels, is left for another', async (t) => {
  for (const closed of [{ disabled: true }, { allowedUses: ['Workload'] }, { nodeSelector: 'rack == "r1"' }] as const) {
    const bench = await Bench.create({ [V4]: { ipipMode: 'Always' }, '10.1.0.0/26': { ipipMode: 'Always' } });
    await bench.change(V4, closed as Partial<IPPool['spec']>);
    t.same(await bench.inNode(), ['10.1.0.0', undefined, undefined], JSON.stringify(closed));
    t.equal(await bench.ownerOf('10.0.0.0'), undefined);
  }
});

t.test('an address in the Node that is a pod’s by now is replaced', async (t) => {
  const bench = await Bench.create({ [V4]: {} });
  await bench.cluster.ipam.assignIp(parseAddress('10.0.0.5'), { hostname: 'n1', handleId: 'pod' });
  const node = (await bench.cluster.store.get(NODE))!;
  const spec = { ...node.spec, bgp: { ...node.spec.bgp, ipv4IPIPTunnelAddr: '10.0.0.5' } };
  await bench.cluster.store.update<'Node'>({ ...node, spec });
  bench.apply(CHANGED);
  await bench.change(V4, { ipipMode: 'Always' });
  const [ipip] = await bench.inNode();
  t.not(ipip, '10.0.0.5');
  t.equal(await bench.ownerOf(`${ipip}`), 'ipip-tunnel-addr-n1');
  t.equal(await bench.ownerOf('10.0.0.5'), 'pod', 'and stays the pod’s');
});

t.test('what others write into the Node meanwhile stays', async (t) => {
  let interfered = false;
  const bench = await Bench.create({ [V4]: { vxlanMode: 'Always' } }, (store) => ({
    get: store.get.bind(store) as Store['get'],
    list: store.list.bind(store) as Store['list'],
    update: async (resource) => {
      if (!interfered) {
        interfered = true;
        const node = (await store.get(NODE))!;
        await store.update<'Node'>({ ...node, metadata: { ...node.metadata, labels: { rack: 'r1' } } });
      }
      return store.update(resource);
    },
  }));
  t.ok(interfered);
  t.same(await bench.inNode(), [undefined, '10.0.0.0', undefined]);
  t.same((await bench.cluster.store.get(NODE))!.metadata.labels, { rack: 'r1' });
});

t.test('no address left: it is said, tried again, and the other tunnels go on', async (t) => {
  const bench = await Bench.create({ '10.0.0.0/29': { ipipMode: 'Always', blockSize: 29 } });
  t.same(bench.addresses.problems(), []);
  const full = new TestCluster();
  await full.pool('p', '10.0.0.0/29', { ipipMode: 'Always', blockSize: 29 });
  for (let count = 0; count < 8; count++) await full.assign('other', `pod${count}`);
  await full.store.create(newResource('Node', { name: 'n1' }, { bgp: { ipv4Address: '172.16.0.1/24' } }));
  const addresses = new TunnelAddresses({
    nodename: 'n1',
    nodes: new KnownNodes({ nodename: 'n1', store: full.store }),
    ipam: full.ipam,
    clock: full.clock,
    log: silentLog,
  });
  addresses.want((await desiredStore(full)).tunnelPools);
  addresses.begin();
  for (let turn = 0; turn < 50; turn++) {
    await full.clock.advanceAsync(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.match(addresses.problems(), [/^tunnel address \(ipip\): no address for the ipip tunnel of node n1/]);
  await full.ipam.releaseByHandle('pod3');
  for (let turn = 0; turn < 50; turn++) {
    await full.clock.advanceAsync(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.same(addresses.problems(), []);
  t.equal((await full.store.get(NODE))?.spec.bgp?.ipv4IPIPTunnelAddr, '10.0.0.3');
  await addresses.stop();
});

t.test(
  'WireGuard’s device has one while the node has a key, from whatever pool, unless nodes encrypt for themselves',
  async (t) => {
    const bench = await Bench.create({ [V4]: {}, 'fd00::/122': {} });
    const { store } = bench.cluster;
    const inNode = async () => (await store.get(NODE))!.spec.wireguard;
    const setKeys = async (status: { wireguardPublicKey?: string; wireguardPublicKeyV6?: string }) => {
      await store.update<'Node'>({ ...(await store.get(NODE))!, status });
      bench.apply(CHANGED);
      await bench.settle();
    };
    t.equal(await inNode(), undefined);
    await setKeys({ wireguardPublicKey: 'k' });
    t.same(await inNode(), { interfaceIPv4Address: '10.0.0.0' });
    t.equal(await bench.ownerOf('10.0.0.0'), 'wireguard-tunnel-addr-n1');
    await setKeys({ wireguardPublicKey: 'k', wireguardPublicKeyV6: 'k' });
    t.same(await inNode(), { interfaceIPv4Address: '10.0.0.0', interfaceIPv6Address: 'fd00::' });
    const key = { kind: 'FelixConfiguration', name: 'default' } as const;
    await store.create(newResource(key.kind, { name: key.name }, { wireguardHostEncryptionEnabled: true }));
    bench.apply([{ key, resource: undefined }]);
    await bench.settle();
    t.equal(await inNode(), undefined, 'the node’s own address does');
    await store.delete(key);
    await setKeys({ wireguardPublicKey: 'k' });
    t.match(await inNode(), { interfaceIPv4Address: /^10\.0\.0\./ });
    await setKeys({});
    t.equal(await inNode(), undefined);
    t.same(
      (await bench.cluster.dump()).filter((line) => line.startsWith('handle')),
      [],
    );
  },
);

t.test('others hear of an address once the tunnel’s device is there, and go on hearing of it', async (t) => {
  const bench = await Bench.create({ '10.0.0.0/24': { blockSize: 26 } });
  bench.deviceless.add('vxlan');
  await bench.change('10.0.0.0/24', { vxlanMode: 'Always' });
  t.same(await bench.inNode(), [undefined, undefined, undefined]);
  bench.deviceless.clear();
  bench.addresses.deviceReady();
  await bench.settle();
  const [, address] = await bench.inNode();
  t.type(address, 'string');
  bench.deviceless.add('vxlan');
  bench.addresses.deviceReady();
  await bench.settle();
  t.same(await bench.inNode(), [undefined, address, undefined], 'a device that is made anew is back in a moment');
  await bench.addresses.stop();
});
