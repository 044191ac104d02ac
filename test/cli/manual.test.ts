import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';
import { processIo } from '../../src/cli/io.ts';
import { manPages } from '../../src/cli/manual/index.ts';
import { program } from '../../src/cli/program.ts';
import { MAIN } from '../cluster/program.ts';

t.setTimeout(0);
const folder = mkdtempSync(join(tmpdir(), 'vrt-manual-'));
t.teardown(() => rmSync(folder, { recursive: true }));
execFileSync(process.execPath, [MAIN, '__documents', folder]);
const pages = globSync(join(folder, 'man/man[18]/*')).sort();

t.test('mandoc finds nothing wrong with any page', async (t) => {
  const { stdout, error } = spawnSync('mandoc', ['-Tlint', '-W', 'warning', ...pages], { encoding: 'utf8' });
  t.equal(error, undefined, 'mandoc runs');
  // The page of a build has no day of its own, so that the same source makes the same package.
  t.same(
    stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date')),
    [],
  );
});

t.test('every command that vrouter --help names has a page, and is completed with what it takes', async (t) => {
  const help = execFileSync(process.execPath, [MAIN, '--help'], { encoding: 'utf8' });
  const names = [...help.matchAll(/^ {2}([a-z-]+) {2,}/gm)].map(([, name]) => name);
  t.ok(names.length > 10);
  const files = pages.map((page) => basename(page));
  for (const name of names) {
    t.ok(files.includes(`vrouter-${name}.8`), name);
    // One that is known by its name alone lacks its line in src/cli/own-commands.ts.
    const isPlain = ['cni', 'install-cni', 'version'].includes(name);
    const text = readFileSync(join(folder, `man/man8/vrouter-${name}.8`), 'utf8');
    if (!isPlain) t.match(text, /^\.SH (OPTIONS|ARGUMENTS|COMMANDS)$/m, `${name} says what it takes`);
  }
});

t.test('nothing of a description is a request of troff', async (t) => {
  const root = program(processIo()).description('.so /etc/passwd. Takes a\\backslash and a-hyphen.');
  const [page] = manPages(root, { version: '1', section: 1 });
  t.match(page.text, '\\&.so /etc/passwd');
  t.match(page.text, 'a\\ebackslash and a\\-hyphen');
});
