import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { systemClock, VirtualClock } from '../../../src/base/index.ts';
import { EtcdStore } from '../../../src/datastore/etcd/index.ts';
import { DatastoreUnavailable } from '../../../src/datastore/index.ts';
import { names, pool } from '../../contracts/store.ts';
import { Followed } from '../followed.ts';
import { base64, EtcdServer, etcdCall, freePort } from './server.ts';

t.test('a member that is down is passed over', async (test) => {
  const server = await EtcdServer.start();
  test.teardown(() => server.stop());
  const dead = `http://127.0.0.1:${await freePort()}`;
  const store = new EtcdStore({ type: 'etcdv3', endpoints: [dead, server.endpoint] });
  test.teardown(() => store.close());
  await store.create(pool('one'));
  test.same(names((await store.list('IPPool')).items), ['one']);
});

t.test('with no member up every call says which were tried, and why in vain', async (test) => {
  const endpoints = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const store = new EtcdStore({ type: 'etcdv3', endpoints });
  test.teardown(() => store.close());
  const failure = { code: 'UNAVAILABLE', message: new RegExp(endpoints.join('.*ECONNREFUSED.*')) };
  await test.rejects(store.get({ kind: 'IPPool', name: 'one' }), failure);
  await test.rejects(store.create(pool('one')), failure);
  await test.rejects(async () => {
    for await (const _ of store.watch('IPPool', '1', new AbortController().signal)) test.fail('nothing can come');
  }, failure);
});

t.test('a syncer lives through the death of etcd and misses nothing', async (test) => {
  const server = await EtcdServer.start();
  test.teardown(() => server.stop());
  const store = new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint] });
  const followed = new Followed(test, store);
  followed.syncer.start();
  await followed.until(() => followed.status === 'in-sync');
  await store.create(pool('before'));
  await followed.until(() => followed.known.has('before'));
  await server.kill('SIGKILL');
  await followed.until(() => followed.status === 'wait');
  await server.run();
  const other = new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint] });
  test.teardown(() => other.close());
  await other.create(pool('after'));
  await followed.until(() => followed.known.has('after') && followed.status === 'in-sync');
  test.pass('it saw what was written after the restart');
});

t.test(
  'an etcd that was restored from a backup is listed again, though it has grown past what was known',
  async (test) => {
    const server = await EtcdServer.start();
    test.teardown(() => server.stop());
    const open = (): EtcdStore => new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint] });
    const followed = new Followed(test, open());
    const other = open();
    test.teardown(() => other.close());
    await other.create(pool('kept'));
    await server.kill('SIGTERM');
    await server.backup();
    await server.run();
    followed.syncer.start();
    await followed.until(() => followed.known.has('kept'));
    await other.create(pool('never'));
    await followed.until(() => followed.known.has('never'));
    await server.kill('SIGTERM');
    await followed.until(() => followed.status === 'wait');
    await server.restore();
    await server.run();
    await followed.until(() => !followed.known.has('never') && followed.status === 'in-sync');
    await other.create(pool('after'));
    await followed.until(() => followed.known.has('after'));
    test.same([...followed.known].sort(), ['after', 'kept']);
  },
);

t.test('user and password are used, and asked for again when the token is void', async (test) => {
  const server = await EtcdServer.start();
  test.teardown(() => server.stop());
  const call = (path: string, body: object): Promise<unknown> => etcdCall(server.endpoint, path, body);
  await call('/v3/auth/role/add', { name: 'root' });
  for (const name of ['root', 'calico']) await call('/v3/auth/user/add', { name, password: `${name}-secret` });
  await call('/v3/auth/user/grant', { user: 'root', role: 'root' });
  await call('/v3/auth/role/add', { name: 'calico' });
  const range = { key: base64('/calico/'), range_end: base64('/calico0') };
  await call('/v3/auth/role/grant', { name: 'calico', perm: { permType: 'READWRITE', ...range } });
  await call('/v3/auth/user/grant', { user: 'calico', role: 'calico' });
  await call('/v3/auth/enable', {});
  const open = (username?: string, password?: string): EtcdStore => {
    const store = new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint], username, password });
    test.teardown(() => store.close());
    return store;
  };
  const right = open('calico', 'calico-secret');
  await right.create(pool('one'));
  await test.rejects(open('calico', 'wrong').list('IPPool'), {
    code: 'UNAUTHORIZED',
    message: /connection is unauthorized/,
  });
  await test.rejects(open().list('IPPool'), { code: 'UNAUTHORIZED' });
  await server.kill('SIGKILL');
  await server.run();
  test.same(names((await right.list('IPPool')).items), ['one'], 'a restarted etcd knows no old token');
});

t.test('an etcd that says nothing to user and password is given up too', async (test) => {
  const server = await EtcdServer.start();
  test.teardown(() => server.stop());
  await server.kill('SIGSTOP');
  const clock = new VirtualClock();
  const config = { type: 'etcdv3', endpoints: [server.endpoint], username: 'calico', password: 'secret' } as const;
  const store = new EtcdStore(config, clock);
  test.teardown(() => store.close());
  let isOver = false;
  const asked = store.list('IPPool').finally(() => (isOver = true));
  asked.catch(() => {});
  while (!isOver) {
    clock.advance(1000);
    await setImmediate();
  }
  await test.rejects(asked, { code: 'UNAVAILABLE', message: /no answer in 5000 ms/ });
});

t.test('members that DNS names are asked for when they are needed, and again once all are down', async (test) => {
  const server = await EtcdServer.start();
  test.teardown(() => server.stop());
  const dead = `http://127.0.0.1:${await freePort()}`;
  const answers = [() => Promise.reject(new DatastoreUnavailable('no name server')), async () => [dead]];
  const asked: string[] = [];
  const discover = async (domain: string): Promise<readonly string[]> => {
    asked.push(domain);
    return (answers.shift() ?? (async () => [server.endpoint]))();
  };
  const config = { type: 'etcdv3', endpoints: [], discoverySrv: 'example.org' } as const;
  const store = new EtcdStore(config, systemClock, discover);
  test.teardown(() => store.close());
  test.same(asked, [], 'nobody is asked before');
  await test.rejects(store.list('IPPool'), { code: 'UNAVAILABLE', message: /no name server/ });
  await test.rejects(store.list('IPPool'), { code: 'UNAVAILABLE', message: /ECONNREFUSED/ });
  await store.create(pool('one'));
  test.same(names((await store.list('IPPool')).items), ['one']);
  test.same(asked, ['example.org', 'example.org', 'example.org']);
});

t.test('an etcd whose database is full can be read, and a write is for later', async (test) => {
  const server = await EtcdServer.start('http', ['--quota-backend-bytes', '1000000']);
  test.teardown(() => server.stop());
  const store = new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint] });
  test.teardown(() => store.close());
  await test.rejects(
    async () => {
      for (let at = 0; at < 100; at++) {
        await store.create({
          ...pool(`pool-${at}`),
          metadata: { name: `pool-${at}`, annotations: { large: 'x'.repeat(200_000) } },
        });
      }
    },
    { code: 'UNAVAILABLE', message: /takes no writes: .*database space exceeded.*etcdctl alarm disarm/ },
  );
  await test.resolves(store.list('IPPool'));
});

t.test('TLS with client certificates', async (test) => {
  const folder = mkdtempSync(join(tmpdir(), 'vrt-tls-'));
  test.teardown(() => rmSync(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);
  const openssl = (...words: string[]): unknown => execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  openssl('req', '-x509', ...key, '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.pem');
  for (const name of ['server', 'client']) {
    const usage = 'extendedKeyUsage=serverAuth,clientAuth';
    const extensions = ['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', usage];
    const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key'];
    openssl(
      'req',
      '-x509',
      ...key,
      ...signer,
      ...extensions,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
    );
  }
  const server = await EtcdServer.start('https', [
    ...['--cert-file', file('server.pem'), '--key-file', file('server.key')],
    ...['--client-cert-auth', '--trusted-ca-file', file('ca.pem')],
  ]);
  test.teardown(() => server.stop());
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  const open = (tls: { key?: string; cert?: string; caCert?: string }): EtcdStore => {
    const store = new EtcdStore({ type: 'etcdv3', endpoints: [server.endpoint], ...tls });
    test.teardown(() => store.close());
    return store;
  };
  const caCert = read('ca.pem');
  await open({ caCert, key: read('client.key'), cert: read('client.pem') }).create(pool('one'));
  await test.rejects(open({ caCert }).list('IPPool'), { code: 'UNAVAILABLE' }, 'without a client certificate');
  const stranger = open({ key: read('client.key'), cert: read('client.pem') });
  await test.rejects(stranger.list('IPPool'), { code: 'UNAVAILABLE', message: /certificate/ }, 'an unknown authority');
});
