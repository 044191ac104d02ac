import t from 'tap';
import { parseAddress, parsePrefix } from '../../src/base/index.ts';
import { audit, Collector, readAuditInput } from '../../src/ipam/index.ts';
import { newResource } from '../../src/model/index.ts';
import { TestCluster } from './cluster.ts';

const GRACE = 15 * 60_000;

async function cluster(): Promise<{ readonly it: TestCluster; readonly collector: Collector }> {
  const it = new TestCluster();
  await it.pool('p', '10.0.0.0/24', { blockSize: 28 });
  await it.node('node1');
  await it.node('node2');
  return { it, collector: new Collector({ store: it.store, ipam: it.client(), clock: it.clock }) };
}

async function endpoint(it: TestCluster, pod: string, node: string, ...addresses: string[]): Promise<void> {
  const ipNetworks = addresses.map((address) => `${address}/32`);
  const metadata = { name: `${node}-k8s-${pod}-eth0`, namespace: 'default' };
  await it.store.create(newResource('WorkloadEndpoint', metadata, { node, pod, ipNetworks }));
}

t.test('an address without a pod goes when the grace is over, one with a pod stays', async (t) => {
  const { it, collector } = await cluster();
  const kept = await it.assign('node1', 'kept');
  await endpoint(it, 'kept', 'node1', kept);
  const lost = await it.assign('node1', 'lost');
  t.match(await collector.sweep(), { released: [], suspects: 1 });
  it.clock.advance(GRACE - 1);
  t.match(await collector.sweep(), { released: [] });
  it.clock.advance(1);
  t.match(await collector.sweep(), { released: [lost], suspects: 1 });
  t.strictSame(audit(await readAuditInput(it.store)).findings, []);
  t.match(await collector.sweep(), { released: [], suspects: 0 });
});

t.test('a pod that shows up in time saves its address, and starts anew when it goes', async (t) => {
  const { it, collector } = await cluster();
  const address = await it.assign('node1', 'slow');
  await collector.sweep();
  it.clock.advance(GRACE);
  await endpoint(it, 'slow', 'node1', address);
  t.match(await collector.sweep(), { released: [], suspects: 0 });
  await it.store.delete({ kind: 'WorkloadEndpoint', name: 'node1-k8s-slow-eth0', namespace: 'default' });
  t.match(await collector.sweep(), { released: [], suspects: 1 });
});

t.test('the same handle with a new address is a new suspect', async (t) => {
  const { it, collector } = await cluster();
  await it.assign('node1', 'pod');
  await collector.sweep();
  it.clock.advance(GRACE);
  await it.ipam.releaseByHandle('pod');
  await it.assign('node1', 'pod');
  t.match(await collector.sweep(), { released: [], suspects: 1 });
});

t.test('all addresses of a handle go, or none', async (t) => {
  const { it, collector } = await cluster();
  const [first] = await it.assignMany('node1', 'pod', 2);
  await endpoint(it, 'pod', 'node1', first);
  await collector.sweep();
  it.clock.advance(GRACE);
  t.match(await collector.sweep(), { released: [], suspects: 0 });
});

t.test('on a node that is gone nothing waits, except what nobody can judge', async (t) => {
  const { it, collector } = await cluster();
  const pod = await it.assign('node1', 'pod');
  const attributes = { node: 'node1', type: 'ipipTunnelAddress' };
  await it.ipam.autoAssign({
    hostname: 'node1',
    handleId: 'ipip-tunnel-addr-node1',
    num4: 1,
    use: 'Tunnel',
    attributes,
  });
  await it.ipam.autoAssign({ hostname: 'node1', handleId: 'by-hand', num4: 1, attributes: { node: 'node1' } });
  t.match(await collector.sweep(), { released: [], nodes: [] });
  await it.store.delete({ kind: 'Node', name: 'node1' });
  const { released, nodes } = await collector.sweep();
  t.equal(released.length, 2);
  t.ok(released.includes(pod));
  t.strictSame(nodes, [], 'by-hand keeps the node’s blocks');
  await it.ipam.releaseByHandle('by-hand');
  t.match(await collector.sweep(), { nodes: ['node1'] });
  t.strictSame(await it.dump(), []);
});

t.test('what others borrowed from a node that is gone stays theirs', async (t) => {
  const { it, collector } = await cluster();
  await it.ipam.claimAffinity(parsePrefix('10.0.0.0/28'), 'node1');
  const at = parseAddress('10.0.0.3');
  await it.ipam.assignIp(at, {
    hostname: 'node2',
    handleId: 'b',
    attributes: { node: 'node2', pod: 'b', namespace: 'default' },
  });
  await endpoint(it, 'b', 'node2', '10.0.0.3');
  await it.store.delete({ kind: 'Node', name: 'node1' });
  t.match(await collector.sweep(), { released: [], nodes: ['node1'] });
  t.strictSame(await it.dump(), ['block 10.0.0.0/28 - 1/16', 'handle b {"10.0.0.0/28":1}']);
});

t.test('a block that stays empty goes, but never a node’s last of a family', async (t) => {
  const { it, collector } = await cluster();
  await it.pool('six', 'fd00::/122');
  await it.ipam.claimAffinity(parsePrefix('10.0.0.0/26'), 'node1');
  await it.ipam.claimAffinity(parsePrefix('fd00::/122'), 'node1');
  t.match(await collector.sweep(), { blocks: [] });
  it.clock.advance(GRACE);
  const { blocks } = await collector.sweep();
  t.equal(blocks.length, 3);
  t.equal((await it.dump()).filter((line) => line.startsWith('block 10.')).length, 1);
  t.ok((await it.dump()).includes('block fd00::/122 host:node1 0/64'));
  it.clock.advance(GRACE);
  t.match(await collector.sweep(), { blocks: [] });
});

t.test('a block that was used meanwhile waits again', async (t) => {
  const { it, collector } = await cluster();
  await it.ipam.claimAffinity(parsePrefix('10.0.0.0/27'), 'node1');
  await collector.sweep();
  it.clock.advance(GRACE);
  await it.assign('node1', 'a');
  await it.ipam.releaseByHandle('a');
  const used = (await it.store.list('IPAMBlock')).items.filter(({ spec }) => spec.unallocated[0] !== 0);
  const { blocks } = await collector.sweep();
  t.equal(blocks.length, 1);
  t.notOk(blocks.includes(used[0].spec.cidr));
});

t.test('a handle that promises what it hasn’t goes after the grace', async (t) => {
  const { it, collector } = await cluster();
  const spec = { handleID: 'Lost', block: { '10.0.0.0/28': 1 } };
  await it.store.create(newResource('IPAMHandle', { name: 'lost' }, spec));
  await collector.sweep();
  it.clock.advance(GRACE);
  t.match(await collector.sweep(), { handles: ['Lost'] });
  t.strictSame(await it.dump(), []);
});

t.test('handles that count wrongly, are half deleted or missing are put right after the grace', async (t) => {
  const { it, collector } = await cluster();
  const handle = async (name: string) => (await it.store.get({ kind: 'IPAMHandle', name }))?.spec;
  const spoilt = async (name: string, spec: object) => {
    const found = (await it.store.get({ kind: 'IPAMHandle', name }))!;
    await it.store.update<'IPAMHandle'>({ ...found, spec: { ...found.spec, ...spec } });
  };
  for (const pod of ['Many', 'half', 'gone', 'sound']) await endpoint(it, pod, 'node1', await it.assign('node1', pod));
  const right = await Promise.all(['many', 'half', 'gone', 'sound'].map(handle));
  const wrong = { '10.0.0.0/28': 9, '10.0.0.64/28': 1 };
  await spoilt('many', { block: wrong });
  await spoilt('half', { deleted: true });
  await it.store.delete({ kind: 'IPAMHandle', name: 'gone' });
  t.match(await collector.sweep(), { suspects: 3 });
  it.clock.advance(GRACE / 2);
  await spoilt('many', { block: { ...wrong, '10.0.0.64/28': 2 } });
  await collector.sweep();
  it.clock.advance(GRACE / 2);
  t.match(await collector.sweep(), { handles: [], released: [] });
  t.same(await handle('many'), { ...right[0], block: { ...wrong, '10.0.0.64/28': 2 } }, 'somebody was at work on it');
  t.same(await Promise.all(['half', 'gone', 'sound'].map(handle)), right.slice(1));
  it.clock.advance(GRACE);
  await collector.sweep();
  t.same(await handle('many'), right[0]);
  t.strictSame(audit(await readAuditInput(it.store)).findings, []);
});

t.test('with a grace of zero nothing ever goes', async (t) => {
  const { it } = await cluster();
  await it.assign('node1', 'lost');
  await it.store.delete({ kind: 'Node', name: 'node1' });
  const off = new Collector({ store: it.store, ipam: it.ipam, clock: it.clock, grace: 0 });
  t.match(await off.sweep(), { released: [], nodes: [], suspects: 0 });
});
