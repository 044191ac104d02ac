import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { makeFolder } from '../../src/base/folder.ts';

const root = mkdtempSync(join(tmpdir(), 'vrt-folder-'));
t.teardown(() => rmSync(root, { recursive: true }));

t.test('a folder is made with those above it, and one that is there is left as it is', async (t) => {
  const path = join(root, 'a/b/c');
  makeFolder(path, 0o700);
  for (const folder of [path, join(root, 'a/b'), join(root, 'a')]) t.equal(statSync(folder).mode & 0o777, 0o700);
  makeFolder(path, 0o755);
  t.equal(statSync(path).mode & 0o777, 0o700);
});

t.test('a link to a folder is one', async (t) => {
  symlinkSync(join(root, 'a'), join(root, 'link'));
  makeFolder(join(root, 'link/d'));
  t.ok(statSync(join(root, 'a/d')).isDirectory());
});

t.test('where there can be none the system says why, at once', async (t) => {
  writeFileSync(join(root, 'file'), '');
  symlinkSync(join(root, 'nothing'), join(root, 'astray'));
  t.throws(() => makeFolder('/proc/no/such/folder'), { code: 'ENOENT' });
  t.throws(() => makeFolder('/proc/self/fd/x/y'), { code: 'ENOENT' });
  t.throws(() => makeFolder(join(root, 'file/x')), { code: 'ENOTDIR' });
  t.throws(() => makeFolder(join(root, 'astray/x')), { code: 'ENOENT' });
});
