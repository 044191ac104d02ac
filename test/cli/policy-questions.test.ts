import { join } from 'node:path';
import t from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { runDrops, runPolicy } from '../../src/cli/index.ts';
import { ControlServer, type Request, RequestRefused } from '../../src/control/index.ts';
import { directory } from './harness.ts';

type Tap = Parameters<typeof directory>[0];

/** A command beside a daemon that gives this answer, and what it was asked. */
async function ask(t: Tap, command: typeof runPolicy, words: readonly string[], answer: unknown, uid = 0) {
  const socket = join(await directory(t, {}), 'd.sock');
  const asked: Request[] = [];
  const server = await ControlServer.listen(
    socket,
    async (request) => {
      asked.push(request);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    silentLog,
  );
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
  return { code, stdout, stderr, asked };
}

const deciding = { index: 1, action: 'Allow' };
const verdict = {
  source: 'red/web (10.0.0.1)',
  destination: 'red/db (10.0.0.2)',
  protocol: 'tcp',
  sourcePort: 40_000,
  destinationPort: 5432,
  allowed: true,
  egress: { direction: 'egress', allowed: true, isHere: false, decidedBy: 'no policy is asked', asked: [] },
  ingress: {
    direction: 'ingress',
    allowed: true,
    endpoint: 'red/db',
    isHere: true,
    decidedBy: 'Allow rule 1 of NetworkPolicy red/db in tier default',
    tier: 'default',
    policy: 'NetworkPolicy red/db',
    rule: deciding,
    asked: [
      {
        tier: 'default',
        policy: 'NetworkPolicy red/db',
        rules: [{ index: 0, action: 'Allow', because: 'destination port 5432 is not 80' }, deciding],
      },
    ],
  },
  kernel: { agrees: true, words: 'it would accept it in pi-db' },
};
const allowed = { source: 'red/web', destination: 'red/db', allowed: true, verdicts: [verdict] };
const denied = {
  ...allowed,
  allowed: false,
  verdicts: [{ ...verdict, allowed: false, kernel: { words: 'it is away' } }],
};
const QUESTION = ['why', 'red/web', 'red/db', 'tcp/5432'];

t.test('why says what decides and what was passed; its exit code is the answer', async (t) => {
  const { code, stdout, asked } = await ask(t, runPolicy, QUESTION, allowed);
  t.equal(code, 0);
  t.same(asked, [{ op: 'policy.why', source: 'red/web', destination: 'red/db', carried: 'tcp/5432' }]);
  t.equal(
    stdout,
    [
      'ALLOWED  red/web (10.0.0.1) → red/db (10.0.0.2) tcp 5432',
      "  egress: nobody is asked, it is no pod's",
      '  ingress of red/db: allowed by Allow rule 1 of NetworkPolicy red/db in tier default',
      '    default: NetworkPolicy red/db',
      '      Allow rule 0: destination port 5432 is not 80',
      '      Allow rule 1: decides',
      '  kernel: agrees: it would accept it in pi-db',
      '',
    ].join('\n'),
  );
  const second = await ask(t, runPolicy, QUESTION, denied);
  t.match(second, { code: 1, stderr: '', stdout: /^DENIED [\s\S]*kernel: not asked: it is away\n$/ });
});

t.test('why says what becomes of it at the node itself', async (t) => {
  const nobody = { direction: 'egress', allowed: true, isHere: true, decidedBy: 'no policy is asked', asked: [] };
  const host = {
    ...{
      direction: 'ingress',
      allowed: false,
      endpoint: 'uplink',
      isHere: true,
      path: 'in',
      interface: 'eth0',
      hook: 'filter',
    },
    decidedBy: 'end of tier default, after GlobalNetworkPolicy own',
    asked: [{ tier: 'default', policy: 'GlobalNetworkPolicy own', rules: [] }],
  };
  const own = { ...denied, verdicts: [{ ...verdict, allowed: false, egress: nobody, ingress: nobody, host }] };
  const { stdout } = await ask(t, runPolicy, QUESTION, own);
  const lines = [
    '  host: to the node by eth0, host endpoint uplink (filter): denied by end of tier default, after GlobalNetworkPolicy own',
    '    default: GlobalNetworkPolicy own (no rules)',
    '  kernel: agrees',
  ];
  t.match(stdout, lines.join('\n'));
  const open = { ...nobody, direction: 'ingress', decidedBy: 'a failsafe', path: 'in', hook: 'failsafe' };
  const failsafe = { ...allowed, verdicts: [{ ...verdict, host: open }] };
  t.match((await ask(t, runPolicy, QUESTION, failsafe)).stdout, '  host: to the node: allowed by a failsafe\n');
});

t.test('why in JSON is the answer as it is', async (t) => {
  const { code, stdout } = await ask(t, runPolicy, [...QUESTION, '-o', 'json'], allowed);
  t.equal(code, 0);
  t.same(JSON.parse(stdout), allowed);
});

t.test('a question that can not be asked has a code of its own', async (t) => {
  const unknown = new RequestRefused('UNKNOWN_END', 'no pod, host or address is called "red/wep"; there is red/web');
  t.match(await ask(t, runPolicy, QUESTION, unknown), { code: 2, stderr: /there is red\/web/ });
  t.match(await ask(t, runPolicy, ['why', 'red/web'], allowed), { code: 2, stderr: /missing required argument/ });
  t.match(await ask(t, runPolicy, [...QUESTION, '--source-port', '0'], allowed), { code: 2, stderr: /source-port/ });
  t.match(await ask(t, runPolicy, QUESTION, { no: 'answer' }), { code: 3 });
  t.match(await ask(t, runPolicy, QUESTION, allowed, 1000), { code: 1, stderr: /super user/ });
});

/** `why --probe` beside a daemon whose drops count what is said, with a sender that prints one word. */
async function probed(
  t: Tap,
  verdicts: readonly { readonly allowed: boolean; readonly [more: string]: unknown }[],
  said: string,
  counted: readonly object[] = [],
  code = 0,
) {
  const socket = join(await directory(t, {}), 'd.sock');
  let looks = 0;
  const sent: (readonly string[])[] = [];
  const asked: Request[] = [];
  const answer = async (request: Request): Promise<unknown> => {
    asked.push(request);
    if (request.op !== 'drops.counted') return { ...allowed, allowed: verdicts.every((one) => one.allowed), verdicts };
    const isAfter = looks++ % 2 === 1;
    return DROPS.map((drop) => ({ ...drop, packets: isAfter && counted.includes(drop) ? 1 : 0, bytes: 0 }));
  };
  const server = await ControlServer.listen(socket, answer, silentLog);
  t.teardown(() => server.close());
  let stdout = '';
  let stderr = '';
  const exit = await runPolicy([...QUESTION, '--probe'], {
    env: { VROUTER_SOCKET: socket },
    uid: 0,
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
    exec: async (command, args) => {
      sent.push([command, ...args]);
      return { code, output: said };
    },
  });
  return { code: exit, stdout, stderr, sent, asked };
}

const place = (direction: string, more: object) => ({ direction, tier: 'default', family: 4, ...more });
const [RULE, END, OTHERS, SIX] = [
  place('ingress', {
    why: 'ingress of Deny rule 1 of NetworkPolicy red/db',
    policy: 'NetworkPolicy red/db',
    rule: '1',
  }),
  place('ingress', { why: 'ingress end of tier default' }),
  { why: 'invalid packet', family: 4 },
  place('ingress', { why: 'ingress end of tier default', family: 6 }),
] as const;
const DROPS = [RULE, END, OTHERS, SIX];
const origin = { at: 'pod', sourceAddress: '10.0.0.1', destinationAddress: '10.0.0.2', namespace: '/run/netns/web' };
const open = { ...verdict, origin };
const shut = { ...open, allowed: false, ingress: { ...verdict.ingress, allowed: false } };
const { rule: _rule, policy: _policy, ...byTier } = shut.ingress;
const shutAtEnd = { ...shut, ingress: byTier };
const shutElsewhere = { ...shut, ingress: { ...shut.ingress, isHere: false } };

t.test('a probe says what came back, and whether that is what policy says', async (t) => {
  const rows: readonly [
    what: string,
    verdict: Parameters<typeof probed>[1][0],
    said: string,
    counted: readonly object[],
    RegExp,
    code: number,
  ][] = [
    ['it is answered', open, 'connected', [], /probe: agrees: connected came back; it arrived, as/, 0],
    ['it is refused by who is there', open, 'refused', [], /agrees: refused/, 0],
    ['other drops do not matter to what arrives', open, 'connected', [OTHERS], /agrees/, 0],
    ['silence', open, 'nothing', [], /can not tell: nothing came back/, 0],
    ['it is dropped', open, 'nothing', [END], /CONTRADICTS: .*dropped here by ingress end of tier default/, 4],
    ['it is rejected', open, 'refused', [END], /CONTRADICTS/, 4],
    ['a drop of the other IP version is not about it', open, 'refused', [SIX], /agrees/, 0],
    ['the rule dropped it', shut, 'nothing', [RULE], /agrees: .*dropped by ingress of Deny rule 1 of NetworkPolicy/, 1],
    ['the rule rejected it', shut, 'refused', [RULE], /agrees/, 1],
    ['the rule among others', shut, 'nothing', [OTHERS, RULE], /agrees/, 1],
    ['the end of the tier', shutAtEnd, 'nothing', [END], /agrees/, 1],
    ['another than the rule', shut, 'nothing', [END], /CONTRADICTS: .*but by ingress end of tier default/, 4],
    ['another than the end', shutAtEnd, 'nothing', [RULE], /CONTRADICTS/, 4],
    ['it is let in', shut, 'connected', [], /CONTRADICTS: .*it arrived, and policy denies it/, 4],
    ['it is let in, and refused there', shut, 'refused', [], /CONTRADICTS/, 4],
    ['nothing here counted it', shut, 'nothing', [], /can not tell: .*something else drops it before/, 1],
    ['another node denies it', shutElsewhere, 'nothing', [], /can not tell: .*as when the other node drops it/, 1],
    ['another node lets it in', shutElsewhere, 'refused', [], /CONTRADICTS/, 4],
    ['the kernel does not even send it', shut, 'EPERM', [RULE], /agrees: EPERM/, 1],
  ];
  for (const [what, asked, said, counted, words, code] of rows) {
    const { stdout, code: exit } = await probed(t, [asked], said, counted);
    t.match(stdout, words, what);
    t.equal(exit, code, what);
  }
});

t.test('a probe is sent from the pod, by a port of its own', async (t) => {
  const { sent, asked } = await probed(t, [open], 'connected');
  const { sourcePort, probe } = asked[0] as { sourcePort: number; probe: boolean };
  t.equal(probe, true);
  t.ok(sourcePort >= 49_152 && sourcePort < 65_536);
  t.equal(sent.length, 1);
  t.same(sent[0].slice(0, 3), ['nsenter', '--net=/run/netns/web', '--']);
  t.same(sent[0].slice(6, 11), ['tcp', '10.0.0.1', '40000', '10.0.0.2', '5432'], 'as the verdict has it');
  const echo = {
    ...open,
    protocol: 'icmp',
    icmp: { type: 8, code: 0 },
    origin: { ...origin, at: 'node', namespace: undefined },
  };
  const ping = await probed(t, [echo], '1 packets transmitted, 1 received');
  t.same(ping.sent, [['ping', '-n', '-c1', '-W3', '-I', '10.0.0.1', '10.0.0.2']], 'the node needs no other namespace');
  t.match(ping, { code: 0, stdout: /agrees: answered/ });
  t.match((await probed(t, [echo], '0 received', [], 1)).stdout, /can not tell: nothing/);
});

t.test('a probe that can not be sent is no answer', async (t) => {
  const elsewhere = { ...open, origin: { ...origin, at: 'elsewhere', node: 'node2' } };
  const far = await probed(t, [elsewhere], '');
  t.match(far, { code: 2, sent: [] });
  t.match(far.stdout, /NOT SENT: .*ask on node node2: vrouter policy why red\/web red\/db tcp\/5432 --probe/);
  const hidden = { ...open, origin: { ...origin, namespace: undefined } };
  t.match(await probed(t, [hidden], ''), { code: 2, stdout: /namespace of red\/web .* was not found/ });
  t.match(await probed(t, [{ ...open, protocol: 'sctp' }], ''), { code: 2, stdout: /only tcp, udp and an echo/ });
  t.match(await probed(t, [verdict], ''), { code: 2, stdout: /NOT SENT: the daemon is of a version/ });
  t.match(await probed(t, [open], 'nsenter: not found', [], 127), { code: 2, stdout: /NOT SENT: .*util-linux/ });
  t.match(await probed(t, [open], 'Error: EMFILE', [], 1), { code: 2, stdout: /could not be sent: Error: EMFILE/ });
});

t.test('list shows all that a pod is asked, with what can decide nothing', async (t) => {
  const rules = [
    { index: 0, text: 'Allow tcp' },
    { index: 1, name: 'web', text: 'Allow tcp to port 80', shadowedBy: 'Allow rule 0 of NetworkPolicy red/db' },
    { index: 2, text: 'Deny from app == "x"', dead: 'source: nobody matches app == "x"' },
  ];
  const tier = {
    tier: 'default',
    order: 1_000_000,
    defaultAction: 'Deny',
    policies: [{ policy: 'NetworkPolicy red/db', rules }],
  };
  const directions = [
    { direction: 'ingress', tiers: [tier], profiles: [] },
    { direction: 'egress', tiers: [], profiles: [] },
  ];
  const answer = { pod: 'red/db', addresses: ['10.0.0.2'], directions };
  const { code, stdout, asked } = await ask(t, runPolicy, ['list', '--effective', 'red/db'], answer);
  t.equal(code, 0);
  t.same(asked, [{ op: 'policy.effective', pod: 'red/db' }]);
  t.equal(
    stdout,
    [
      'red/db (10.0.0.2)',
      'ingress',
      '  tier default (order 1000000)',
      '    NetworkPolicy red/db',
      '      0: Allow tcp',
      '      web: Allow tcp to port 80  [SHADOWED by Allow rule 0 of NetworkPolicy red/db]',
      '      2: Deny from app == "x"  [DEAD: source: nobody matches app == "x"]',
      '    at its end: Deny',
      'egress: nothing is asked',
      '',
    ].join('\n'),
  );
});

t.test('verify fails for a difference', async (t) => {
  const same = { endpoints: 2, packets: 90, disagreements: [], more: 0 };
  t.match(await ask(t, runPolicy, ['verify'], same), {
    code: 0,
    stdout: '2 pods, 90 packets, 0 that the kernel treats otherwise than policy says\n',
  });
  t.match(await ask(t, runPolicy, ['verify'], { ...same, hosts: 1 }), { stdout: /^2 pods, 1 interfaces with host/ });
  const other = { ...same, disagreements: ['a → b: the kernel accepts it'], more: 3 };
  t.match(await ask(t, runPolicy, ['verify'], other), {
    code: 1,
    stdout:
      'a → b: the kernel accepts it\nand 3 more\n2 pods, 90 packets, 4 that the kernel treats otherwise than policy says\n',
  });
});

t.test('drops are counted by name', async (t) => {
  const drops = [
    { why: 'ingress end of tier default', family: 4, packets: 3, bytes: 180 },
    { why: 'invalid packet', family: 6, packets: 0, bytes: 0 },
  ];
  const { code, stdout } = await ask(t, runDrops, [], drops);
  t.equal(code, 0);
  t.equal(
    stdout,
    ['PACKETS   BYTES   FAMILY   DROPPED BY', '3         180     IPv4     ingress end of tier default', ''].join('\n'),
  );
  t.match(await ask(t, runDrops, ['--all', '-o', 'json'], drops), { stdout: /"invalid packet"/ });
  t.match(await ask(t, runDrops, [], []), { stdout: 'Nothing has been dropped.\n' });
});

t.test('who follows sees each packet, until the daemon ends', async (t) => {
  const packets = [
    {
      at: 0,
      source: { address: '10.0.0.1', name: 'red/web', port: 40_000 },
      destination: { address: 'fd00::2', port: 443 },
      protocol: 'tcp',
      why: 'ingress end of tier default',
    },
  ];
  const socket = join(await directory(t, {}), 'd.sock');
  let count = 0;
  const answer = async (): Promise<unknown> => {
    if (count++ > 0) throw new RequestRefused('ENDED', 'the daemon ends');
    return { last: 1, missed: 2, packets };
  };
  const server = await ControlServer.listen(socket, answer, silentLog);
  t.teardown(() => server.close());
  let stdout = '';
  const io = { env: { VROUTER_SOCKET: socket }, uid: 0, stderr: () => {} };
  const code = await runDrops(['-f'], {
    ...io,
    stdout: (text) => {
      stdout += text;
    },
  });
  t.equal(code, 1);
  t.equal(
    stdout,
    '1970-01-01T00:00:00.000Z red/web (10.0.0.1:40000) → [fd00::2]:443 tcp: ingress end of tier default\n(2 more that came too fast)\n',
  );
});
