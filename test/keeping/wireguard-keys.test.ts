import t from 'tap';
import { silentLog } from '../../src/base/index.ts';
import type { Store } from '../../src/datastore/index.ts';
import { KnownNodes } from '../../src/keeping/known-nodes.ts';
import { WireguardKeys } from '../../src/keeping/wireguard-keys.ts';
import { newResource } from '../../src/model/index.ts';
import { TestCluster } from '../ipam/cluster.ts';

const NODE = { kind: 'Node', name: 'n1' } as const;
const [KEY, OTHER] = ['hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=', '3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08='];

async function bench(wrap: (store: Store) => Pick<Store, 'get' | 'list' | 'update'> = (store) => store) {
  const cluster = new TestCluster();
  await cluster.store.create(newResource('Node', { name: 'n1' }, { bgp: { ipv4Address: '172.16.0.1/24' } }));
  const nodes = new KnownNodes({ nodename: 'n1', store: wrap(cluster.store) });
  const keys = new WireguardKeys({
    nodename: 'n1',
    nodes,
    clock: cluster.clock,
    log: silentLog,
  });
  const settle = async (milliseconds = 100): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) {
      await cluster.clock.advanceAsync(milliseconds / 20);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const node = async () => (await cluster.store.get(NODE))!;
  const heard = (): void => {
    const batch = [{ key: NODE, resource: undefined }];
    nodes.apply(batch);
    keys.apply(batch);
  };
  return { cluster, keys, settle, node, heard };
}

t.test('keys come and go with the devices, each family’s by itself', async (t) => {
  const { keys, settle, node } = await bench();
  keys.want(4, KEY);
  await settle();
  t.equal((await node()).status?.wireguardPublicKey, KEY);
  keys.want(6, OTHER);
  await settle();
  t.same((await node()).status, { wireguardPublicKey: KEY, wireguardPublicKeyV6: OTHER });
  keys.want(4, undefined);
  await settle();
  t.same((await node()).status, { wireguardPublicKeyV6: OTHER });
});

t.test('until the kernel has been looked at, what the Node says stays', async (t) => {
  const { cluster, keys, settle, node, heard } = await bench();
  await cluster.store.update<'Node'>({ ...(await node()), status: { wireguardPublicKey: KEY } });
  const { resourceVersion } = (await node()).metadata;
  heard();
  await settle();
  keys.want(4, KEY);
  await settle();
  t.equal((await node()).metadata.resourceVersion, resourceVersion, 'nothing was written');
});

t.test('a key that somebody changed is put right', async (t) => {
  const { cluster, keys, settle, node, heard } = await bench();
  keys.want(4, KEY);
  await settle();
  await cluster.store.update<'Node'>({ ...(await node()), status: { wireguardPublicKey: OTHER } });
  heard();
  await settle();
  t.equal((await node()).status?.wireguardPublicKey, KEY);
});

t.test('a lost race keeps what the other wrote; a store that fails is said, and tried again', async (t) => {
  let raced = false;
  let failing = true;
  const { keys, settle, node } = await bench((store) => ({
    get: store.get.bind(store) as Store['get'],
    list: store.list.bind(store) as Store['list'],
    update: async (resource) => {
      if (!raced) {
        raced = true;
        const before = (await store.get(NODE))!;
        await store.update<'Node'>({ ...before, metadata: { ...before.metadata, labels: { rack: 'r1' } } });
      } else if (failing) throw new Error('away');
      return store.update(resource);
    },
  }));
  keys.want(4, KEY);
  await settle();
  t.match(keys.problems(), [/WireGuard key: away/]);
  failing = false;
  await settle(2000);
  t.same(keys.problems(), []);
  t.match(await node(), { metadata: { labels: { rack: 'r1' } }, status: { wireguardPublicKey: KEY } });
  await keys.stop();
});
