import { join } from 'node:path';
import t from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { runResync, runStatus } from '../../src/cli/index.ts';
import { ControlServer, type Request } from '../../src/control/index.ts';
import { directory } from './harness.ts';

type Tap = Parameters<typeof directory>[0];

/** `vrouter status`, or another such command, beside a daemon that answers this to each question. */
async function status(
  t: Tap,
  words: readonly string[],
  answers: Readonly<Record<string, unknown>>,
  uid = 0,
  command = runStatus,
) {
  const socket = join(await directory(t, {}), 'd.sock');
  const server = await ControlServer.listen(socket, async ({ op }: Request) => answers[op], silentLog);
  t.teardown(() => server.close());
  let [stdout, stderr] = ['', ''];
  const code = await command(words, {
    env: { VROUTER_SOCKET: socket },
    uid,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
  });
  return { code, stdout, stderr };
}

const routes = [
  { text: '10.244.1.0/26 via 10.244.1.0 dev vxlan.calico proto 80 onlink', wanted: true, present: true, why: 'tunnel' },
  { text: '10.9.0.0/26 proto 80\n\tnexthop via 1.1.1.1', wanted: true, present: false, why: 'no such device' },
];

const node = {
  nodename: 'n1',
  version: '0.1.0',
  pid: 1,
  startedAt: 0,
  ready: true,
  problems: ['tunnel tunl0: this kernel has no ipip devices; load the module with: modprobe ipip'],
  datastore: { type: 'memory', inSync: true, lastEventAgeSeconds: 0 },
  blocks: [],
  routes: { desired: 0, programmed: 0, failed: 0 },
};

t.test('each entry is a line: what, wanted, present, why', async (t) => {
  t.same(await status(t, ['routes'], { routes }), {
    code: 0,
    stdout: [
      'ENTRY                                                           WANTED   PRESENT   WHY',
      '10.244.1.0/26 via 10.244.1.0 dev vxlan.calico proto 80 onlink   yes      yes       tunnel',
      '10.9.0.0/26 proto 80 nexthop via 1.1.1.1                        yes      no        no such device',
      '',
    ].join('\n'),
    stderr: '',
  });
});

t.test('as JSON for programs', async (t) => {
  const { stdout, code } = await status(t, ['tunnels', '-o', 'json'], { tunnels: routes });
  t.equal(code, 0);
  t.same(JSON.parse(stdout), routes);
  t.same(JSON.parse((await status(t, ['-o', 'json'], { status: node })).stdout), node);
});

t.test('nothing to tell is said so', async (t) => {
  t.equal((await status(t, ['endpoints'], { endpoints: [] })).stdout, 'No endpoints.\n');
});

t.test('without an argument: the sessions as calicoctl shows them, and what is wrong', async (t) => {
  const { stdout } = await status(t, [], { status: node });
  t.match(stdout, /^Calico process is running\.\n/);
  t.match(stdout, /\nProblems\n {2}tunnel tunl0: .* modprobe ipip\n/);
});

t.test('wrong words are refused with the ones that there are', async (t) => {
  const { code, stderr } = await status(t, ['rotes'], {});
  t.equal(code, 2);
  t.match(stderr, /vrouter status rotes[\s\S]*routes, tunnels, endpoints/);
  t.match(await status(t, ['routes'], { routes }, 1000), { code: 1, stderr: /super user/ });
});

t.test('a full look at the kernel on demand', async (t) => {
  t.match(await status(t, [], { resync: {} }, 0, runResync), { code: 0, stdout: /has been looked at/ });
  t.match(await status(t, [], { resync: {} }, 1000, runResync), { code: 1, stderr: /super user/ });
});

t.test('what peers got wrong is told with how often and what came last', async (t) => {
  const peer = {
    family: 4,
    type: 'global',
    state: 'up',
    since: 0,
    info: 'Established',
    remoteAs: 65001,
    ...{ received: 0, accepted: 0, advertised: 0 },
  };
  const withdrawn = { count: 0, prefixes: [] };
  const last = { at: Date.UTC(2026, 0, 2), action: 'withdraw', reason: 'ORIGIN: undefined value 7' };
  const peers = [
    { ...peer, address: '10.0.0.2', malformed: { discard: 1, withdraw: 2, reset: 0, last, withdrawn } },
    { ...peer, address: '10.0.0.3', malformed: { discard: 0, withdraw: 0, reset: 0, withdrawn } },
  ];
  const bgp = { asn: 64512, routerId: '10.0.0.1', peers };
  const { stdout } = await status(t, [], { status: { ...node, bgp } });
  t.match(
    stdout,
    /\nMalformed UPDATEs\n {2}10\.0\.0\.2: 2 with routes taken for withdrawn, 1 dropped in part.*2026-01-02.*value 7\n\n/,
  );
  t.same(JSON.parse((await status(t, ['-o', 'json'], { status: { ...node, bgp } })).stdout), { ...node, bgp });
});
