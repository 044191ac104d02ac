import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { TokenFile } from '../../../src/datastore/kubernetes/token-file.ts';

t.test(
  'a token that is replaced in its file is used from the next request on; a lost file keeps the last',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'vrt-token-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const tokenFile = join(folder, 'token');
    const user = { name: 'u', authProvider: { name: 'tokenFile', config: { tokenFile } } };
    const tokens = new TokenFile();
    const used = async (): Promise<unknown> => {
      const options = { headers: { Accept: 'application/json' } };
      await tokens.applyAuthentication(user, options);
      return options.headers;
    };
    t.ok(tokens.isAuthProvider(user));
    t.notOk(tokens.isAuthProvider({ name: 'u' }));
    await t.rejects(used(), /ENOENT/);
    writeFileSync(tokenFile, 'first\n');
    t.same(await used(), { Accept: 'application/json', Authorization: 'Bearer first' });
    writeFileSync(tokenFile, 'second');
    t.match(await used(), { Authorization: 'Bearer second' });
    rmSync(tokenFile);
    t.match(await used(), { Authorization: 'Bearer second' });
  },
);
