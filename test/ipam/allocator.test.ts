import t from 'tap';
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '../../src/base/index.ts';
import { audit, Collector, DEFAULT_GRACE, readAuditInput } from '../../src/ipam/index.ts';
import { newResource } from '../../src/model/index.ts';
import { TestCluster, texts } from './cluster.ts';

t.test('the first address claims a block, in two steps, and is written down under its handle', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/26');
  t.equal(await cluster.assign('node1', 'net.c1'), '10.0.0.0');
  t.strictSame(await cluster.dump(), [
    'affinity 10.0.0.0/26 node1 confirmed',
    'block 10.0.0.0/26 host:node1 1/64',
    'handle net.c1 {"10.0.0.0/26":1}',
  ]);
  const affinity = await cluster.store.get({ kind: 'BlockAffinity', name: 'node1-10-0-0-0-26' });
  t.match(affinity?.metadata.labels, {
    'projectcalico.org/affinity-type': 'host',
    'projectcalico.org/ip-version': '4',
    'projectcalico.org/hostname-hash': /^[A-Z2-7]{52}$/,
  });
  const block = await cluster.store.get({ kind: 'IPAMBlock', name: '10-0-0-0-26' });
  t.strictSame(block?.spec.attributes, [
    { handle_id: 'net.c1', secondary: { node: 'node1', pod: 'net.c1', namespace: 'default' } },
  ]);
});

t.test('released addresses come again only after the rest of the block', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/29', { blockSize: 29 });
  const first = await cluster.assign('node1', 'a');
  await cluster.ipam.releaseByHandle('a');
  const later: string[] = [];
  for (let n = 0; n < 8; n++) later.push(await cluster.assign('node1', `b${n}`));
  t.equal(later.indexOf(first), 7);
  t.equal(new Set(later).size, 8);
});

t.test('one node fills its block before it takes another', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/24', { blockSize: 30 });
  const addresses = await cluster.assignMany('node1', 'a', 6);
  t.equal(new Set(addresses).size, 6);
  const blocks = (await cluster.dump()).filter((line) => line.startsWith('block'));
  t.strictSame(blocks.map((line) => line.split(' ')[3]).sort(), ['2/4', '4/4']);
});

t.test('two nodes take different blocks', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/16');
  const one = parseAddress(await cluster.assign('node1', 'a'));
  const two = parseAddress(await cluster.assign('node2', 'b', cluster.client()));
  t.not(one.value >> 6n, two.value >> 6n);
});

t.test('without free blocks a node borrows from another, and gives back to it', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/30', { blockSize: 30 });
  await cluster.assign('node1', 'a');
  t.equal(await cluster.assign('node2', 'b'), '10.0.0.1');
  t.ok((await cluster.dump()).includes('block 10.0.0.0/30 host:node1 2/4'));
  await cluster.ipam.releaseByHandle('b');
  t.ok((await cluster.dump()).includes('block 10.0.0.0/30 host:node1 1/4'));
});

t.test('with strict affinity nobody borrows, and is told so', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/30', { blockSize: 30 });
  await cluster.configure({ strictAffinity: true });
  await cluster.assign('node1', 'a');
  const { v4 } = await cluster.ipam.autoAssign({ hostname: 'node2', handleId: 'b', num4: 1 });
  t.strictSame(v4?.addresses, []);
  t.equal(
    v4?.shortfall,
    'Assigned 0 out of 1 requested IPv4 addresses; No more free affine blocks and strict affinity enabled',
  );
});

t.test('a pool that has run out says so, and leaves no handle behind', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/30', { blockSize: 30 });
  const { v4 } = await cluster.ipam.autoAssign({ hostname: 'node1', handleId: 'a', num4: 5 });
  t.equal(v4?.addresses.length, 4);
  t.equal(v4?.shortfall, 'Assigned 4 out of 5 requested IPv4 addresses; No IPs available in pools: [10.0.0.0/30]');
  const none = await cluster.ipam.autoAssign({ hostname: 'node2', handleId: 'b', num4: 1 });
  t.equal(none.v4?.shortfall, 'Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [10.0.0.0/30]');
  t.notOk((await cluster.dump()).some((line) => line.startsWith('handle b')));
});

t.test('the limit of blocks ends a request, and what it had got goes back', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/24', { blockSize: 30 });
  await cluster.configure({ strictAffinity: true, maxBlocksPerHost: 2 });
  await t.rejects(cluster.ipam.autoAssign({ hostname: 'node1', handleId: 'a', num4: 9 }), {
    code: 'BLOCK_LIMIT',
    message: /Need to allocate an IPAM block but could not - limit of 2 blocks reached for this node$/,
  });
  const rest = await cluster.dump();
  t.notOk(rest.some((line) => line.startsWith('handle')));
  t.equal(rest.filter((line) => line.endsWith('0/4')).length, 2);
});

t.test('without a configured limit a node may have twenty blocks', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/24', { blockSize: 32 });
  t.equal((await cluster.assignMany('node1', 'a', 20)).length, 20);
  await t.rejects(cluster.assign('node1', 'b'), { code: 'BLOCK_LIMIT', message: /limit of 20 blocks/ });
});

t.test('a block that another node leaves empty for a minute is taken over', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/30', { blockSize: 30 });
  await cluster.configure({ strictAffinity: true });
  await cluster.assign('node1', 'a');
  await cluster.ipam.releaseByHandle('a');
  const other = cluster.client();
  t.strictSame(await cluster.assignMany('node2', 'b', 1, other), [], 'not at once');
  cluster.clock.advance(60_000);
  t.equal(await cluster.assign('node2', 'b', other), '10.0.0.0');
  t.strictSame(await cluster.assignMany('node1', 'c', 1), [], "node1 notices, whatever it remembers of 'its' block");
  t.strictSame(
    (await cluster.dump()).filter((line) => !line.startsWith('handle')),
    ['affinity 10.0.0.0/30 node2 confirmed', 'block 10.0.0.0/30 host:node2 1/4'],
  );
});

t.test('reserved addresses are not given out unless asked for by name', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/29', { blockSize: 30 });
  await cluster.reserve('10.0.0.0/30', '10.0.0.4/32');
  t.strictSame(await cluster.assignMany('node1', 'a', 8), ['10.0.0.5', '10.0.0.6', '10.0.0.7']);
  await cluster.ipam.assignIp(parseAddress('10.0.0.1'), { hostname: 'node1', handleId: 'b' });
  t.ok(await cluster.ipam.getAssignmentAttributes(parseAddress('10.0.0.1')));
});

t.test('a specific address: from a pool, once, and from its own node if affinity is strict', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/24');
  const at = parseAddress('10.0.0.77');
  await cluster.ipam.assignIp(at, { hostname: 'node1', handleId: 'a', attributes: { pod: 'x' } });
  t.strictSame(await cluster.ipam.getAssignmentAttributes(at), {
    handleId: 'a',
    attributes: { pod: 'x' },
    alternate: undefined,
  });
  await t.rejects(cluster.ipam.assignIp(at, { hostname: 'node1', handleId: 'b' }), { code: 'ADDRESS_TAKEN' });
  await t.rejects(cluster.ipam.assignIp(parseAddress('10.1.0.1'), { hostname: 'node1' }), {
    code: 'NOT_IN_POOL',
    message: /^The provided IP address is not in a configured pool/,
  });
  await cluster.ipam.assignIp(parseAddress('10.0.0.78'), { hostname: 'node2', handleId: 'c' });
  await cluster.configure({ strictAffinity: true });
  await t.rejects(cluster.ipam.assignIp(parseAddress('10.0.0.79'), { hostname: 'node2' }), { code: 'STRICT_AFFINITY' });
  t.notOk((await cluster.dump()).some((line) => line.startsWith('handle b')));
});

t.test('dual stack: one of each family under one handle, from /26 and /122 blocks', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('four', '10.0.0.0/26');
  await cluster.pool('six', 'fd00::/122');
  const both = await cluster.ipam.autoAssign({ hostname: 'node1', handleId: 'a', num4: 1, num6: 1 });
  t.strictSame(texts(both), ['10.0.0.0', 'fd00::']);
  t.strictSame((await cluster.ipam.ipsByHandle('a')).map(formatAddress), ['10.0.0.0', 'fd00::']);
  await cluster.ipam.releaseByHandle('a');
  t.notOk((await cluster.dump()).some((line) => line.startsWith('handle')));
  await t.rejects(cluster.ipam.releaseByHandle('a'), {
    code: 'HANDLE_NOT_FOUND',
    message: 'resource does not exist: IPAMHandle(a)',
  });
});

t.test('when one family fails, the other goes back', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('four', '10.0.0.0/26');
  await t.rejects(cluster.ipam.autoAssign({ hostname: 'node1', handleId: 'a', num4: 1, num6: 1 }), {
    code: 'NO_POOLS',
  });
  t.ok((await cluster.dump()).includes('block 10.0.0.0/26 host:node1 0/64'));
  t.notOk((await cluster.dump()).some((line) => line.startsWith('handle')));
});

t.test('an IPv6 pool larger than anybody can walk is no trouble', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('six', 'fd00::/48');
  const first = await cluster.ipam.autoAssign({ hostname: 'node1', num6: 100 });
  const second = await cluster.client().autoAssign({ hostname: 'node2', num6: 1 });
  t.equal(new Set([...texts(first), ...texts(second)]).size, 101);
});

t.test('releasing by address tells what nobody had, and checks the handle', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/26');
  await cluster.assign('node1', 'a');
  const free = parseAddress('10.0.0.9');
  const outside = parseAddress('10.9.0.9');
  const mine = parseAddress('10.0.0.0');
  await t.rejects(cluster.ipam.releaseIps([{ address: mine, handleId: 'z' }]), { code: 'BAD_HANDLE' });
  const unknown = await cluster.ipam.releaseIps([{ address: mine }, { address: free }, { address: outside }]);
  t.strictSame(unknown.map(formatAddress), ['10.9.0.9', '10.0.0.9']);
  t.notOk((await cluster.dump()).some((line) => line.startsWith('handle')));
});

t.test('what is remembered never decides what is not so', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/30', { blockSize: 30 });
  const other = cluster.client();
  await cluster.assignMany('node1', 'a', 4);
  await other.releaseByHandle('a');
  t.strictSame(await cluster.assignMany('node1', 'b', 4), ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3']);
  await other.releaseByHandle('b');
  await other.autoAssign({ hostname: 'node1', handleId: 'c', num4: 4 });
  t.strictSame(await cluster.ipam.releaseIps([{ address: parseAddress('10.0.0.0'), handleId: 'c' }]), []);
});

t.test('a block that nobody owns goes with its last address', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/26');
  await cluster.assign('node1', 'a');
  await cluster.ipam.removeHost('node1');
  t.strictSame(await cluster.dump(), ['block 10.0.0.0/26 - 1/64', 'handle a {"10.0.0.0/26":1}']);
  await cluster.ipam.releaseByHandle('a');
  t.strictSame(await cluster.dump(), []);
});

t.test('affinities: claimed by CIDR, released when empty or with what is in them', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/24');
  const { ipam } = cluster;
  await ipam.claimAffinity(parsePrefix('10.0.0.0/26'), 'node2');
  const { claimed, failed } = await ipam.claimAffinity(parsePrefix('10.0.0.0/25'), 'node1');
  t.strictSame(claimed.map(formatPrefix), ['10.0.0.64/26']);
  t.strictSame(failed.map(formatPrefix), ['10.0.0.0/26']);
  await t.rejects(ipam.claimAffinity(parsePrefix('10.0.0.0/27'), 'node1'), { code: 'BAD_BLOCK_SIZE' });
  await t.rejects(ipam.claimAffinity(parsePrefix('10.1.0.0/26'), 'node1'), { code: 'NOT_IN_POOL' });
  await cluster.assign('node1', 'a');
  await t.rejects(ipam.releaseAffinity(parsePrefix('10.0.0.64/26'), 'node1', true), {
    code: 'BLOCK_NOT_EMPTY',
    message: "block '10.0.0.64/26' is not empty",
  });
  await ipam.releaseHostAffinities('node2', true);
  t.strictSame(await cluster.dump(), [
    'affinity 10.0.0.64/26 node1 confirmed',
    'block 10.0.0.64/26 host:node1 1/64',
    'handle a {"10.0.0.64/26":1}',
  ]);
  await ipam.releasePoolAffinities(parsePrefix('10.0.0.0/24'));
  t.strictSame((await cluster.dump())[0], 'block 10.0.0.64/26 - 1/64');
});

t.test('a node gives up its empty blocks, though one is in use', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/28', { blockSize: 30 });
  await cluster.assignMany('node1', 'a', 12);
  const [first] = await cluster.ipam.ipsByHandle('a');
  await cluster.ipam.releaseByHandle('a');
  await cluster.ipam.assignIp(first!, { hostname: 'node1', handleId: 'b' });
  const blocks = async () => (await cluster.dump()).filter((line) => line.startsWith('block'));
  t.equal((await blocks()).length, 3);
  await t.rejects(cluster.ipam.releaseHostAffinities('node1', true), { code: 'BLOCK_NOT_EMPTY' });
  t.match(await blocks(), [/host:node1 1\/4$/]);
  await cluster.ipam.claimAffinity(parsePrefix('10.0.0.0/28'), 'node1');
  await t.rejects(cluster.ipam.releaseAffinity(parsePrefix('10.0.0.0/28'), 'node1', true), { code: 'BLOCK_NOT_EMPTY' });
  t.equal((await blocks()).length, 1);
});

t.test('pools: by label, by request, by use', async (t) => {
  const cluster = new TestCluster();
  await cluster.node('east1', { zone: 'east' });
  await cluster.node('west1', { zone: 'west' });
  await cluster.pool('a-off', '10.9.0.0/26', { disabled: true });
  await cluster.pool('b-east', '10.0.0.0/26', { nodeSelector: 'zone == "east"' });
  await cluster.pool('c-west', '10.0.1.0/26', { nodeSelector: 'zone == "west"' });
  await cluster.pool('d-manual', '10.0.2.0/26', { assignmentMode: 'Manual' });
  await cluster.pool('e-tunnel', '10.0.3.0/26', { allowedUses: ['Tunnel'] });
  t.equal(await cluster.assign('east1', 'a'), '10.0.0.0');
  t.equal(await cluster.assign('west1', 'b'), '10.0.1.0');
  const ask = (hostname: string, pools4: readonly string[]) => cluster.ipam.autoAssign({ hostname, num4: 1, pools4 });
  t.strictSame(texts(await ask('east1', ['d-manual'])), ['10.0.2.0'], 'a manual pool, by name');
  t.strictSame(
    texts(await ask('west1', ['10.0.0.0/26'])),
    ['10.0.0.1'],
    'a pool that does not select the node, by CIDR',
  );
  await t.rejects(ask('east1', ['a-off']), {
    code: 'POOL_NOT_FOUND',
    message: 'the given pool (a-off) does not exist, or is not enabled',
  });
  await t.rejects(ask('east1', ['e-tunnel']), { code: 'NO_QUALIFIED_POOL' });
  await t.rejects(cluster.ipam.autoAssign({ hostname: 'east1', num6: 1 }), {
    code: 'NO_POOLS',
    message: 'no configured Calico pools for node east1',
  });
});

t.test('empty blocks of pools that no longer select the node are given up', async (t) => {
  const cluster = new TestCluster();
  await cluster.node('node1', { zone: 'east' });
  await cluster.pool('east', '10.0.0.0/26', { nodeSelector: 'zone == "east"' });
  await cluster.pool('west', '10.0.1.0/26', { nodeSelector: 'zone == "west"' });
  await cluster.assign('node1', 'a');
  const node = await cluster.store.get({ kind: 'Node', name: 'node1' });
  await cluster.store.update({ ...node!, metadata: { ...node!.metadata, labels: { zone: 'west' } } });
  t.equal(await cluster.assign('node1', 'b'), '10.0.1.0');
  t.ok((await cluster.dump()).includes('block 10.0.0.0/26 host:node1 1/64'), 'it is still in use');
  await cluster.ipam.releaseByHandle('a');
  t.notOk((await cluster.dump()).some((line) => line.includes('10.0.0.0/26')));
});

t.test('two crashes in the middle of a claim are finished by the next one', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/26');
  const fails = { pending: 2 };
  const crashing = cluster.client(
    new Proxy(cluster.store, {
      get: (store, verb) => {
        if (verb !== 'update') return Reflect.get(store, verb).bind(store);
        return async (resource: never) => {
          if (fails.pending-- > 0) throw new Error('killed');
          return store.update(resource);
        };
      },
    }),
  );
  await t.rejects(cluster.assign('node1', 'a', crashing), { message: 'killed' });
  t.strictSame(await cluster.dump(), ['affinity 10.0.0.0/26 node1 pending', 'block 10.0.0.0/26 host:node1 0/64']);
  await t.rejects(cluster.assign('node1', 'a', crashing), { message: 'killed' });
  t.equal(await cluster.assign('node1', 'a', crashing), '10.0.0.0');
  t.ok((await cluster.dump()).includes('affinity 10.0.0.0/26 node1 confirmed'));
});

t.test('utilisation counts what is in use, reserved and free', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/24');
  await cluster.reserve('10.0.0.0/31', '10.0.0.255');
  await cluster.ipam.claimAffinity(parsePrefix('10.0.0.0/26'), 'node1');
  await cluster.assignMany('node1', 'a', 3);
  const [pool] = await cluster.ipam.getUtilization();
  t.strictSame(pool, {
    name: 'p',
    cidr: '10.0.0.0/24',
    capacity: 256n,
    inUse: 3n,
    reserved: 3n,
    available: 250n,
    blocks: [{ cidr: '10.0.0.0/26', affinity: 'host:node1', capacity: 64n, inUse: 3n, reserved: 2n, available: 59n }],
  });
});

t.test('affinities of older versions get the labels by which they are found', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/26');
  await cluster.assign('node1', 'a');
  const key = { kind: 'BlockAffinity', name: 'node1-10-0-0-0-26' } as const;
  const { metadata, ...rest } = (await cluster.store.get(key))!;
  await cluster.store.update({ ...rest, metadata: { ...metadata, labels: { mine: 'kept' } } });
  t.equal(await cluster.ipam.upgradeHost('node1'), 1);
  t.match((await cluster.store.get(key))?.metadata.labels, { ...metadata.labels, mine: 'kept' });
  t.equal(await cluster.ipam.upgradeHost('node1'), 0);
});

t.test('blocks are made warm before the first pod comes', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/24');
  const first = await cluster.ipam.ensureBlock({ hostname: 'node1', num4: 1 });
  t.equal(first.length, 1);
  t.strictSame(await cluster.ipam.ensureBlock({ hostname: 'node1', num4: 1 }), first, 'one is enough');
  t.equal((await cluster.ipam.ensureBlock({ hostname: 'node1', num4: 65 })).length, 2);
});

t.test('deletions that another client began and did not finish are finished', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/26');
  await cluster.assign('node1', 'a');
  await cluster.ipam.releaseByHandle('a');
  const { store } = cluster;
  const metadata = { name: 'a' };
  await store.create(newResource('IPAMHandle', metadata, { handleID: 'a', block: {}, deleted: true }));
  const block = await store.get({ kind: 'IPAMBlock', name: '10-0-0-0-26' });
  await store.update({ ...block!, spec: { ...block!.spec, deleted: true } });
  const affinity = await store.get({ kind: 'BlockAffinity', name: 'node1-10-0-0-0-26' });
  await store.update({ ...affinity!, spec: { ...affinity!.spec, deleted: true } });
  t.equal(await cluster.assign('node1', 'a', cluster.client()), '10.0.0.0');
  t.strictSame(await cluster.dump(), [
    'affinity 10.0.0.0/26 node1 confirmed',
    'block 10.0.0.0/26 host:node1 1/64',
    'handle a {"10.0.0.0/26":1}',
  ]);
});

t.test('addresses of services come from blocks of the load balancer, which are on no node', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('pods', '10.0.0.0/24');
  await cluster.pool('services', '10.9.0.0/24', { allowedUses: ['LoadBalancer'], blockSize: 28 });
  await cluster.node('node1');
  const request = {
    hostname: 'node1',
    use: 'LoadBalancer',
    num4: 1,
    attributes: { service: 's', namespace: 'n' },
  } as const;
  const [given] = texts(await cluster.ipam.autoAssign({ ...request, handleId: 'lb-1' }));
  t.match(given, /^10\.9\.0\./);
  const [affinity] = (await cluster.store.list('BlockAffinity')).items;
  const { cidr } = affinity.spec;
  t.match(affinity, {
    metadata: {
      name: `load-balancer-${cidr.replaceAll(/[./]/g, '-')}`,
      labels: { 'projectcalico.org/affinity-type': 'virtual' },
    },
    spec: { type: 'virtual', node: 'load-balancer', state: 'confirmed' },
  });
  t.equal((await cluster.store.list('IPAMBlock')).items[0].spec.affinity, 'virtual:load-balancer');
  texts(await cluster.client().autoAssign({ ...request, hostname: 'node2', handleId: 'lb-2' }));
  t.equal((await cluster.store.list('IPAMBlock')).items.length, 1, 'another node takes from the same block');
  await cluster.ipam.assignIp(parseAddress('10.9.0.200'), { hostname: 'node1', handleId: 'lb-3' });
  t.equal(
    (await cluster.store.list('IPAMBlock')).items.every(({ spec }) => spec.affinity === 'virtual:load-balancer'),
    true,
    'so does an address that is asked for by name',
  );
  t.match(await cluster.assign('node1', 'pod'), /^10\.0\.0\./, "no pod gets a service's address");
  const { findings } = audit(await readAuditInput(cluster.store));
  t.strictSame(
    findings.filter(({ subject }) => subject.includes('10.9.')),
    [],
    'and the audit finds them in order',
  );
  const collector = new Collector({ store: cluster.store, ipam: cluster.ipam, clock: cluster.clock });
  await collector.sweep();
  cluster.clock.advance(DEFAULT_GRACE);
  t.match(await collector.sweep(), { nodes: [], blocks: [] }, 'the collector leaves them alone');
  for (const handle of ['lb-1', 'lb-2', 'lb-3']) await cluster.ipam.releaseByHandle(handle);
  await cluster.ipam.releasePoolAffinities(parsePrefix('10.9.0.0/24'));
  t.strictSame(
    (await cluster.dump()).filter((line) => line.includes('10.9.')),
    [],
    'with their pool they go',
  );
});

t.test("a Windows node's own addresses make no block used, and nobody's leak", async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('p', '10.0.0.0/24', { blockSize: 29 });
  await cluster.node('win');
  const reserved = { handle_id: 'windows-reserved-ipam-handle', secondary: { note: 'windows host rsvd' } };
  await cluster.ipam.claimAffinity(parsePrefix('10.0.0.0/29'), 'win');
  const [block] = (await cluster.store.list('IPAMBlock')).items;
  const allocations = [0, 0, 0, null, null, null, null, 0];
  await cluster.store.update({
    ...block,
    spec: { ...block.spec, allocations, unallocated: [3, 4, 5, 6], attributes: [reserved] },
  });
  t.equal(
    await cluster.assign('win', 'pod', cluster.client()),
    '10.0.0.3',
    'the first three and the last are not given out',
  );
  await cluster.ipam.releaseByHandle('pod');
  t.strictSame(audit(await readAuditInput(cluster.store)).findings, []);
  await cluster.ipam.releaseAffinity(parsePrefix('10.0.0.0/29'), 'win', true);
  t.strictSame(await cluster.dump(), [], 'such a block counts as empty');
});
