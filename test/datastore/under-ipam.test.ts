import t, { type Test } from 'tap';
import { formatAddress, systemClock } from '../../src/base/index.ts';
import { EtcdStore } from '../../src/datastore/etcd/index.ts';
import type { Store } from '../../src/datastore/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { Ipam } from '../../src/ipam/index.ts';
import { newResource } from '../../src/model/index.ts';
import { ApiServer } from '../fakes/api-server/index.ts';
import { EtcdServer } from './etcd/server.ts';

/** The distributed engines, each with clients of its own for every node. */
const engines: Readonly<Record<string, (test: Test) => Promise<() => Store>>> = {
  async etcd(test) {
    const server = await EtcdServer.start();
    test.teardown(() => server.stop());
    return () => new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint] });
  },
  async kubernetes(test) {
    const server = await ApiServer.start();
    test.teardown(() => server.stop());
    return () => new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  },
};

for (const [name, start] of Object.entries(engines)) {
  t.test(`${name}: nodes that contend for few blocks never give one address twice`, async (test) => {
    const open = await start(test);
    const stores: Store[] = [];
    const client = (): Store => {
      const store = open();
      stores.push(store);
      test.teardown(() => store.close());
      return store;
    };
    const first = client();
    await first.create(newResource('IPPool', { name: 'p' }, { cidr: '10.0.0.0/27', blockSize: 29 }));
    const taken = new Map<string, string>();
    const node = async (hostname: string): Promise<void> => {
      const ipam = new Ipam({ store: client(), clock: systemClock });
      const held: [string, string][] = [];
      for (let round = 0; round < 12; round++) {
        const handleId = `net.${hostname}-${round}`;
        const { v4 } = await ipam.autoAssign({ hostname, handleId, num4: 1, attributes: { node: hostname } });
        const address = v4?.addresses[0] && formatAddress(v4.addresses[0].address);
        if (address !== undefined) {
          test.equal(taken.get(address), undefined, `${address} is free for ${handleId}`);
          taken.set(address, handleId);
          held.push([address, handleId]);
        }
        if (held.length <= 5) continue;
        const [back, handle] = held.shift()!;
        taken.delete(back);
        await ipam.releaseByHandle(handle);
      }
    };
    await Promise.all(['a', 'b-1', 'c', 'd'].map(node));
    const blocks = (await first.list('IPAMBlock')).items;
    const inUse = blocks.flatMap(({ spec }) => spec.allocations.filter((index) => index !== null));
    test.equal(inUse.length, taken.size, 'the blocks hold just what is taken');
    const handles = (await first.list('IPAMHandle')).items;
    test.same(handles.map(({ spec }) => spec.handleID).sort(), [...taken.values()].sort());
    const confirmed = (await first.list('BlockAffinity')).items.filter(({ spec }) => spec.state === 'confirmed');
    test.equal(new Set(confirmed.map(({ spec }) => spec.cidr)).size, confirmed.length, 'no block has two owners');
  });
}
