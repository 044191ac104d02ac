import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { EtcdStore } from '../../src/datastore/etcd/index.ts';
import {
  exportLines,
  importResources,
  MemoryStore,
  readExport,
  SqliteStore,
  type Store,
} from '../../src/datastore/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { affinityLabels, type KindName, newResource, type ResourceOf } from '../../src/model/index.ts';
import { pool } from '../contracts/store.ts';
import { ApiServer } from '../fakes/api-server/index.ts';
import { EtcdServer } from './etcd/server.ts';

/** One of each that has a form of its own in some engine. */
const everything: readonly ResourceOf<KindName>[] = [
  { ...pool('p'), metadata: { name: 'p', labels: { a: 'b' } } },
  newResource('NetworkSet', { name: 's', namespace: 'n' }, { nets: ['10.0.0.0/8'] }),
  newResource(
    'BlockAffinity',
    { name: 'n1-10-0-0-0-30', labels: affinityLabels('n1', 'host', '10.0.0.0/30') },
    {
      node: 'n1',
      type: 'host',
      cidr: '10.0.0.0/30',
      state: 'confirmed',
      deleted: false,
    },
  ),
  newResource(
    'IPAMBlock',
    { name: '10-0-0-0-30' },
    {
      cidr: '10.0.0.0/30',
      affinity: 'host:n1',
      allocations: [0, null, null, null],
      unallocated: [1, 2, 3],
      attributes: [{ handle_id: 'h', secondary: { node: 'n1' } }],
      sequenceNumber: 1_700_000_000_000_000_003n,
      deleted: false,
      strictAffinity: false,
    },
  ),
  newResource('IPAMHandle', { name: 'h' }, { handleID: 'h', block: { '10.0.0.0/30': 1 }, deleted: false }),
  newResource(
    'IPAMConfiguration',
    { name: 'default' },
    { strictAffinity: true, autoAllocateBlocks: true, maxBlocksPerHost: 4 },
  ),
];

t.test('what goes from memory to sqlite, etcd, Kubernetes and back is the same', async (test) => {
  const first = new MemoryStore();
  for (const resource of everything) await first.create(resource);
  const stores = [first, await sqlite(test), await etcd(test), await kubernetes(test), new MemoryStore()];
  for (let at = 1; at < stores.length; at++) {
    const report = await importResources(stores[at], readExport(await textOf(stores[at - 1])));
    test.match(report, {
      created: everything.length + (at === 4 ? 1 : 0),
      unchanged: 0,
      different: [],
      unsupported: [],
    });
  }
  for (const { kind, metadata, spec } of everything) {
    const { name, namespace } = metadata;
    const last = await stores[4].get({ kind, name, namespace });
    test.same(last?.spec, spec, `${kind}(${name})`);
    if (metadata.labels) test.same(last?.metadata.labels, metadata.labels);
  }
});

t.test('importing again changes nothing; what differs is named, and replaced only if asked', async (test) => {
  const store = new MemoryStore();
  await store.create(pool('p'));
  await store.create(pool('q'));
  const resources = readExport(await textOf(store));
  test.match(await importResources(store, resources), { created: 0, unchanged: 2, different: [] });
  await store.update(pool('p', { disabled: true }));
  test.match(await importResources(store, resources), { unchanged: 1, different: ['IPPool(p)'] });
  test.equal((await store.get({ kind: 'IPPool', name: 'p' }))?.spec.disabled, true);
  await importResources(store, resources, { replace: true });
  test.equal((await store.get({ kind: 'IPPool', name: 'p' }))?.spec.disabled, undefined);
});

t.test('a torn or foreign export is refused before anything is written', async (test) => {
  const store = new MemoryStore();
  await store.create(pool('p'));
  const text = await textOf(store);
  const [heading, , end] = text.split('\n');
  const faults: readonly (readonly [string, RegExp])[] = [
    ['', /not an export/],
    ['{"kind":"IPPool"}', /not an export/],
    [text.replace('"version":1', '"version":9'), /version 9/],
    [text.split('\n').slice(0, 2).join('\n'), /not complete/],
    [`${heading}\n${end}`, /not complete/],
    [text.replace('{"apiVersion', '{{'), /line 2 is not JSON/],
    [text.replace('10.0.0.0/16', 'nonsense'), /line 2: error with field CIDR = 'nonsense'/],
  ];
  for (const [broken, problem] of faults) test.throws(() => readExport(broken), { code: 'CONFIG', message: problem });
});

async function textOf(store: Store): Promise<string> {
  const lines: string[] = [];
  for await (const line of exportLines(store)) lines.push(line);
  return lines.join('\n');
}

async function sqlite(test: Test): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'vrt-transfer-'));
  const store = await SqliteStore.open({ path: join(folder, 'db') });
  test.teardown(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  return store;
}

async function etcd(test: Test): Promise<Store> {
  const server = await EtcdServer.start();
  const store = new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint] });
  test.teardown(async () => {
    await store.close();
    await server.stop();
  });
  return store;
}

async function kubernetes(test: Test): Promise<Store> {
  const server = await ApiServer.start();
  const store = new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  test.teardown(async () => {
    await store.close();
    await server.stop();
  });
  return store;
}
