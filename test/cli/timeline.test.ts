import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { runTimeline } from '../../src/cli/index.ts';
import { ControlServer, type TimelineAnswer } from '../../src/control/index.ts';
import { askCluster, type FakeNode, NOON } from './asked-cluster.ts';
import { directory } from './harness.ts';

const ADDED = {
  ...{
    change: '4f2a9c1e',
    op: 'add' as const,
    pod: 'red/web',
    containerId: 'c1',
    begun: NOON,
    outcome: 'done' as const,
  },
  steps: [
    { what: 'received', at: 0, about: 'container c1' },
    { what: 'addresses', at: 12.3, about: '10.0.0.1/32' },
    { what: 'answered', at: 38.1 },
  ],
};
const ANSWER: TimelineAnswer = { node: 'n1', changes: [ADDED], addresses: ['10.0.0.1/32'], blocks: ['10.0.0.0/26'] };
const NOTHING: TimelineAnswer = { node: 'n2', changes: [], addresses: [], blocks: [] };

async function ask(t: Test, words: readonly string[], answer: TimelineAnswer, uid = 0) {
  const socket = join(await directory(t, {}), 'd.sock');
  const server = await ControlServer.listen(socket, async () => answer, silentLog);
  t.teardown(() => server.close());
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runTimeline(words, {
    ...{ env: { VROUTER_SOCKET: socket }, uid },
    stdout: (text) => out.push(text),
    stderr: (text) => err.push(text),
  });
  return { code, stdout: out.join(''), stderr: err.join('') };
}

t.test('each request is a block of steps with their times, then what the pod has', async (t) => {
  const failed = { ...ADDED, change: '00c0ffee', begun: NOON + 1000, outcome: 'failed' as const, error: 'no address' };
  const { code, stdout } = await ask(t, ['pod', 'red/web'], { ...ANSWER, changes: [ADDED, failed] });
  t.equal(code, 0);
  t.equal(
    stdout,
    `red/web on n1: added 2026-01-02T12:00:00.000Z, change 4f2a9c1e, 38.1 ms
      0.0 ms  received            container c1
     12.3 ms  addresses           10.0.0.1/32
     38.1 ms  answered

red/web on n1: added 2026-01-02T12:00:01.000Z, change 00c0ffee, failed
      0.0 ms  received            container c1
     12.3 ms  addresses           10.0.0.1/32
     38.1 ms  answered
  because: no address

red/web has 10.0.0.1/32 of block 10.0.0.0/26 on n1
`,
  );
});

t.test('as JSON; of a pod that nobody knows; and what can not be asked', async (t) => {
  const { stdout } = await ask(t, ['pod', 'red/web', '-o', 'json'], ANSWER);
  t.same(JSON.parse(stdout), { pod: 'red/web', nodes: [ANSWER], seen: [] });
  t.match(await ask(t, ['pod', 'red/db'], NOTHING), { code: 1, stdout: 'Nothing is known of red/db.\n' });
  t.match(await ask(t, ['pod', 'web'], ANSWER), { code: 2, stderr: /namespace\/name/ });
  t.match(await ask(t, ['pod', 'red/web'], ANSWER, 1000), { code: 1, stderr: /super user/ });
});

t.test('in a cluster: wherever the pod is, and whose kernel has the route to it', async (t) => {
  const other = (route: unknown): FakeNode => ({
    sessions: [1, 0],
    daemon: ({ op }) => (op === 'timeline' ? NOTHING : route),
  });
  const route = { text: '10.0.0.0/26  via 192.0.2.1 dev eth0', wanted: true, present: true, why: 'BGP' };
  const nodes = {
    n1: { sessions: [1, 0], daemon: () => ANSWER } as FakeNode,
    n2: other([{ ...route, since: NOON + 67 }]),
    n3: other([route]),
    n4: other([{ ...route, present: false }]),
    n5: undefined,
  };
  const { code, stdout, left } = await askCluster(nodes, ['pod', 'red/web', '--cluster'], runTimeline);
  t.same([code, left], [1, 0]);
  t.match(stdout, /^red\/web on n1: added/);
  const [, seen] = stdout.split(' on n1\n');
  t.same(seen.split('\n'), [
    '  n2: seen in its kernel: 10.0.0.0/26 via 192.0.2.1 dev eth0, since 2026-01-02T12:00:00.067Z (67 ms after the request)',
    '  n3: seen in its kernel: 10.0.0.0/26 via 192.0.2.1 dev eth0, from before',
    '  n4: NOT SEEN: its kernel has no route to it',
    '  n5: NOT SEEN: no answer: see there whether its daemon runs and reaches the datastore: vrouter status',
    '',
  ]);
  const { n4: _, n5: __, ...well } = nodes;
  t.match(await askCluster(well, ['pod', 'red/web', '--cluster'], runTimeline), { code: 0 });
});
