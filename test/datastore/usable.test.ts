import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type DatastoreConfig, openStore, refuseUnusable } from '../../src/datastore/index.ts';

/** A certificate that signs itself, and its key. */
function keyPair(test: Test): { readonly key: string; readonly cert: string } {
  const folder = test.testdir();
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const request = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-subj',
    '/CN=x',
  ];
  execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

const etcd = (parts: object): DatastoreConfig => ({ type: 'etcdv3', endpoints: ['https://127.0.0.1:2379'], ...parts });

t.test('keys and certificates of etcd that are none are refused by name, before anybody is asked', async (t) => {
  const { key, cert } = keyPair(t);
  await t.resolves(refuseUnusable(etcd({ key, cert, caCert: cert })));
  const wrong: readonly (readonly [parts: object, says: RegExp])[] = [
    [{ cert }, /etcdCert needs etcdKey/],
    [{ key }, /etcdKey needs etcdCert/],
    [{ key, cert: 'a certificate' }, /etcdCert: /],
    [{ key: 'a key', cert }, /etcdKey: /],
    [{ caCert: 'an authority' }, /etcdCACert: /],
    [{ key: keyPair(t).key, cert }, /etcdKey does not belong to etcdCert: /],
  ];
  for (const [parts, message] of wrong) {
    await t.rejects(refuseUnusable(etcd(parts)), { code: 'CONFIG', message });
    await t.rejects(openStore(etcd(parts)), { code: 'CONFIG', message });
  }
});

t.test('a kubeconfig that names no API server is refused, and an address that is no URL', async (t) => {
  const kubeconfig = join(t.testdir(), 'config');
  writeFileSync(kubeconfig, 'node1\n');
  await t.rejects(refuseUnusable({ type: 'kubernetes', kubeconfig }), { code: 'CONFIG' });
  await t.rejects(refuseUnusable({ type: 'kubernetes', kubeconfig: '/nowhere' }), {
    message: /there is no file \/nowhere/,
  });
  const message = /'10\.96\.0\.1:443' is no URL such as https/;
  await t.rejects(refuseUnusable({ type: 'kubernetes', apiEndpoint: '10.96.0.1:443' }), { code: 'CONFIG', message });
  await t.resolves(refuseUnusable({ type: 'kubernetes', apiEndpoint: 'http://10.96.0.1:8080' }));
  await t.resolves(refuseUnusable({ type: 'kubernetes' }), 'where it runs there may be one');
});
