import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { MtuFile } from '../../src/daemon/mtu-file.ts';

t.test('the file holds the number alone, is replaced whole, and only when it differs', async (t) => {
  const folder = join(t.testdir(), 'calico');
  const path = join(folder, 'mtu');
  const file = new MtuFile(path, new VirtualClock(), silentLog);
  file.write(1450);
  t.equal(readFileSync(path, 'utf8'), '1450');
  const before = statSync(path).ino;
  file.write(1450);
  t.equal(statSync(path).ino, before);
  new MtuFile(path, new VirtualClock(), silentLog).write(1480);
  t.equal(readFileSync(path, 'utf8'), '1480');
  t.not(statSync(path).ino, before);
  t.same(readdirSync(folder), ['mtu']);
});

t.test('a file that can’t be written is no reason to stop; none is kept when it is called none', async (t) => {
  const folder = t.testdir();
  writeFileSync(join(folder, 'a-file'), '');
  t.doesNotThrow(() => new MtuFile(join(folder, 'a-file/mtu'), new VirtualClock(), silentLog).write(1450));
  new MtuFile('none', new VirtualClock(), silentLog).write(1450);
  t.same(readdirSync(folder), ['a-file']);
});

t.test('what could not be written is tried again until it can, told meanwhile, and leaves no draft', async (t) => {
  const folder = t.testdir();
  const place = join(folder, 'place');
  const clock = new VirtualClock();
  const file = new MtuFile(join(place, 'mtu'), clock, silentLog);
  writeFileSync(place, '');
  file.write(1450);
  clock.advance(60_000);
  t.match(file.problems(), [/the pods' MTU can't be written down: .*ENOTDIR.*tried again/]);
  rmSync(place);
  clock.advance(10_000);
  t.equal(readFileSync(join(place, 'mtu'), 'utf8'), '1450');
  t.same(file.problems(), []);
  t.same(readdirSync(place), ['mtu']);
});
