import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { MtuFile } from '../../src/daemon/mtu-file.ts';

t.test('the file holds the number alone, is replaced whole, and only when it differs', async (t) => {
  const folder = join(t.testdir(), 'calico');
  const path = join(folder, 'mtu');
  const file = new MtuFile(path, silentLog);
  file.write(1450);
  t.equal(readFileSync(path, 'utf8'), '1450');
  const before = statSync(path).ino;
  file.write(1450);
  t.equal(statSync(path).ino, before);
  new MtuFile(path, silentLog).write(1480);
  t.equal(readFileSync(path, 'utf8'), '1480');
  t.not(statSync(path).ino, before);
  t.same(readdirSync(folder), ['mtu']);
});

t.test('a file that can’t be written is no reason to stop; none is kept when it is called none', async (t) => {
  const folder = t.testdir();
  writeFileSync(join(folder, 'a-file'), '');
  t.doesNotThrow(() => new MtuFile(join(folder, 'a-file/mtu'), silentLog).write(1450));
  new MtuFile('none', silentLog).write(1450);
  t.same(readdirSync(folder), ['a-file']);
});
