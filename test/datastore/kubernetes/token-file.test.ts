import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Access } from '../../../src/datastore/kubernetes/access.ts';

t.test(
  'a token that is replaced in its file is used from the next request on; a lost file keeps the last',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'vrt-token-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const tokenFile = join(folder, 'token');
    const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
    const kubeconfigInline = JSON.stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1', 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user }],
    });
    const access = new Access({ type: 'kubernetes', kubeconfigInline });
    t.teardown(() => access.close());
    const used = async (): Promise<unknown> => (await access.options()).headers;
    await t.rejects(used(), /ENOENT/);
    writeFileSync(tokenFile, 'first\n');
    t.match(await used(), { Authorization: 'Bearer first' });
    writeFileSync(tokenFile, 'second');
    t.match(await used(), { Authorization: 'Bearer second' });
    rmSync(tokenFile);
    t.match(await used(), { Authorization: 'Bearer second' });
  },
);
