import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { pathOfTests, readPrograms } from './programs.ts';

const programs = readPrograms();
const isDebian = existsSync('/var/lib/dpkg/status');
const onDebian = { skip: isDebian || process.env['CI'] ? false : 'this is not Debian' };

t.test('each line of the table names a program, its package and who needs it; no program is there twice', async (t) => {
  for (const line of programs) {
    t.match(
      line,
      { program: /^[\w./-]+$/, package: /^[a-z0-9][a-z0-9.+-]+$/, use: /^(lab|test|fresh|kubectl)$/ },
      line.program,
    );
  }
  t.equal(new Set(programs.map(({ program }) => program)).size, programs.length);
});

t.test('set-up has installed them', onDebian, async (t) => {
  const env = { PATH: pathOfTests() };
  for (const { program, use } of programs.filter(({ use }) => use !== 'fresh')) {
    const { status } = spawnSync('sh', ['-c', `command -v ${program} || test -e ${program}`], { env });
    t.equal(status, 0, `${program} (for ${use})`);
  }
});

t.test('a program that is not in the table is not found by a test', onDebian, async (t) => {
  const env = { PATH: pathOfTests() };
  const found = (name: string): boolean => spawnSync('sh', ['-c', `command -v ${name}`], { env }).status === 0;
  const known = new Set([...readdirSync('node_modules/.programs'), ...readdirSync('node_modules/.bin')]);
  const other = readdirSync('/usr/bin').filter((name) => /^[a-z0-9-]+$/.test(name) && !known.has(name));
  t.ok(other.length > 0);
  t.same(other.filter(found), []);
  for (const name of ['sh', 'cat', 'ip', 'nft', 'node']) t.ok(found(name), name);
  t.notOk(existsSync(join('node_modules/.programs', 'apt-get')), 'nothing is installed from within a test');
});
