import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Cluster, directory } from './harness.ts';

/** What bash offers for a line that is being typed. */
async function offered(t: Test, line: string): Promise<readonly string[]> {
  const { stdout: script } = await new Cluster().run('completion bash');
  const path = await directory(t, { script });
  const words = line.split(' ');
  const ask = `source '${join(path, 'script')}'; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); __calicoctl_complete; echo "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', ask, 'bash', ...words], { encoding: 'utf8' })
    .trim()
    .split(' ');
}

const LINES: readonly (readonly [line: string, offers: readonly string[]])[] = [
  ['calicoctl da', ['datastore']],
  ['calicoctl datastore migr', ['migrate', 'migrate-policy-names']],
  ['calicoctl datastore migrate l', ['lock']],
  ['calicoctl get ippo', ['ippool']],
  ['calicoctl -l info get --all-n', ['--all-namespaces']],
  ['calicoctl get nodes --outp', ['--output']],
  ['calicoctl completion z', ['zsh']],
];

for (const [line, offers] of LINES) {
  t.test(line, async (t) => t.same(await offered(t, line), offers));
}

t.test('zsh goes by way of bash, fish has its own', async (t) => {
  t.match((await new Cluster().run('completion zsh')).stdout, /^autoload -U \+X bashcompinit/);
  const { stdout } = await new Cluster().run('completion fish');
  t.match(
    stdout,
    /^complete -c calicoctl -n '__fish_seen_subcommand_from ipam; and __fish_seen_subcommand_from show'/m,
  );
});
