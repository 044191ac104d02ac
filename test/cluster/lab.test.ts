import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import t from 'tap';
import { needsRoot } from './cluster.ts';
import { MAIN } from './program.ts';

const NAME = `c${process.pid}`;

function vrouter(...args: readonly string[]): {
  child: ReturnType<typeof spawn>;
  said: () => string;
  ended: Promise<number>;
} {
  const child = spawn(process.execPath, [MAIN, ...args]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  return { child, said: () => said, ended: once(child, 'close').then(([code, signal]) => signal ?? code) };
}

async function namespacesLeft(): Promise<string> {
  const { said, child } = { ...listing() };
  await once(child, 'close');
  return said()
    .split('\n')
    .filter((line) => line.includes(`vr-${NAME}-`))
    .join('\n');
}

function listing(): { child: ReturnType<typeof spawn>; said: () => string } {
  const child = spawn('ip', ['netns', 'list']);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  return { child, said: () => text };
}

t.test('lab up --exit reports, and leaves nothing', needsRoot, async (t) => {
  const up = vrouter('lab', 'up', '--name', NAME, '--nodes', '2', '--pods', '1', '--exit');
  t.equal(await up.ended, 0, up.said());
  t.match(up.said(), /All 2 paths between pods work\./);
  t.match(up.said(), /Calico process is running\./);
  t.equal(await namespacesLeft(), '');
  t.notOk(existsSync(`/run/vrouter-lab/${NAME}`));
});

t.test('lab up stays: exec and status work, and Ctrl-C removes everything', needsRoot, async (t) => {
  const up = vrouter('lab', 'up', '--name', NAME, '--nodes', '2', '--pods', '1');
  await heard(up, /stays until Ctrl-C/);
  const get = vrouter('lab', 'exec', '--name', NAME, 'node1', '--', 'sh', '-c', 'echo $NODENAME $DATASTORE_TYPE');
  t.equal(await get.ended, 0);
  t.equal(get.said(), 'node1 sqlite\n');
  const pod = vrouter('lab', 'exec', '--name', NAME, 'node1-p1', '--', 'ip', '-4', '-o', 'addr', 'show', 'eth0');
  t.equal(await pod.ended, 0);
  t.match(pod.said(), /inet 10\.244\./);
  const status = vrouter('lab', 'status', '--name', NAME);
  t.equal(await status.ended, 0);
  t.match(status.said(), /^node2 {2}172\.18\.0\.12\/24 {2}ready, 1 of 1 sessions up/m);
  const again = vrouter('lab', 'up', '--name', NAME);
  t.equal(await again.ended, 1);
  t.match(again.said(), /is up \(process \d+\)/);
  up.child.kill('SIGINT');
  t.equal(await up.ended, 0, up.said());
  t.equal(await namespacesLeft(), '');
});

t.test('a lab that was killed is removed by down, or by the next up', needsRoot, async (t) => {
  for (const [index, next] of [['down'], ['up', '--nodes', '1', '--pods', '0', '--exit']].entries()) {
    const up = vrouter('lab', 'up', '--name', NAME, '--nodes', '2', '--pods', '1');
    // Once it has stood, and once half-built.
    await heard(up, index === 0 ? /stays until Ctrl-C/ : /Adding 1 pod/);
    up.child.kill('SIGKILL');
    await up.ended;
    t.not(await namespacesLeft(), '');
    const [verb, ...rest] = next;
    const after = vrouter('lab', verb, '--name', NAME, ...rest);
    t.equal(await after.ended, 0, after.said());
    t.equal(await namespacesLeft(), '', verb);
    t.notOk(existsSync(`/run/vrouter-lab/${NAME}`));
  }
});

t.test('lab down ends a lab that another terminal keeps', needsRoot, async (t) => {
  const up = vrouter('lab', 'up', '--name', NAME, '--nodes', '1', '--pods', '1');
  await heard(up, /stays until Ctrl-C/);
  const down = vrouter('lab', 'down', '--name', NAME);
  t.equal(await down.ended, 0);
  t.equal(await up.ended, 0);
  t.equal(await namespacesLeft(), '');
});

t.test('what is wrong is said', async (t) => {
  const table: [string[], number, RegExp][] = [
    [['lab', 'up', '--nodes', '0'], 2, /use a whole number from 1 to 240/],
    [['lab', 'up', '--nodes', 'many'], 2, /use a whole number/],
    [['lab', 'up', '--subnets', '17'], 2, /use a whole number from 1 to 16/],
    [['lab', 'up', '--env', 'nonsense'], 2, /use NAME=VALUE/],
    [['lab', 'up', '--name', 'no/way'], 1, /lab name 'no\/way'/],
    [['lab', 'status', '--name', 'nobody'], 1, /there is no lab 'nobody'/],
    [['lab', 'sideways'], 2, /unknown command/],
    [['sideways'], 2, /unknown command 'sideways'/],
  ];
  for (const [args, code, words] of table) {
    const { ended, said } = vrouter(...args);
    t.equal(await ended, code, args.join(' '));
    t.match(said(), words);
  }
});

async function heard({ said, child, ended }: ReturnType<typeof vrouter>, words: RegExp): Promise<void> {
  let over = false;
  ended.then(() => (over = true));
  while (!words.test(said())) {
    if (over) throw new Error(`it ended before it said ${words}: ${said()}`);
    await Promise.race([once(child.stdout!, 'data'), once(child.stderr!, 'data'), ended]);
  }
}
