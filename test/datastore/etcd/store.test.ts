import t from 'tap';
import { systemClock } from '../../../src/base/index.ts';
import { EtcdStore } from '../../../src/datastore/etcd/index.ts';
import { pool, storeContract } from '../../contracts/store.ts';
import { base64, EtcdServer, etcdCall } from './server.ts';

const server = await EtcdServer.start();
t.teardown(() => server.stop());
const config = { type: 'etcdv3', endpoints: [server.endpoint] } as const;

storeContract(
  'etcd',
  async () => ({
    open: async () => new EtcdStore(config, systemClock),
    remove: async () => {
      await etcdCall(server.endpoint, '/v3/kv/deleterange', { key: base64('/'), range_end: base64('0') });
    },
  }),
  {
    async forget(backing) {
      const store = (await backing.open()) as EtcdStore;
      const { metadata } = await store.update(pool('one'));
      await store.history.forget(metadata.resourceVersion!);
      await store.close();
    },
  },
);
