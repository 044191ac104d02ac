import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { SqliteStore } from '../../src/datastore/index.ts';
import { newResource } from '../../src/model/index.ts';
import { MAIN } from '../cluster/program.ts';

// Shells that start processes, on a machine that may be busy.
t.setTimeout(0);

type Program = 'vrouter' | 'calicoctl';
const PROGRAMS: readonly Program[] = ['vrouter', 'calicoctl'];

/** Both programs as commands in a folder, and a datastore with something to offer. */
const folder = mkdtempSync(join(tmpdir(), 'vrt-completion-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const database = join(folder, 'db');
const store = await SqliteStore.open({ path: database });
for (const [name, cidr] of [
  ['red', '10.1.0.0/16'],
  ['rose', '10.2.0.0/16'],
  ['blue', '10.3.0.0/16'],
]) {
  await store.create(newResource('IPPool', { name }, { cidr, blockSize: 26 }));
}
await store.create(newResource('Node', { name: 'worker-1' }, {}));
await store.close();
for (const program of PROGRAMS) {
  const path = join(folder, program);
  const own = program === 'calicoctl' ? 'calicoctl ' : '';
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' ${own}"$@"\n`);
  chmodSync(path, 0o755);
}
const env = {
  PATH: `${folder}:${process.env['PATH']}`,
  DATASTORE_TYPE: 'sqlite',
  SQLITE_PATH: database,
  HOME: folder,
  VROUTER_COMPLETION_TIMEOUT: '600',
};
const run = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] });
for (const program of PROGRAMS) {
  for (const shell of ['bash', 'zsh', 'fish']) {
    writeFileSync(join(folder, `${program}.${shell}`), run(join(folder, program), ['completion', shell]));
  }
}

/** What a shell offers for each of the lines that are being typed. */
const SHELLS: Readonly<Record<string, (program: Program, lines: readonly string[]) => readonly (readonly string[])[]>> =
  {
    bash: (program, all) =>
      asked(
        'bash',
        ['-c'],
        program,
        all.map((line) => bashAsks(program, broken(line))),
      ),
    zsh: (program, all) => {
      // As bashcompinit calls it, which leaves out by itself what does not begin like the last word.
      const before = 'autoload -U +X compinit; compinit -D 2>/dev/null';
      const ask = (line: string): string =>
        `() { emulate -L sh; setopt kshglob noshglob braceexpand; ${bashAsks(program, line.split(' '))}; }`;
      const said = asked('zsh', ['-f', '-c'], program, all.map(ask), before);
      return said.map((offers, at) => offers.filter((one) => one.startsWith(all[at].split(' ').at(-1) ?? '')));
    },
    fish: (program, all) => {
      const said = asked(
        'fish',
        ['-N', '-c'],
        program,
        all.map((line) => `complete -C '${line}'`),
      );
      return said.map((offers) => offers.map((one) => one.split('\t')[0]));
    },
  };

/** One process of a shell for all questions. */
function asked(shell: string, args: readonly string[], program: Program, asks: readonly string[], before = 'true') {
  const script = [before, `source ${folder}/${program}.${shell}`, ...asks.flatMap((ask) => [ask, "echo '====='"]), ''];
  return run(shell, [...args, script.join('\n')])
    .split('=====\n')
    .slice(0, -1)
    .map(lines);
}

function bashAsks(program: Program, words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  return `COMPREPLY=(); COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; __${program}_complete; printf '%s\\n' "\${COMPREPLY[@]}"`;
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((one) => one !== '');
}

/** Bash takes words apart at colons. */
function broken(line: string): readonly string[] {
  return line.split(' ').flatMap((word) => (word === '' ? [''] : word.split(/(:+)/).filter((part) => part !== '')));
}

const LINES: readonly (readonly [line: string, offers: readonly string[]])[] = [
  ['calicoctl da', ['datastore']],
  ['calicoctl datastore migr', ['migrate', 'migrate-policy-names']],
  ['calicoctl datastore migrate l', ['lock']],
  ['calicoctl get ippo', ['ippool']],
  ['calicoctl get ippool r', ['red', 'rose']],
  ['calicoctl get -o yaml ippool b', ['blue']],
  ['calicoctl get ippool red b', ['blue']],
  ['calicoctl get node w', ['worker-1']],
  ['calicoctl get nothing ', []],
  ['calicoctl -l info get --all-n', ['--all-namespaces']],
  ['calicoctl get nodes --outp', ['--output']],
  ['calicoctl completion z', ['zsh']],
  ['calicoctl ipam split --name r', ['red', 'rose']],
  ['vrouter sta', ['status']],
  ['vrouter bgp neigh', ['neighbor']],
  ['vrouter bgp neighbor 192.0.2.1 rec', ['received']],
  ['vrouter bgp neighbor ', []],
  ['vrouter status rou', ['routes']],
  ['vrouter status --output j', ['json']],
  ['vrouter calicoctl get ippool ro', ['rose']],
  ['vrouter datastore exp', ['export']],
  ['vrouter lab u', ['up']],
  ['vrouter daemon --che', ['--check']],
];

for (const [shell, offered] of Object.entries(SHELLS)) {
  t.test(`${shell} offers what may follow, and names of what there is`, async (t) => {
    for (const program of PROGRAMS) {
      // fish offers files where it knows of nothing else.
      const rows = LINES.filter(
        ([line, offers]) => line.startsWith(`${program} `) && (shell !== 'fish' || offers.length > 0),
      );
      const answers = offered(
        program,
        rows.map(([line]) => line),
      );
      t.equal(answers.length, rows.length);
      for (const [at, [line, offers]] of rows.entries()) t.same([...answers[at]].sort(), offers, line);
    }
  });
}

t.test('names with colons are completed from the last one, as bash wants it', async (t) => {
  const fake = mkdtempSync(join(tmpdir(), 'vrt-colons-'));
  t.teardown(() => rmSync(fake, { recursive: true }));
  writeFileSync(join(fake, 'vrouter'), '#!/bin/sh\nprintf "%s\\n" fd00::1 fd00::12 192.0.2.1\n', { mode: 0o755 });
  const ask = `PATH=${fake}:$PATH; source '${folder}/vrouter.bash'; COMP_WORDS=(vrouter bgp neighbor fd00 :: 1); COMP_CWORD=5; __vrouter_complete; printf '%s\\n' "\${COMPREPLY[@]}"`;
  t.same(lines(run('bash', ['-c', ask])), ['1', '12']);
});

t.test('live names say nothing where there is nothing to ask, and hidden commands are not offered', async (t) => {
  for (const what of ['peers', 'nothing', '', 'pods']) {
    t.equal(run(join(folder, 'vrouter'), ['__names', what]), '', what);
  }
  t.equal(run(join(folder, 'calicoctl'), ['__names', 'nodes']), 'worker-1\n');
  t.equal(run(join(folder, 'calicoctl'), ['__names', 'pools']), 'blue\nred\nrose\n');
  t.notOk(SHELLS['bash']('vrouter', ['vrouter '])[0].some((word) => word.startsWith('__')));
});
