import t, { type Test } from 'tap';
import { EtcdStore } from '../../../src/datastore/etcd/index.ts';
import { candidates, storedAt } from '../../../src/datastore/etcd/layout.ts';
import { keyOf } from '../../../src/datastore/index.ts';
import { isConfirmed } from '../../../src/ipam/index.ts';
import {
  affinityLabels,
  affinityName,
  affinityOwnerLabels,
  blockName,
  type KindName,
  newResource,
  type ResourceOf,
} from '../../../src/model/index.ts';
import { base64, EtcdServer, etcdCall } from './server.ts';

const server = await EtcdServer.start();
t.teardown(() => server.stop());

const affinity = (node: string, cidr: string, type: 'host' | 'virtual' = 'host'): ResourceOf<'BlockAffinity'> =>
  newResource('BlockAffinity', { name: affinityName(node, cidr) }, { node, cidr, type, state: 'confirmed' });

const block = newResource(
  'IPAMBlock',
  { name: blockName('10.0.0.0/30') },
  {
    cidr: '10.0.0.0/30',
    affinity: 'host:node-1',
    affinityClaimTime: '2026-01-02T03:04:05Z',
    allocations: [0, null, null, null],
    unallocated: [1, 2, 3],
    attributes: [{ handle_id: 'h', secondary: { node: 'node-1' } }],
    sequenceNumber: 1_700_000_000_000_000_003n,
    sequenceNumberForAllocation: { '0': 1_700_000_000_000_000_001n },
    deleted: false,
    strictAffinity: false,
  },
);

/** An object, Calico's key for it, and Calico's value: undefined where it is the object itself. */
const places: readonly (readonly [ResourceOf<KindName>, string, string | undefined])[] = [
  [
    newResource('IPPool', { name: 'p' }, { cidr: '10.0.0.0/16' }),
    '/calico/resources/v3/projectcalico.org/ippools/p',
    undefined,
  ],
  [
    newResource('NetworkSet', { name: 's', namespace: 'n' }, { nets: [] }),
    '/calico/resources/v3/projectcalico.org/networksets/n/s',
    undefined,
  ],
  [
    block,
    '/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-30',
    '{"cidr":"10.0.0.0/30","affinity":"host:node-1","affinity_claim_time":"2026-01-02T03:04:05Z",' +
      '"allocations":[0,null,null,null],"unallocated":[1,2,3],' +
      '"attributes":[{"handle_id":"h","secondary":{"node":"node-1"}}],"sequenceNumber":1700000000000000003,' +
      '"sequenceNumberForAllocation":{"0":1700000000000000001},"deleted":false,"strictAffinity":false}',
  ],
  [
    affinity('node-1', '10.0.0.0/26'),
    '/calico/ipam/v2/host/node-1/ipv4/block/10.0.0.0-26',
    '{"state":"confirmed","deleted":false}',
  ],
  [
    affinity('node-1', 'fd00::/122'),
    '/calico/ipam/v2/host/node-1/ipv6/block/fd00::-122',
    '{"state":"confirmed","deleted":false}',
  ],
  [
    affinity('load-balancer', '10.0.0.64/26', 'virtual'),
    '/calico/ipam/v2/virtual/load-balancer/ipv4/block/10.0.0.64-26',
    '{"state":"confirmed","deleted":false}',
  ],
  [
    newResource('IPAMHandle', { name: 'net.abc' }, { handleID: 'net.abc', block: { '10.0.0.0/30': 1 } }),
    '/calico/ipam/v2/handle/net.abc',
    '{"handleID":"net.abc","block":{"10.0.0.0/30":1},"deleted":false}',
  ],
  [
    newResource(
      'IPAMConfiguration',
      { name: 'default' },
      {
        strictAffinity: false,
        autoAllocateBlocks: true,
        maxBlocksPerHost: 0,
      },
    ),
    '/calico/ipam/v2/config',
    '{"strict_affinity":false,"auto_allocate_blocks":true,"maxBlocksPerHost":0}',
  ],
];

t.test('each kind lies at the key, and in the form, that Calico uses', async (test) => {
  const store = open(test);
  for (const [resource, key, value] of places) {
    const made = await store.create(resource);
    const raw = await rawValue(key);
    test.ok(raw !== undefined, key);
    if (value !== undefined) test.equal(raw, value);
    else test.match(JSON.parse(raw!), { kind: resource.kind, spec: resource.spec, metadata: { uid: /.+/ } });
    test.same(await store.get(keyOf(made)), made, `${key} reads back`);
    test.match(made.spec, resource.spec as object);
    test.same(names(await store.list(resource.kind)).includes(resource.metadata.name), true);
    const again = await store.update(made);
    test.equal(again.metadata.uid, made.metadata.uid);
    await store.delete(keyOf(made), { uid: made.metadata.uid, resourceVersion: again.metadata.resourceVersion });
    test.equal(await rawValue(key), undefined);
  }
});

t.test("an affinity's labels are made of its key", async (test) => {
  const store = open(test);
  await store.create(affinity('node-1', '10.0.0.0/26'));
  await store.create(affinity('node-2', '10.0.0.64/26'));
  const mine = await store.list('BlockAffinity', { labels: affinityOwnerLabels('node-1', 'host') });
  test.same(names(mine), ['node-1-10-0-0-0-26']);
  test.same(mine.items[0].metadata.labels, affinityLabels('node-1', 'host', '10.0.0.0/26'));
});

t.test('names with dashes, and names shortened with a hash, are found', async (test) => {
  const store = open(test);
  for (const node of ['a', 'a-10', 'x-fd00', 'n-1-2-3-4-5', 'n'.repeat(250)]) {
    for (const cidr of ['10.0.0.128/26', 'fd00:1::/122', '::/122']) {
      const made = await store.create(affinity(node, cidr));
      test.same(await store.get(keyOf(made)), made, `${node.slice(0, 20)} ${cidr}`);
    }
  }
});

t.test('what Calico wrote long ago is read', async (test) => {
  const store = open(test);
  await rawPut('/calico/ipam/v2/assignment/ipv4/block/10.9.0.0-30', {
    cidr: '10.9.0.0/30',
    affinity: null,
    hostAffinity: 'old',
    allocations: [null, null, null, null],
    unallocated: [0, 1, 2, 3],
    attributes: [],
  });
  test.match(await store.get({ kind: 'IPAMBlock', name: '10-9-0-0-30' }), { spec: { affinity: 'host:old' } });
});

t.test('an affinity without a value, as very old clusters have them, is a confirmed one', async (test) => {
  const store = open(test);
  await etcdCall(server.endpoint, '/v3/kv/put', { key: base64('/calico/ipam/v2/host/old/ipv4/block/10.9.0.0-30') });
  const key = { kind: 'BlockAffinity', name: affinityName('old', '10.9.0.0/30') } as const;
  const found = await store.get(key);
  test.match(found, { spec: { node: 'old', cidr: '10.9.0.0/30', type: 'host' } });
  test.ok(found !== undefined && isConfirmed(found));
  const { items } = await store.list('BlockAffinity');
  test.ok(items.some(({ metadata }) => metadata.name === key.name));
});

t.test('a value that is not JSON is named, and does not end a watch', async (test) => {
  const store = open(test);
  const { revision } = await store.list('IPReservation');
  await rawPut('/calico/resources/v3/projectcalico.org/ipreservations/bad', undefined);
  await store.create(newResource('IPReservation', { name: 'good' }, {}));
  await test.rejects(store.get({ kind: 'IPReservation', name: 'bad' }), {
    code: 'CORRUPT',
    message: /ipreservations\/bad/,
  });
  for await (const event of store.watch('IPReservation', revision, AbortSignal.timeout(5000))) {
    test.match(event, { type: 'added', resource: { metadata: { name: 'good' } } });
    break;
  }
});

t.test('the key of every name that can be read is among its candidates', async (test) => {
  for (const [resource, key] of places) {
    test.equal(storedAt(resource), key);
    test.ok(candidates(keyOf(resource)).includes(key), key);
  }
});

function open(test: Test): EtcdStore {
  const store = new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint] });
  test.teardown(() => store.close());
  return store;
}

function names(listing: { readonly items: readonly ResourceOf<KindName>[] }): string[] {
  return listing.items.map((item) => item.metadata.name);
}

async function rawValue(key: string): Promise<string | undefined> {
  const answer = await etcdCall<{ kvs?: { value: string }[] }>(server.endpoint, '/v3/kv/range', { key: base64(key) });
  const value = answer.kvs?.[0]?.value;
  return value && Buffer.from(value, 'base64').toString();
}

async function rawPut(key: string, value: object | undefined): Promise<void> {
  const text = value === undefined ? 'not json' : JSON.stringify(value);
  await etcdCall(server.endpoint, '/v3/kv/put', { key: base64(key), value: base64(text) });
}
