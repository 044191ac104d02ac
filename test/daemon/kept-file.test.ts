import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { KeptFile } from '../../src/daemon/kept-file.ts';

function mtuFile(path: string, clock = new VirtualClock()): KeptFile {
  return new KeptFile(path, "the pods' MTU can't be written down", clock, silentLog);
}

t.test('the file holds the text alone, is replaced whole, and only when it differs', async (t) => {
  const folder = join(t.testdir(), 'calico');
  const path = join(folder, 'mtu');
  const file = mtuFile(path);
  file.write('1450');
  t.equal(readFileSync(path, 'utf8'), '1450');
  const before = statSync(path).ino;
  file.write('1450');
  t.equal(statSync(path).ino, before);
  mtuFile(path).write('1480');
  t.equal(readFileSync(path, 'utf8'), '1480');
  t.not(statSync(path).ino, before);
  t.same(readdirSync(folder), ['mtu']);
});

t.test(
  'a file that can’t be written is no reason to stop; none is kept when it is called none or nothing',
  async (t) => {
    const folder = t.testdir();
    writeFileSync(join(folder, 'a-file'), '');
    t.doesNotThrow(() => mtuFile(join(folder, 'a-file/mtu')).write('1450'));
    for (const path of ['none', '']) mtuFile(path).write('1450');
    t.same(readdirSync(folder), ['a-file']);
  },
);

t.test('what could not be written is tried again until it can, told meanwhile, and leaves no draft', async (t) => {
  const folder = t.testdir();
  const place = join(folder, 'place');
  const clock = new VirtualClock();
  const file = mtuFile(join(place, 'mtu'), clock);
  writeFileSync(place, '');
  file.write('1450');
  clock.advance(60_000);
  t.match(file.problems(), [/the pods' MTU can't be written down: .*ENOTDIR.*tried again/]);
  rmSync(place);
  clock.advance(10_000);
  t.equal(readFileSync(join(place, 'mtu'), 'utf8'), '1450');
  t.same(file.problems(), []);
  t.same(readdirSync(place), ['mtu']);
});
