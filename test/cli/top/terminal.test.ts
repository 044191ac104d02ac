import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog } from '../../../src/base/index.ts';
import { runTopCommand } from '../../../src/cli/index.ts';
import { ControlServer, type Request } from '../../../src/control/index.ts';
import { beside } from '../beside-daemon.ts';
import { directory } from '../harness.ts';
import { terminal } from './terminal.ts';

t.setTimeout(0);

const STATUS = {
  ...{ nodename: 'n1', version: '0.1.0', pid: 1, startedAt: 0, ready: true, health: 'ok', problems: [] },
  datastore: { type: 'sqlite', inSync: true, lastEventAgeSeconds: 0 },
  blocks: [{ cidr: '10.244.0.0/26', state: 'confirmed', inUse: 1, size: 64 }],
  routes: { desired: 1, programmed: 1, failed: 0 },
};
const ANSWERS = {
  status: STATUS,
  'bgp.peers': { nodename: 'n1', peers: [] },
  endpoints: [
    {
      text: 'red/n1-k8s-web-eth0 cali1 10.244.0.2/32',
      ...{ wanted: true, present: true, why: 'endpoint red/n1-k8s-web-eth0' },
    },
  ],
};

t.test('without a terminal one look is printed', async (t) => {
  const text = await beside(t, runTopCommand, ['pods'], ANSWERS);
  t.match(text, {
    code: 0,
    stdout: /^Node n1: ok[\s\S]*\nPOD +INTERFACE +ADDRESSES +WANTED +PRESENT +WHY\nred\/web +cali1 /,
  });
  const json = await beside(t, runTopCommand, ['blocks', '-o', 'json'], ANSWERS);
  t.match(JSON.parse(json.stdout), { status: { nodename: 'n1' } });
  t.match(await beside(t, runTopCommand, [], undefined), { code: 3 });
  t.match(await beside(t, runTopCommand, ['nothing'], ANSWERS), { code: 2, stderr: /sessions/ });
});

/** The socket of a daemon that answers so. */
async function daemon(t: Test): Promise<string> {
  const socket = join(await directory(t, {}), 'd.sock');
  const answer = async ({ op }: Request): Promise<unknown> => ANSWERS[op as keyof typeof ANSWERS] ?? [];
  const server = await ControlServer.listen(socket, answer, silentLog);
  t.teardown(() => server.close());
  return socket;
}

t.test('in a terminal it shows the node, hears keys, and leaves the terminal as it was', async (t) => {
  const { press, sees, ended } = terminal(t, await daemon(t));
  const first = await sees('No sessions.');
  t.match(first, '\x1b[?1049h', 'a screen of its own');
  t.match(first, 'Node n1: ok');
  press('2');
  t.match(await sees('red/web'), '\x1b[7m');
  press('/nobody\r');
  await sees("No pods with 'nobody'.");
  press('?');
  await sees('/TEXT');
  press('x:bl\r');
  t.match(await sees('10.244.0.0/26'), /#?\.{19,20} 2%/);
  press('q');
  t.match(await sees('\x1b[?1049l'), '\x1b[?25h');
  t.equal(await ended, 0);
});

t.test('without colours nothing is told by colour', async (t) => {
  const { press, sees, ended } = terminal(t, await daemon(t), { NO_COLOR: '1' });
  const seen = await sees('No sessions.');
  for (const colour of ['1', '2', '31']) t.notMatch(seen, `\x1b[${colour}m`);
  press('\x03');
  t.equal(await ended, 0);
});
