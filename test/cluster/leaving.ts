import { type ChildProcess, spawn } from 'node:child_process';
import type { Test } from 'tap';
import type { Lab, PodState } from '../../src/lab/index.ts';

/** Tells each who connects by which address it is seen, and says again what it is told. */
const SERVER = `require('node:net').createServer((one) => {
  one.on('error', () => {});
  one.write(one.remoteAddress.replace('::ffff:', '') + '\\n');
  one.pipe(one);
}).listen(8080, '::', () => console.log('listening'))`;
/** Says a line again and again, and what it hears. */
const CLIENT = `const one = require('node:net').connect(8080, process.argv[1]);
one.on('error', (error) => console.log(error.code));
setInterval(() => one.write('still here\\n'), 100);
one.pipe(process.stdout)`;

/** A connection of a pod to somebody outside. */
export interface Connected {
  text(): string;
  readonly process: ChildProcess;
}

/** Somebody outside, who says by which address he sees others. */
export async function startSeeing(lab: Lab, t: Test, namespace: string): Promise<void> {
  const server = within(t, namespace, SERVER);
  await lab.until('the server', async () => server.text().includes('listening'));
}

/** Connects again and again until the pod is seen by this address; that connection stays. */
export async function untilSeen(lab: Lab, t: Test, pod: PodState, outside: string, as: string): Promise<Connected> {
  let last: Connected | undefined;
  await lab.until(`${pod.name} to be seen as ${as}`, async () => {
    last?.process.kill('SIGKILL');
    const client = (last = within(t, pod.namespace, CLIENT, outside));
    await lab.until('an answer', async () => client.text().includes('\n'), 3000).catch(() => {});
    return client.text().startsWith(`${as}\n`);
  });
  return last!;
}

/** Waits until more is said and heard; throws when the connection has ended. */
export async function untilMore(lab: Lab, { text }: Connected): Promise<void> {
  const before = text().length;
  await lab.until('the connection to go on', async () => {
    if (/^E[A-Z]+$/m.test(text())) throw new Error(`it has ended: ${text().slice(-20)}`);
    return text().length > before + 60;
  });
}

function within(t: Test, namespace: string, script: string, ...words: readonly string[]): Connected {
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, '--', process.execPath, '-e', script, ...words]);
  let heard = '';
  child.stdout.on('data', (data) => {
    heard += data;
  });
  t.teardown(() => child.kill('SIGKILL'));
  return { text: () => heard, process: child };
}
