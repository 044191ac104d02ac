import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type ConfigSources, type DatastoreConfig, readDatastoreConfig } from '../../src/datastore/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'vrt-config-'));
t.teardown(() => rmSync(folder, { recursive: true }));
let files = 0;
const file = (content: string): string => {
  const path = join(folder, `f${files++}`);
  writeFileSync(path, content);
  return path;
};
const none = join(folder, 'none');
const read = (sources: ConfigSources): Promise<DatastoreConfig> =>
  readDatastoreConfig({ env: {}, defaultFile: none, defaultSqlite: none, ...sources });
const config = (spec: string): string =>
  file(`apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nmetadata:\nspec:\n${spec}`);

t.test('the file of the documentation is read', async (test) => {
  const path = config('  datastoreType: "kubernetes"\n  kubeconfig: "/root/.kube/config"\n');
  test.match(await read({ file: path }), { type: 'kubernetes', kubeconfig: '/root/.kube/config' });
});

t.test('a file wins entirely; the environment counts only without one', async (test) => {
  const env = { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'http://e:2379', KUBECONFIG: '/env' };
  test.match(await read({ env }), { type: 'etcdv3', endpoints: ['http://e:2379'] });
  const path = config('  datastoreType: kubernetes\n');
  test.match(await read({ env, file: path }), { type: 'kubernetes', kubeconfig: undefined });
  test.match(await read({ env, defaultFile: path }), { type: 'kubernetes', kubeconfig: undefined });
});

t.test('names with CALICO_ before them count, and count more', async (test) => {
  const env = { CALICO_DATASTORE_TYPE: 'sqlite', DATASTORE_TYPE: 'kubernetes', SQLITE_PATH: '/plain' };
  test.same(await read({ env }), { type: 'sqlite', path: '/plain' });
  test.same(await read({ env: { ...env, CALICO_SQLITE_PATH: '/prefixed' } }), { type: 'sqlite', path: '/prefixed' });
});

t.test('nothing said: the embedded database if there is one, else Kubernetes', async (test) => {
  test.match(await read({}), { type: 'kubernetes' });
  const database = file('');
  test.same(await read({ defaultSqlite: database }), { type: 'sqlite', path: database });
  test.match(await read({ defaultSqlite: database, env: { KUBECONFIG: '/k' } }), {
    type: 'kubernetes',
    kubeconfig: '/k',
  });
});

t.test('etcd: several endpoints, certificates from files or in place', async (test) => {
  const env = {
    DATASTORE_TYPE: 'etcdv3',
    ETCD_ENDPOINTS: 'https://a:2379, https://b:2379',
    ETCD_KEY_FILE: file('the key'),
    ETCD_CERT: 'the cert',
    ETCD_USERNAME: 'u',
    ETCD_PASSWORD: 'p',
  };
  const { key, cert, endpoints, username, password } = (await read({ env })) as Extract<
    DatastoreConfig,
    { type: 'etcdv3' }
  >;
  test.same([key, cert, username, password], ['the key', 'the cert', 'u', 'p']);
  test.same(endpoints, ['https://a:2379', 'https://b:2379']);
});

t.test('etcd: a domain that names the endpoints', async (test) => {
  const env = { DATASTORE_TYPE: 'etcdv3', ETCD_DISCOVERY_SRV: 'example.org' };
  test.match(await read({ env }), { type: 'etcdv3', endpoints: [], discoverySrv: 'example.org' });
});

/** What is wrong, and what is said. */
const faults: readonly (readonly [ConfigSources, RegExp])[] = [
  [{ file: none }, /Error reading config file: .*none.*ENOENT/],
  [{ file: file('a: [') }, /Error reading config file/],
  [{ file: file('text') }, /invalid config file/],
  [{ file: file('apiVersion: v1\nkind: CalicoAPIConfig') }, /invalid config file: unknown APIVersion 'v1'/],
  [
    { file: file('apiVersion: projectcalico.org/v3\nkind: IPPool') },
    /invalid config file: expected kind 'CalicoAPIConfig', got 'IPPool'/,
  ],
  [{ file: config('  datastoreType: oracle\n') }, /spec.datastoreType: unknown datastore type 'oracle'.*sqlite/],
  [{ env: { DATASTORE_TYPE: 'oracle' } }, /DATASTORE_TYPE: unknown datastore type 'oracle'/],
  [{ env: { DATASTORE_TYPE: 'etcdv3' } }, /etcdEndpoints must name at least one/],
  [{ env: { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'a:2379' } }, /'a:2379' must be a URL/],
  [
    { env: { DATASTORE_TYPE: 'etcdv3', ETCD_DISCOVERY_SRV: 'x', ETCD_ENDPOINTS: 'https://a' } },
    /etcdDiscoverySrv and etcdEndpoints exclude each other/,
  ],
  [
    { env: { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'https://a', ETCD_CA_CERT_FILE: '/no/ca' } },
    /etcdCACertFile: ENOENT.*\/no\/ca/,
  ],
];

t.test('what is wrong is named', async (test) => {
  for (const [sources, message] of faults) await test.rejects(read(sources), { code: 'CONFIG', message });
});
