import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { buildProgram } from '../../deploy/plugin/program.ts';
import { mustRun, run } from '../../src/lab/command.ts';
import { cniPlugin, type Outcome } from '../contracts/cni-plugin.ts';

t.test('the plugin as a program of its own', async (t) => {
  const program = join(t.testdir(), 'calico');
  const lacking = await buildProgram(program);
  if (lacking !== undefined && !process.env['CI']) {
    t.comment(`it can't be built here without ${lacking}`);
    return;
  }
  t.equal(lacking, undefined);

  const call = async (env: Readonly<Record<string, string>>, input: string): Promise<Outcome> => {
    const { code, stdout } = await run([program], { env, input });
    return { code, printed: stdout === '' ? undefined : JSON.parse(stdout) };
  };
  cniPlugin(t as Test, call);

  await t.test('it needs nothing of the host: no library, no loader', async (t) => {
    t.ok(statSync(program).size < 4 * 1024 * 1024);
    const bare = await mustRun(['unshare', '--mount', 'sh', '-ec', bareRoot(program)], {
      input: '{"cniVersion":"1.0.0"}',
    });
    t.match(JSON.parse(bare), { cniVersion: '1.0.0' });
  });

  await t.test('a configuration that comes in pieces, and late, is read whole', async (t) => {
    const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'], env: { CNI_COMMAND: 'VERSION' } });
    let printed = '';
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    child.stdin.write('{"cniVersion":');
    await new Promise((resolve) => child.on('spawn', resolve));
    child.stdin.end('"1.0.0"}');
    await ended;
    t.match(JSON.parse(printed), { cniVersion: '1.0.0' });
  });

  await t.test('a terminal, or nothing, on its stdin is no configuration', async (t) => {
    const said = await mustRun(['sh', '-c', `CNI_COMMAND=VERSION ${program} < /dev/null`]);
    t.match(JSON.parse(said), { cniVersion: '1.1.0' });
    t.ok(existsSync(program));
  });
});

/** Runs the program with a file system in which there is nothing else. */
function bareRoot(program: string): string {
  return `mount -t tmpfs tmpfs /mnt && cp ${program} /mnt/calico && CNI_COMMAND=VERSION exec chroot /mnt /calico`;
}
