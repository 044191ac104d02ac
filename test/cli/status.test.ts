import { join } from 'node:path';
import t from 'tap';
import { type Clock, silentLog, systemClock } from '../../src/base/index.ts';
import { runDrain, runResync, runStatus } from '../../src/cli/index.ts';
import { ControlServer, type Request } from '../../src/control/index.ts';
import { directory } from './harness.ts';

type Tap = Parameters<typeof directory>[0];

/** Whoever waits has waited long enough at once. */
const HASTY: Clock = { ...systemClock, after: (_, action) => systemClock.soon(action) };

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
    clock: HASTY,
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

t.test('egress addresses, with their gateways as fields for programs', async (t) => {
  const egress = [
    {
      text: 'from 10.99.0.0/24 as 192.0.2.7 gateway b subnet via 172.16.0.2 table 250',
      wanted: true,
      present: true,
      why: 'IPPool p: egressAddress',
      egress: { pool: 'p', cidr: '10.99.0.0/24', address: '192.0.2.7', gateway: 'b', way: 'subnet', table: 250 },
    },
  ];
  t.match(
    (await status(t, ['egress'], { egress })).stdout,
    /as 192\.0\.2\.7 gateway b subnet via .* yes +yes +IPPool p/,
  );
  t.same(JSON.parse((await status(t, ['egress', '-o', 'json'], { egress })).stdout), egress);
  t.equal((await status(t, ['egress'], { egress: [] })).stdout, 'No egress addresses.\n');
});

t.test('nothing to tell is said so', async (t) => {
  t.equal((await status(t, ['endpoints'], { endpoints: [] })).stdout, 'No endpoints.\n');
});

t.test('without an argument: how each part is doing, the sessions, and what is wrong since when', async (t) => {
  const [problem] = node.problems;
  const components = [
    { name: 'datastore', health: 'ok', detail: 'memory, in sync, last word 0 s ago' },
    { name: 'bgp', health: 'off', detail: 'no BGP on this node' },
  ];
  const told = [{ text: problem, since: Date.UTC(2026, 0, 2, 11), times: 3 }];
  const { code, stdout } = await status(t, [], { status: { ...node, health: 'degraded', components, told } });
  t.equal(code, 1);
  t.match(stdout, /^Node n1: degraded \(vRouter 0\.1\.0, process 1, up /);
  t.match(stdout, /\n {2}datastore +ok +memory, in sync, last word 0 s ago\n {2}bgp +off +no BGP on this node\n/);
  t.match(stdout, /\nProblems\n {2}tunnel tunl0: .* modprobe ipip \(since 2026-01-02T11:00:00Z, 3 times in a day\)\n/);
  const old = await status(t, [], { status: node });
  t.match(old, { code: 1, stdout: /^Node n1: degraded[\s\S]*modprobe ipip\n/ }, 'as an older daemon answers');
  const { code: wellCode, stdout: text } = await status(t, [], { status: { ...node, problems: [], health: 'ok' } });
  t.equal(wellCode, 0);
  t.match(text, /^Node n1: ok/);
});

t.test('--wait looks again until the node is well, or the time is up', async (t) => {
  const looks: unknown[] = [node, node, { ...node, problems: [] }];
  const answers = {
    get status() {
      return looks.length > 1 ? looks.shift() : looks[0];
    },
  };
  t.match(await status(t, ['--wait'], answers), { code: 0, stdout: /^Node n1: ok/ });
  t.equal(looks.length, 1);
  t.equal((await status(t, ['--wait', '--timeout', '0'], { status: node })).code, 1);
  for (const wrong of ['x', '-1', '', '99999999']) {
    t.match(await status(t, ['--wait', '--timeout', wrong], { status: node }), { code: 2, stderr: /timeout/ });
  }
});
t.test('wrong words are refused with the ones that there are', async (t) => {
  const { code, stderr } = await status(t, ['rotes'], {});
  t.equal(code, 2);
  t.match(stderr, /'rotes' is none of routes, tunnels, endpoints/);
  t.match(await status(t, ['routes'], { routes }, 1000), { code: 1, stderr: /super user/ });
});

t.test('a full look at the kernel on demand', async (t) => {
  t.match(await status(t, [], { resync: {} }, 0, runResync), { code: 0, stdout: /has been looked at/ });
  t.match(await status(t, [], { resync: {} }, 1000, runResync), { code: 1, stderr: /super user/ });
});

t.test('a drain says when the node may stop, and why it may not', async (t) => {
  const state = { draining: true, since: 0, peers: 2, told: true, safe: true };
  const drain = (answer: object, words: string[] = []) => status(t, words, { drain: answer }, 0, runDrain);
  t.match(await drain(state), { code: 0, stdout: /Telling 2 BGP peer[\s\S]*it is safe to stop the node/ });
  t.match(await drain({ ...state, peers: 0 }), { code: 0, stdout: /^No BGP peer is up/ });
  t.match(await drain(state, ['--undo']), { code: 0, stdout: /takes part again/ });
  const soon = ['--timeout', '0.01'];
  t.match(await drain({ ...state, safe: false }, soon), { code: 1, stdout: /have not had time enough/ });
  t.match(await drain({ ...state, told: false, safe: false }, soon), {
    code: 1,
    stdout: /Not every peer could be told/,
  });
  t.match(await drain({ ...state, draining: false, safe: false }, soon), { code: 1, stdout: /undone meanwhile/ });
  for (const wrong of ['x', '0', '-3'])
    t.match(await drain(state, ['--timeout', wrong]), { code: 2, stderr: /timeout/ });
  t.match(await status(t, [], {}, 1000, runDrain), { code: 1, stderr: /super user/ });
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
