import t from 'tap';
import { runBgp } from '../../src/cli/index.ts';
import { type Answers, beside } from './beside-daemon.ts';

const NOON = Date.UTC(2026, 0, 2, 12);
const up = {
  name: '10.0.0.2',
  address: '10.0.0.2',
  type: 'node-to-node mesh',
  description: 'n2',
  localAs: 64512,
  remoteAs: 64512,
  session: 'Established',
  since: NOON - 62_000,
  routerId: '10.0.0.2',
  holdTime: 90,
  families: ['ipv4-unicast'],
  capabilities: ['route-refresh'],
  messages: { received: 12, sent: 13, updatesReceived: 3, updatesSent: 4 },
  prefixes: { received: 5, accepted: 4, advertised: 2 },
  flaps: 3,
  history: [
    { at: NOON - 62_000, isUp: true, reason: '' },
    { at: NOON - 63_000, isUp: false, reason: 'Hold Timer Expired (sent)', times: 3 },
  ],
};
const down = { ...up, name: '10.0.0.3', address: '10.0.0.3', session: 'Active', reason: 'refused', history: [] };
const bgp = { asn: 64512, routerId: '10.0.0.1' };

const answers: Answers = { 'bgp.peers': { nodename: 'n1', bgp, peers: [up] } };

t.test('the summary has the columns of FRR, and says by its exit code whether all are up', async (t) => {
  const well = await beside(t, runBgp, ['summary'], answers, NOON);
  t.equal(well.code, 0);
  t.equal(
    well.stdout,
    `Node n1, AS 64512, router ID 10.0.0.1

NEIGHBOR   V    AS      MSGRCVD   MSGSENT   TBLVER   INQ   OUTQ   UP/DOWN    STATE/PFXRCD   PFXSNT   DESC
10.0.0.2   4    64512   12        13        0        0     0      00:01:02   5              2        node-to-node mesh n2
`,
  );
  const half = await beside(t, runBgp, ['summary'], { 'bgp.peers': { nodename: 'n1', bgp, peers: [up, down] } }, NOON);
  t.equal(half.code, 1);
  t.match(half.stdout, /10\.0\.0\.3 .* Active /);
  const none = await beside(t, runBgp, ['summary'], { 'bgp.peers': { nodename: 'n1', peers: [] } }, NOON);
  t.match(none, { code: 0, stdout: 'Node n1 speaks no BGP.\n' });
  const json = await beside(t, runBgp, ['summary', '-o', 'json'], answers, NOON);
  t.match(JSON.parse(json.stdout), { peers: [{ name: '10.0.0.2' }] });
});

t.test('a word that is neither a prefix nor an address is told as such', async (t) => {
  t.match(await beside(t, runBgp, ['route', 'zzz'], answers, NOON), {
    code: 2,
    stderr: "'zzz' is neither an address nor a prefix such as 10.0.0.0/16\n",
  });
});

t.test('a neighbour shows why its sessions ended, and how often', async (t) => {
  const { code, stdout } = await beside(t, runBgp, ['neighbor', '10.0.0.2'], answers, NOON);
  t.equal(code, 0);
  t.match(stdout, /Established for 00:01:02/);
  t.match(stdout, /11:58:57\.000Z down: Hold Timer Expired \(sent\) \(3rd time in a day\)/);
  t.match(await beside(t, runBgp, ['neighbor', '10.9.9.9'], answers, NOON), { code: 2, stderr: /vrouter bgp summary/ });
});

const path = {
  peer: '10.0.0.2',
  best: true,
  nextHop: '10.0.0.2',
  localPref: 100,
  asPath: [65001, 65002],
  origin: 'igp',
  med: 7,
  communities: ['64512:1'],
  extendedCommunities: [],
  largeCommunities: [],
  stale: false,
};

t.test('the routes of a neighbour are a table with why, the rest is counted', async (t) => {
  const routes = [
    { ...path, prefix: '192.168.1.0/26' },
    { ...path, prefix: '192.168.2.0/26', best: false, reason: 'filter f: no rule matches' },
  ];
  const words = ['neighbor', '10.0.0.2', 'received', '--limit', '2'];
  const { stdout, asked } = await beside(t, runBgp, words, { 'bgp.routes': { total: 5, routes } }, NOON);
  t.equal(
    stdout,
    `     NETWORK          NEXT HOP   METRIC   LOCPRF   PATH          WHY
*>   192.168.1.0/26   10.0.0.2   7        100      65001 65002
     192.168.2.0/26   10.0.0.2   7        100      65001 65002   filter f: no rule matches
and 3 more
`,
  );
  t.match(asked, [{ op: 'bgp.routes', peer: '10.0.0.2', selection: 'received', limit: 2 }]);
  const none = { 'bgp.routes': { total: 0, routes: [] } };
  t.match(await beside(t, runBgp, ['neighbor', 'p', 'filtered'], none, NOON), { stdout: 'No filtered routes.\n' });
});

t.test('a route says why: the path chosen, who was told, what the kernel has', async (t) => {
  const answer = {
    prefix: '192.168.1.0/26',
    paths: [path, { ...path, peer: '10.0.0.3', best: false, reason: 'lost on AS_PATH length' }],
    announcements: [
      { peer: '10.0.0.4', announced: true },
      { peer: '10.0.0.2', announced: false, reason: 'it came from this peer' },
    ],
    kernel: [{ text: '192.168.1.0/26 via 10.0.0.2', wanted: true, present: true, why: 'BGP' }],
  };
  const { code, stdout } = await beside(t, runBgp, ['route', '192.168.1.7', '--why'], { 'bgp.route': answer }, NOON);
  t.equal(code, 0);
  t.equal(
    stdout,
    `192.168.1.0/26, 2 paths
*> from 10.0.0.2, next hop 10.0.0.2
     AS path 65001 65002, local preference 100, metric 7, origin igp
     communities 64512:1
     chosen
   from 10.0.0.3, next hop 10.0.0.2
     AS path 65001 65002, local preference 100, metric 7, origin igp
     communities 64512:1
     not chosen: lost on AS_PATH length
announced to: 10.0.0.4
not announced to 10.0.0.2: it came from this peer
kernel has it: 192.168.1.0/26 via 10.0.0.2 (BGP)
`,
  );
  const kernel = [
    { text: '10.1.2.0/26 via 10.1.2.0  dev vxlan.calico', wanted: true, present: true, why: 'VXLAN: block of n2' },
  ];
  const byVxlan = { 'bgp.route': { prefix: '10.1.2.0/26', paths: [], announcements: [], kernel } };
  t.match(await beside(t, runBgp, ['route', '10.1.2.3'], byVxlan, NOON), {
    code: 0,
    stdout:
      '10.1.2.0/26, not by BGP: VXLAN: block of n2\nkernel has it: 10.1.2.0/26 via 10.1.2.0 dev vxlan.calico (VXLAN: block of n2)\n',
  });
  const nothing = { 'bgp.route': { paths: [], announcements: [], kernel: [] } };
  t.match(await beside(t, runBgp, ['route', '10.9.9.9'], nothing, NOON), { code: 1, stdout: /No path leads to/ });
});

t.test('what is not asked right, and a daemon that is away, have exit codes of their own', async (t) => {
  for (const words of [['neighbor'], ['neighbor', 'p', 'bogus'], ['summary', '-o', 'xml'], ['bogus']]) {
    t.equal((await beside(t, runBgp, words, answers, NOON)).code, 2, words.join(' '));
  }
  t.equal((await beside(t, runBgp, ['neighbor', 'p', 'received', '--limit', 'x'], answers, NOON)).code, 2);
  t.match(await beside(t, runBgp, ['summary'], undefined, NOON), { code: 3, stderr: /does not answer/ });
});
