import t from 'tap';
import { parseAddress, parsePrefix } from '../../src/base/index.ts';
import { choosePools, type PoolRequest, poolOf, readPools, StoreFacts } from '../../src/ipam/index.ts';
import { type IPPool, newResource } from '../../src/model/index.ts';
import { TestCluster, texts } from './cluster.ts';

const pool = (name: string, cidr: string, spec: Partial<IPPool['spec']> = {}): IPPool =>
  newResource('IPPool', { name }, { cidr, ...spec });

const all = readPools([
  pool('zoo', '10.3.0.0/16'),
  pool('east', '10.0.0.0/16', { nodeSelector: 'zone == "east"' }),
  pool('team', '10.1.0.0/16', { namespaceSelector: 'team == "a"' }),
  pool('manual', '10.2.0.0/16', { assignmentMode: 'Manual' }),
  pool('off', '10.4.0.0/16', { disabled: true }),
  pool('tunnels', '10.5.0.0/16', { allowedUses: ['Tunnel'] }),
  { ...pool('leaving', '10.6.0.0/16'), metadata: { name: 'leaving', deletionTimestamp: '2026-01-01T00:00:00Z' } },
  { ...pool('closed', '10.7.0.0/16'), status: { conditions: [{ type: 'Allocatable', status: 'False' }] } },
  pool('six', 'fd00::/48'),
]);

const names = (request: Partial<PoolRequest>): readonly string[] =>
  choosePools(all, {
    family: 4,
    hostname: 'node1',
    nodeLabels: {},
    namespaceLabels: {},
    use: 'Workload',
    ...request,
  }).map(({ name }) => name);

t.test('pools are tried by name; closed, leaving and disabled ones not at all', async (t) => {
  t.strictSame(names({}), ['zoo']);
  t.strictSame(names({ nodeLabels: { zone: 'east' } }), ['east', 'zoo']);
  t.strictSame(names({ namespaceLabels: { team: 'a' } }), ['team', 'zoo']);
  t.strictSame(names({ use: 'Tunnel' }), ['tunnels', 'zoo']);
  t.strictSame(names({ family: 6 }), ['six']);
});

t.test('requested pools are taken as they are, in the order of the request', async (t) => {
  t.strictSame(names({ requested: ['manual', '10.0.0.0/16', 'team'] }), ['manual', 'east', 'team']);
  t.strictSame(names({ requested: [] }), ['zoo']);
  for (const wanted of ['off', 'leaving', 'closed', 'nowhere', '10.99.0.0/16', 'six']) {
    t.throws(() => names({ requested: ['zoo', wanted] }), {
      code: 'POOL_NOT_FOUND',
      message: `the given pool (${wanted}) does not exist, or is not enabled`,
    });
  }
  t.throws(() => names({ requested: ['10.99.1.7/16'] }), { message: /^the given pool \(10\.99\.0\.0\/16\) does not/ });
  t.throws(() => names({ requested: ['zoo'], use: 'LoadBalancer' }), {
    code: 'NO_QUALIFIED_POOL',
    message: 'cannot find a qualified ippool, no pools match the required use (LoadBalancer)',
  });
});

t.test('a pool that nobody has looked at waits for one whose range it overlaps', async (t) => {
  const marked = (name: string, cidr: string, status: 'True' | 'False', more: object = {}): IPPool => {
    const made = pool(name, cidr);
    const metadata = { ...made.metadata, ...more };
    return { ...made, metadata, status: { conditions: [{ type: 'Allocatable', status }] } };
  };
  const leaving = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  const enabled = (...pools: readonly IPPool[]) => readPools(pools).flatMap((one) => (one.enabled ? [one.name] : []));
  const active = marked('active', '10.0.0.0/16', 'True');
  t.strictSame(enabled(active, pool('new', '10.0.1.0/24')), ['active']);
  t.strictSame(enabled(active, pool('new', '10.0.0.0/8')), ['active'], 'around it');
  t.strictSame(enabled(active, pool('new', '10.1.0.0/16')), ['active', 'new'], 'beside it');
  t.strictSame(enabled(active, pool('new', 'fd00::/48')), ['active', 'new'], 'of the other family');
  t.strictSame(
    enabled(active, marked('late', '10.0.1.0/24', 'True')),
    ['active', 'late'],
    'the word of the controller counts',
  );
  t.strictSame(enabled(active, marked('late', '10.0.1.0/24', 'False')), ['active']);
  t.strictSame(enabled(pool('a', '10.0.0.0/16'), pool('b', '10.0.1.0/24')), ['a', 'b'], 'there is no controller');
  t.strictSame(enabled(marked('old', '10.0.0.0/16', 'False', leaving), pool('new', '10.0.1.0/24')), []);
  t.strictSame(enabled(pool('off', '10.0.0.0/16', { disabled: true }), pool('new', '10.0.1.0/24')), ['new']);
});

t.test('the pool of an address and of a block', async (t) => {
  t.equal(poolOf(all, parseAddress('10.4.9.9'))?.name, 'off');
  t.equal(poolOf(all, parsePrefix('fd00:0:0:1::40/122'))?.name, 'six');
  t.equal(poolOf(all, parsePrefix('10.0.0.0/8')), undefined);
});

t.test('without pools there is no address', async (t) => {
  const request = { family: 4, hostname: 'n', nodeLabels: {}, namespaceLabels: {}, use: 'Workload' } as const;
  t.throws(() => choosePools([], request), { code: 'NO_POOLS', message: 'no configured Calico pools for node n' });
});

t.test('a pool that selects namespaces is chosen by the labels of the pod’s namespace', async (t) => {
  const cluster = new TestCluster();
  await cluster.pool('gold', '10.1.0.0/24', { namespaceSelector: 'tier == "gold"' });
  await cluster.pool('others', '10.2.0.0/24', { namespaceSelector: '!has(tier)' });
  const labelsToApply = { 'pcns.tier': 'gold', 'pcns.projectcalico.org/name': 'rich' };
  await cluster.store.create(newResource('Profile', { name: 'kns.rich' }, { labelsToApply }));
  const assign = async (namespace: string) =>
    texts(await cluster.ipam.autoAssign({ hostname: 'node1', num4: 1, namespace })).join();
  t.match(await assign('rich'), /^10\.1\./);
  t.match(await assign('unknown'), /^10\.2\./);
});

t.test('what breaks a rule in the store is read liberally before the first sync too', async (t) => {
  const { store } = new TestCluster();
  const specs: Readonly<Record<string, object>> = {
    modest: { cidr: '10.0.0.0/16', vxlanMode: 'Sometimes' },
    sized: { cidr: '10.3.0.0/16', blockSize: 'many' },
    picky: { cidr: '10.1.0.0/16', nodeSelector: 'zone==' },
    spelled: { CIDR: '10.2.0.0/16' },
  };
  for (const [name, spec] of Object.entries(specs)) {
    await store.create(newResource('IPPool', { name }, spec as IPPool['spec']));
  }
  const reservedCIDRs = ['10.0.0.1', 'nowhere'];
  await store.create(newResource('IPReservation', { name: 'r' }, { reservedCIDRs }));
  await store.create(
    newResource('IPAMConfiguration', { name: 'default' }, { strictAffinity: true, maxBlocksPerHost: 'x' as never }),
  );
  const facts = new StoreFacts(store);
  const read = await facts.pools();
  t.strictSame(
    read.map(({ name, spec }) => [name, spec.cidr, spec.vxlanMode]),
    [
      ['modest', '10.0.0.0/16', 'Never'],
      ['spelled', '10.2.0.0/16', 'Never'],
    ],
    'one whose nodes or blocks nobody knows is no pool',
  );
  t.ok((await facts.reservations()).has(parseAddress('10.0.0.1')));
  t.match(await facts.settings(), { strictAffinity: true, maxBlocksPerHost: 0 });
});
