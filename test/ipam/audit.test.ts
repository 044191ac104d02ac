import t from 'tap';
import { parseAddress, parsePrefix } from '../../src/base/index.ts';
import { audit, Collector, type Finding, type FindingCode, readAuditInput } from '../../src/ipam/index.ts';
import { affinityName, type IPAMBlock, newResource } from '../../src/model/index.ts';
import { TestCluster } from './cluster.ts';

/** Two nodes, a pod on each, and nothing wrong. */
async function sound(): Promise<TestCluster> {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/24');
  for (const [node, cidr, pod] of [
    ['node1', '10.0.0.0/26', 'a'],
    ['node2', '10.0.0.64/26', 'b'],
  ] as const) {
    await cluster.node(node);
    await cluster.ipam.claimAffinity(parsePrefix(cidr), node);
    await endpoint(cluster, pod, node, await cluster.assign(node, pod));
  }
  return cluster;
}

async function endpoint(cluster: TestCluster, pod: string, node: string, address: string): Promise<void> {
  const metadata = { name: `${node}-k8s-${pod}-eth0`, namespace: 'default' };
  await cluster.store.create(newResource('WorkloadEndpoint', metadata, { node, pod, ipNetworks: [`${address}/32`] }));
}

async function changeBlock(
  { store }: TestCluster,
  change: (spec: IPAMBlock['spec']) => Partial<IPAMBlock['spec']>,
): Promise<void> {
  const block = await store.get({ kind: 'IPAMBlock', name: '10-0-0-0-26' });
  await store.update({ ...block!, spec: { ...block!.spec, ...change(block!.spec) } });
}

async function setState({ store }: TestCluster, state: 'pending' | 'pendingDeletion'): Promise<void> {
  const affinity = await store.get({ kind: 'BlockAffinity', name: affinityName('node1', '10.0.0.0/26') });
  await store.update({ ...affinity!, spec: { ...affinity!.spec, state } });
}

async function findings({ store }: TestCluster): Promise<readonly Finding[]> {
  return audit(await readAuditInput(store)).findings;
}

interface Damage {
  readonly subject: string;
  readonly inflict: (cluster: TestCluster) => Promise<unknown>;
  /** What else follows from the same damage. */
  readonly also?: readonly FindingCode[];
}

const affinity1 = affinityName('node1', '10.0.0.0/26');
const damages: Readonly<Record<FindingCode, Damage>> = {
  LEAKED_ADDRESS: { subject: '10.0.0.1', inflict: (it) => it.assign('node1', 'gone') },
  DOUBLE_USE: { subject: '10.0.0.0', inflict: (it) => endpoint(it, 'c', 'node2', '10.0.0.0') },
  NOT_IN_POOL: { subject: '192.168.0.1', inflict: (it) => endpoint(it, 'c', 'node1', '192.168.0.1') },
  NOT_ALLOCATED: { subject: '10.0.0.9', inflict: (it) => endpoint(it, 'c', 'node1', '10.0.0.9') },
  EMPTY_HANDLE: {
    subject: 'h',
    inflict: (it) =>
      it.store.create(newResource('IPAMHandle', { name: 'h' }, { handleID: 'h', block: { '10.0.0.0/26': 1 } })),
  },
  MISSING_HANDLE: { subject: 'a', inflict: (it) => it.store.delete({ kind: 'IPAMHandle', name: 'a' }) },
  MISCOUNTED_HANDLE: {
    subject: 'a',
    inflict: async ({ store }) => {
      const handle = await store.get({ kind: 'IPAMHandle', name: 'a' });
      await store.update({ ...handle!, spec: { ...handle!.spec, block: { '10.0.0.0/26': 2 } } });
    },
  },
  INVALID_BLOCK: { subject: '10.0.0.0/26', inflict: (it) => changeBlock(it, () => ({ unallocated: [1, 2] })) },
  UNFINISHED_CLAIM: { subject: affinity1, inflict: (it) => setState(it, 'pending') },
  UNFINISHED_RELEASE: { subject: affinity1, inflict: (it) => setState(it, 'pendingDeletion') },
  AFFINITY_WITHOUT_BLOCK: {
    subject: affinity1,
    inflict: (it) => it.store.delete({ kind: 'IPAMBlock', name: '10-0-0-0-26' }),
    also: ['NOT_ALLOCATED', 'EMPTY_HANDLE'],
  },
  STALE_AFFINITY: {
    subject: affinity1,
    inflict: (it) => changeBlock(it, () => ({ affinity: 'host:node2' })),
    also: ['BLOCK_WITHOUT_AFFINITY'],
  },
  BLOCK_WITHOUT_AFFINITY: {
    subject: '10.0.0.0/26',
    inflict: (it) => it.store.delete({ kind: 'BlockAffinity', name: affinity1 }),
  },
  NODE_GONE: { subject: '10.0.0.0/26', inflict: (it) => it.store.delete({ kind: 'Node', name: 'node1' }) },
};

t.test('in a sound cluster an audit finds nothing, and lists every allocation', async (t) => {
  const { findings, allocations, matchedHandles } = audit(await readAuditInput((await sound()).store));
  t.strictSame(findings, []);
  t.equal(matchedHandles, 2);
  t.match(allocations, [
    { address: '10.0.0.0', handle: 'a', inUse: true, borrowed: false, owners: ['Workload(default/a)'] },
    { address: '10.0.0.64', handle: 'b', inUse: true, borrowed: false, owners: ['Workload(default/b)'] },
  ]);
});

for (const [code, { subject, inflict, also = [] }] of Object.entries(damages)) {
  t.test(`${code}: is found, named and comes with advice`, async (t) => {
    const cluster = await sound();
    await inflict(cluster);
    const found = await findings(cluster);
    t.ok(
      found.some((finding) => finding.code === code && finding.subject === subject && finding.remedy !== ''),
      subject,
    );
    const others = found.map((finding) => finding.code).filter((other) => other !== code);
    t.strictSame(others.sort(), [...also].sort(), 'and nothing else');
  });
}

t.test('a tunnel’s address is used by its node', async (t) => {
  const cluster = await sound();
  await cluster.ipam.autoAssign({ hostname: 'node1', handleId: 'ipip-tunnel-addr-node1', num4: 1 });
  t.match(await findings(cluster), [{ code: 'LEAKED_ADDRESS' }]);
  const node = await cluster.store.get({ kind: 'Node', name: 'node1' });
  const bgp = { ipv4Address: '192.168.0.1/24', ipv4IPIPTunnelAddr: '10.0.0.1' };
  await cluster.store.update({ ...node!, spec: { bgp } });
  t.strictSame(await findings(cluster), []);
});

t.test('objects that nobody can read stop neither the audit nor the others', async (t) => {
  const cluster = await sound();
  const rubbish = { cidr: 'not a cidr' } as IPAMBlock['spec'];
  await cluster.store.create(newResource('IPAMBlock', { name: 'rubbish' }, rubbish));
  const labels = (await cluster.store.get({ kind: 'BlockAffinity', name: affinity1 }))?.metadata.labels;
  await cluster.store.create(
    newResource('BlockAffinity', { name: 'rubbish', labels }, { node: 'node1', state: 'confirmed', cidr: 'nor this' }),
  );
  await cluster.store.create(newResource('IPReservation', { name: 'rubbish' }, { reservedCIDRs: ['10.0.0.300'] }));
  t.match(await findings(cluster), [
    { code: 'INVALID_BLOCK', subject: 'not a cidr' },
    { code: 'AFFINITY_WITHOUT_BLOCK' },
  ]);
  t.equal((await cluster.assignMany('node1', 'many', 130)).length, 130, 'from two blocks, and borrowed ones');
  await new Collector({ store: cluster.store, ipam: cluster.ipam, clock: cluster.clock }).sweep();
  t.equal((await cluster.ipam.getUtilization()).length, 1);
});

t.test('what can’t be looked for is not called leaked', async (t) => {
  const rows = [
    ['10.0.0.1', { handleId: 'k8s-pod-network.vmi.red.vm.1' }, ['VirtualMachine(red/vm.1)']],
    [
      '10.0.0.2',
      { handleId: 'new', attributes: { node: 'node1', type: 'somethingNew' } },
      ['UnknownType(somethingNew)'],
    ],
    ['10.0.0.3', { handleId: 'by-hand', attributes: { note: 'mine' } }, []],
    [
      '10.0.0.4',
      { handleId: 'n.vmi.red.vm', attributes: { pod: 'virt-launcher-vm', namespace: 'red', node: 'node1' } },
      [],
    ],
    ['10.0.0.5', { handleId: 'stale', attributes: { node: 'node1', type: 'vxlanTunnelAddress' } }, []],
  ] as const;
  const cluster = await sound();
  for (const [address, owner] of rows) {
    await cluster.ipam.assignIp(parseAddress(address), { hostname: 'node1', ...owner });
  }
  const { allocations, findings } = audit(await readAuditInput(cluster.store));
  for (const [address, , owners] of rows) {
    t.match(
      allocations.find((one) => one.address === address),
      { owners, inUse: owners.length > 0 },
      address,
    );
  }
  const leaked = rows.filter(([, , owners]) => owners.length === 0).map(([address]) => address);
  t.strictSame(
    findings.map(({ code, subject }) => `${code} ${subject}`),
    leaked.map((at) => `LEAKED_ADDRESS ${at}`),
  );
});
