import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog, VirtualClock } from '../../src/base/index.ts';
import { runFlows } from '../../src/cli/index.ts';
import { ControlServer, type FlowAnswer, type Request, RequestRefused } from '../../src/control/index.ts';
import { askCluster, type FakeNode, NOON } from './asked-cluster.ts';
import { directory } from './harness.ts';

const START = Date.UTC(2026, 10, 3, 14, 3, 5, 7);

const FLOW: FlowAnswer = {
  number: 1,
  settled: true,
  first: START,
  last: START,
  family: 4,
  protocol: 'tcp',
  source: { address: '10.0.0.1', name: 'red/web', port: 40_000 },
  destination: { address: '10.0.0.2', name: 'red/db', port: 5432 },
  verdict: 'FORWARDED',
  decisions: [
    { direction: 'egress', allowed: true, isHere: true, decidedBy: 'profile kns.red', rule: '0' },
    {
      direction: 'ingress',
      ...{ allowed: true, isHere: true, decidedBy: 'Allow rule 0 of NetworkPolicy red/db in tier default' },
      ...{ tier: 'default', policy: 'NetworkPolicy red/db', rule: '0' },
    },
  ],
  ...{ begun: 2, ended: 1, packets: 5, octets: 300, answeredPackets: 4, answeredOctets: 9000 },
};
const NONE = { begun: 0, ended: 0, packets: 0, octets: 0, answeredPackets: 0, answeredOctets: 0 };
const ICMP: FlowAnswer = {
  ...FLOW,
  ...{ ...NONE, number: 2, protocol: 'icmpv6', icmp: { type: 128, code: 0 }, verdict: 'DENIED', packets: 3 },
  source: { address: 'fd00::1' },
  destination: { address: 'fd00::2', name: 'red/db' },
  decisions: [
    { direction: 'ingress', allowed: false, isHere: true, decidedBy: 'ingress end of tier sec', tier: 'sec' },
  ],
};
const SERVED: FlowAnswer = {
  ...FLOW,
  ...{ ...NONE, number: 3, begun: 1 },
  source: { address: 'fd00::9', port: 1 },
  service: { address: 'fd00:96::1', port: 443 },
  decisions: [{ direction: 'ingress', allowed: true, isHere: true, decidedBy: 'a node reaches its own pods' }],
};

const ANSWER = { last: 3, settled: 2, missed: 0, lost: 0, problems: [], flows: [FLOW, ICMP, SERVED] };

/** The command beside a daemon that gives these answers and then ends. */
async function ask(t: Test, words: readonly string[], answers: readonly unknown[], uid = 0) {
  const socket = join(await directory(t, {}), 'd.sock');
  const asked: Request[] = [];
  const answer = async (request: Request): Promise<unknown> => {
    asked.push(request);
    const next = answers[asked.length - 1] ?? new RequestRefused('ENDED', 'the daemon ends');
    if (next instanceof Error) throw next;
    return next;
  };
  const server = await ControlServer.listen(socket, answer, silentLog);
  t.teardown(() => server.close());
  let [stdout, stderr] = ['', ''];
  const code = await runFlows(words, {
    ...{ env: { VROUTER_SOCKET: socket }, uid, clock: new VirtualClock(START) },
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
  });
  return { code, stdout, stderr, asked };
}

t.test('flows are lines as hubble writes them, with what was carried', async (t) => {
  const { code, stdout, stderr, asked } = await ask(t, [], [ANSWER]);
  t.equal(code, 0);
  t.equal(stderr, '');
  const [stamp] = /^\w{3} [ \d]\d \d\d:03:05\.007(?=: )/.exec(stdout) ?? ['no time'];
  t.same(
    stdout.split('\n').map((line) => line.replace(`${stamp}: `, '')),
    [
      'red/web:40000 -> red/db:5432 policy-verdict:default/NetworkPolicy:red/db:0 INGRESS FORWARDED (TCP; 2 begun, 1 ended, 5/4 packets, 300/9000 octets)',
      'fd00::1 -> red/db policy-verdict:sec/end-of-tier INGRESS DENIED (ICMPV6 type 128 code 0; 3 packets)',
      '[fd00::9]:1 -> red/db:5432 (service [fd00:96::1]:443) policy-verdict:a-node-reaches-its-own-pods INGRESS FORWARDED (TCP; 1 begun)',
      '',
    ],
  );
  t.match(asked, [{ op: 'flows', limit: 100 }]);
});

t.test('json is a line for each', async (t) => {
  const { stdout } = await ask(t, ['-o', 'json'], [ANSWER]);
  t.same(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [FLOW, ICMP, SERVED],
  );
});

t.test('what is asked for goes to the daemon', async (t) => {
  const words = ['--denied', '--pod', 'red/db', '--since', '5m', '--last', '7'];
  const { asked } = await ask(t, words, [{ ...ANSWER, flows: [] }]);
  t.match(asked, [{ op: 'flows', denied: true, pod: 'red/db', since: START - 300_000, limit: 7 }]);
});

t.test('who follows goes on from where it was, and hears of what was missed', async (t) => {
  const later = { ...ANSWER, last: 9, settled: 8, missed: 2, lost: 3, flows: [SERVED], problems: ['not counted'] };
  const first = { ...ANSWER, flows: [FLOW] };
  const { code, stdout, stderr, asked } = await ask(t, ['-f', '-o', 'json'], [first, later, { ...later, missed: 0 }]);
  t.equal(code, 1, 'the daemon has ended');
  t.equal(stdout.trim().split('\n').length, 3);
  t.match(asked, [
    { follow: true, after: undefined },
    { follow: true, after: 3, settled: 2 },
    { follow: true, after: 9, settled: 8 },
    { follow: true, after: 9 },
  ]);
  t.match(stderr, /^not counted\n\(5 more that came too fast\)\n(?!not counted)/);
});

t.test('with --since who follows begins with what is kept', async (t) => {
  const { asked } = await ask(t, ['-f', '--since', '1m'], [ANSWER]);
  t.match(asked[0], { follow: true, after: 0, settled: 0, since: START - 60_000 });
});

const WRONG: Readonly<Record<string, readonly string[]>> = {
  'no number': ['--last', 'many'],
  'none at all': ['--last', '0'],
  'too many': ['--last', '10001'],
  'no pod': ['--pod', 'db'],
  'no format': ['-o', 'xml'],
};

for (const [name, words] of Object.entries(WRONG)) {
  t.test(`a question with ${name} is refused`, async (t) => {
    const { code, stderr, asked } = await ask(t, words, []);
    t.same([code, asked], [2, []]);
    t.not(stderr, '');
  });
}

t.test('where no log is kept the answer says how to have one; nothing seen is said', async (t) => {
  const off = new RequestRefused('FLOWS_OFF', 'the flow log is off');
  t.match(await ask(t, [], [off]), { code: 1, stderr: /the flow log is off/ });
  t.match(await ask(t, [], [{ ...ANSWER, flows: [] }]), { code: 0, stdout: '', stderr: /No such flow/ });
  t.match(await ask(t, [], [ANSWER], 1000), { code: 1, stderr: /super user/ });
});

/** A node that has seen these, and answers as its daemon would. */
function keeping(flows: readonly FlowAnswer[], heard: Request[] = []): FakeNode {
  return {
    sessions: [1, 0],
    daemon: (request) => {
      heard.push(request);
      if (request.op !== 'flows') return undefined;
      return { ...ANSWER, flows: flows.slice(-request.limit), more: flows.length > request.limit };
    },
  };
}

t.test('the flows of all nodes are one list by time, each with its node; filters are asked of the nodes', async (t) => {
  const heard: Request[] = [];
  const nodes = {
    n1: keeping(
      [
        { ...FLOW, first: START },
        { ...ICMP, first: START + 2 },
      ],
      heard,
    ),
    n2: keeping([{ ...SERVED, first: START + 1 }]),
  };
  const { code, stdout, stderr, left } = await askCluster(
    nodes,
    ['--cluster', '--pod', 'red/db', '--since', '1h'],
    runFlows,
  );
  t.same([code, stderr, left], [0, '', 0]);
  t.same(stdout.match(/ \[n\d\]: \S+/g), [' [n1]: red/web:40000', ' [n2]: [fd00::9]:1', ' [n1]: fd00::1']);
  t.match(heard, [{ op: 'flows', pod: 'red/db', since: NOON - 3_600_000, limit: 100 }]);
  const json = await askCluster(nodes, ['--cluster', '--last', '2', '-o', 'json'], runFlows);
  const [first, second, ...rest] = json.stdout.trim().split('\n');
  t.match(JSON.parse(first), { node: 'n2', number: 3 });
  t.match(JSON.parse(second), { node: 'n1', number: 2, verdict: 'DENIED' });
  t.same(rest, [], 'the newest two of all');
});

t.test('nodes that keep no log or say nothing are named, together; so is who had more than has room', async (t) => {
  const off: FakeNode = {
    sessions: [1, 0],
    daemon: () => {
      throw new RequestRefused('FLOWS_OFF', 'the flow log is off');
    },
  };
  const long = { ...FLOW, decisions: [{ ...FLOW.decisions[0], decidedBy: 'x'.repeat(10_000) }] };
  const nodes = { n1: off, n2: off, n3: undefined, n4: keeping(new Array<FlowAnswer>(90).fill(long)) };
  const { code, stdout, stderr } = await askCluster(nodes, ['--cluster'], runFlows);
  t.equal(code, 1);
  t.equal(stdout.trim().split('\n').length, 12, 'a hundred were asked for: half, and half again, until they have room');
  t.match(stderr, /^n1, n2: the flow log is off\nn3: no answer.*\nn4: older ones may be there/);
});

t.test('all nodes are not followed', async (t) => {
  t.match(await askCluster({}, ['--cluster', '-f'], runFlows), { code: 2, stderr: /--follow is of one node/ });
});
