import t from 'tap';
import { discoverEndpoints } from '../../../src/datastore/etcd/index.ts';

const noRecords = (name: string) => Promise.reject(new Error(`querySrv ENOTFOUND ${name}`));

t.test('members are tried in the order of their records, those with TLS first', async (test) => {
  const records = {
    '_etcd-client-ssl._tcp.example.org': [
      { name: 'later.example.org.', port: 2379, priority: 20, weight: 0 },
      { name: 'light.example.org', port: 2379, priority: 10, weight: 1 },
      { name: 'heavy.example.org', port: 2380, priority: 10, weight: 9 },
    ],
    '_etcd-client._tcp.example.org': [{ name: 'plain.example.org', port: 2379, priority: 0, weight: 0 }],
  };
  const resolve = async (name: string) => records[name as keyof typeof records];
  test.same(await discoverEndpoints('example.org', resolve), [
    'https://heavy.example.org:2380',
    'https://light.example.org:2379',
    'https://later.example.org:2379',
    'http://plain.example.org:2379',
  ]);
});

t.test('one kind of record is enough; with none the reasons are told', async (test) => {
  const plain = [{ name: 'a', port: 1, priority: 0, weight: 0 }];
  const resolve = (name: string) => (name.includes('ssl') ? noRecords(name) : Promise.resolve(plain));
  test.same(await discoverEndpoints('example.org', resolve), ['http://a:1']);
  await test.rejects(discoverEndpoints('example.org', noRecords), {
    code: 'UNAVAILABLE',
    message: /SRV records of example.org: _etcd-client-ssl._tcp: querySrv ENOTFOUND .*; _etcd-client._tcp/,
  });
});
