import t from 'tap';
import { runBgp } from '../../src/cli/index.ts';
import { type Request, RequestRefused } from '../../src/control/index.ts';
import { askCluster as ask, type Daemon, type FakeNode, NOON } from './asked-cluster.ts';

const CLUSTER = ['--cluster'];
const others = (up: number, down: number): FakeNode => ({ sessions: [up, down] });

t.test('every node is asked by way of the datastore, and nothing of that is left there', async (t) => {
  const { code, stdout, left } = await ask(
    { n1: others(2, 0), n2: others(1, 1), n3: others(0, 2), n4: undefined },
    CLUSTER,
  );
  t.equal(code, 1);
  t.equal(
    stdout,
    `NODE   HEALTH     VERSION   SESSIONS   BLOCKS   PODS   PROBLEMS
n1     ok         0.1.0     2/2        1        0      0
n2     degraded   0.1.0     1/2        0        0      0
n3     down       0.1.0     0/2        0        0      0
n4     silent     -         -          0        0      -

Problems
  n4: no answer: see there whether its daemon runs and reaches the datastore: vrouter status
`,
  );
  t.equal(left, 0);
});

const STATUS = {
  nodename: 'n2',
  version: '0.2.0',
  pid: 1,
  startedAt: NOON,
  ready: true,
  problems: ['10.0.0.3 refuses: start it', 'pool p is full: add another'],
  told: [{ text: '10.0.0.3 refuses: start it', since: NOON - 60_000, times: 3 }],
  health: 'degraded',
  datastore: { type: 'etcd', inSync: true, lastEventAgeSeconds: 1 },
  blocks: [],
  routes: { desired: 0, programmed: 0, failed: 0 },
};

t.test('problems of each node are told, with since when and how often', async (t) => {
  const n2 = { sessions: [1, 0] as const, daemon: () => STATUS };
  const { code, stdout } = await ask({ n1: others(1, 0), n2 }, CLUSTER);
  t.equal(code, 1, 'though all its sessions are up');
  t.match(stdout, /^n2 +degraded +0\.2\.0 +1\/1 .* 2$/m);
  t.ok(
    stdout.endsWith(`
Problems
  n2: 10.0.0.3 refuses: start it (since 2026-01-02T11:59:00Z, 3 times in a day)
  n2: pool p is full: add another
`),
    stdout,
  );
  const json = await ask({ n2 }, [...CLUSTER, '-o', 'json']);
  t.match(JSON.parse(json.stdout), [{ node: 'n2', problems: [{ times: 3 }, { text: /pool p/ }] }]);
});

const ROUTE = {
  prefix: '10.244.0.0/26',
  paths: [
    {
      peer: '10.0.0.1',
      best: true,
      stale: false,
      nextHop: '10.0.0.1',
      localPref: 100,
      med: 0,
      origin: 'igp',
      asPath: [],
      communities: [],
      extendedCommunities: [],
      largeCommunities: [],
    },
  ],
  announcements: [],
  kernel: [{ text: '10.244.0.0/26 via 10.0.0.1', wanted: true, present: false, why: 'BGP: next hop 10.0.0.1' }],
};

t.test('a route is asked of each node, and each says why in its own part', async (t) => {
  const asked: Request[] = [];
  const daemon: Daemon = (request) => {
    asked.push(request);
    return ROUTE;
  };
  const refusing: Daemon = () => {
    throw new RequestRefused('PARSE', 'no prefix');
  };
  const nodes = {
    n1: { sessions: [1, 0] as const, daemon },
    n2: others(1, 0),
    n3: undefined,
    n4: { sessions: [1, 0] as const, daemon: refusing },
  };
  const words = ['route', '10.244.0.0/26', '--why', '--cluster'];
  const { code, stdout, left } = await ask(nodes, words, runBgp);
  t.same(asked, [{ op: 'bgp.route', prefix: '10.244.0.0/26' }]);
  t.equal(
    stdout,
    `n1:
  10.244.0.0/26, 1 path
  *> from 10.0.0.1, next hop 10.0.0.1
       AS path (empty), local preference 100, metric 0, origin igp
       chosen
  announced to: nobody
  kernel has not: 10.244.0.0/26 via 10.0.0.1 (BGP: next hop 10.0.0.1)
n2:
  its daemon does not answer such questions: it is not vRouter's, or older
n3:
  no answer: see there whether its daemon runs and reaches the datastore: vrouter status
n4:
  no prefix
`,
  );
  t.equal(code, 1);
  t.equal(left, 0);
  const json = await ask({ n1: { sessions: [1, 0], daemon }, n3: undefined }, [...words, '-o', 'json'], runBgp);
  t.match(JSON.parse(json.stdout), [
    { node: 'n1', route: { prefix: '10.244.0.0/26' } },
    { node: 'n3', problem: /no answer/ },
  ]);
  const well = await ask({ n1: { sessions: [1, 0], daemon } }, words, runBgp);
  t.equal(well.code, 0);
});

t.test('where all are well the exit code is 0, and there is JSON', async (t) => {
  const { code, stdout } = await ask({ n1: others(1, 0), n2: others(0, 0) }, [...CLUSTER, '-o', 'json']);
  t.equal(code, 0);
  t.match(JSON.parse(stdout), [
    { node: 'n1', health: 'ok', sessions: { up: 1, all: 1 }, blocks: 1 },
    { node: 'n2', health: 'ok', sessions: { up: 0, all: 0 } },
  ]);
});

t.test('what is asked wrong is told', async (t) => {
  t.match(await ask({}, [...CLUSTER, 'routes']), { code: 2, stderr: /not their routes/ });
  t.match(await ask({}, CLUSTER), { code: 0, stdout: 'The cluster has no nodes.\n' });
});
