import { join } from 'node:path';
import t from 'tap';
import { silentLog } from '../../src/base/index.ts';
import { ControlServer, type Request } from '../../src/control/index.ts';
import { KubernetesStore } from '../../src/datastore/kubernetes/index.ts';
import { ApiServer } from '../fakes/api-server/index.ts';
import { Cluster, directory, node, pool } from './harness.ts';

const policy = (spec: object = { selector: 'all()' }, name = 'shut') => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'red' },
  spec,
});
const text = (...objects: readonly object[]): string => objects.map((one) => JSON.stringify(one)).join('\n---\n');
const nobody = { VROUTER_SOCKET: '/nonexistent/socket', DATASTORE_TYPE: 'memory' };

/** All that the store holds. */
const stored = (cluster: Cluster) =>
  Promise.all(
    (['NetworkPolicy', 'IPPool', 'Node', 'Tier', 'ClusterInformation', 'BlockAffinity'] as const).map(
      async (kind) => (await cluster.store.list(kind)).items,
    ),
  );

const ROWS: readonly (readonly [line: string, stdin: string, said: string, code: number])[] = [
  [
    'create --dry-run=server -f -',
    text(pool('b', '10.2.0.0/16')),
    "Successfully created 1 'IPPool' resource(s) (server dry run)\n",
    0,
  ],
  [
    'create --dry-run=server -f -',
    text(pool('a', '10.1.0.0/16')),
    "failed to create 'IPPool' resource: [resource already exists: IPPool(a)]\n",
    1,
  ],
  ['create --dry-run=server -f -', text(pool('b', '10.1.0.0/20')), 'overlaps', 1],
  [
    'create --dry-run=server -f -',
    text(pool('b', '10.2.0.0/16'), pool('c', '10.2.0.0/20')),
    'Partial success: created the first 1 out of 2',
    1,
  ],
  [
    'create --dry-run=client -f -',
    text(pool('a', '10.1.0.0/16')),
    "Successfully created 1 'IPPool' resource(s) (dry run)\n",
    0,
  ],
  ['create --dry-run=client -f -', text(pool('b', 'nonsense')), 'nonsense', 1],
  [
    'apply --dry-run=server -f -',
    text(pool('a', '10.1.0.0/16', { natOutgoing: true })),
    "Successfully applied 1 'IPPool' resource(s) (server dry run)\n",
    0,
  ],
  ['apply --dry-run=server -f -', text(pool('a', '10.9.0.0/16')), 'IPPool CIDR cannot be modified', 1],
  [
    'apply --dry-run=server -f -',
    text({ ...policy({ tier: 'none' }), metadata: { name: 'none.a', namespace: 'red' } }),
    'none',
    1,
  ],
  ['replace --dry-run=server -f -', text(pool('b', '10.2.0.0/16')), 'resource does not exist: IPPool(b)', 1],
  [
    'replace --dry-run=server -f -',
    text(node('n1', { bgp: { ipv4Address: '192.0.2.7/24' } })),
    "Successfully replaced 1 'Node' resource(s) (server dry run)\n",
    0,
  ],
  ['delete --dry-run=server ippool a', '', "Successfully deleted 1 'IPPool' resource(s) (server dry run)\n", 0],
  ['delete --dry-run=server ippool b', '', 'resource does not exist: IPPool(b)', 1],
  ['delete --dry-run=client node n1', '', "Successfully deleted 1 'Node' resource(s) (dry run)\n", 0],
  [
    'patch ippool a --dry-run=server -p {"spec":{"disabled":true}}',
    '',
    "Successfully patched 1 'IPPool' resource (server dry run)\n",
    0,
  ],
  ['patch ippool a --dry-run=server -p {"spec":{"cidr":"10.9.0.0/16"}}', '', 'cannot be modified', 1],
  ['apply --dry-run=maybe -f -', text(pool('b', '10.2.0.0/16')), 'Allowed choices are none, client, server', 1],
];

for (const [line, stdin, said, code] of ROWS) {
  t.test(`${line}: ${said.trim()}`, async (t) => {
    const cluster = new Cluster({ env: nobody });
    await cluster.put(pool('a', '10.1.0.0/16'));
    await cluster.put(node('n1'));
    const before = await stored(cluster);
    const ran = await cluster.run(line, stdin);
    t.equal(ran.code, code);
    t.ok((ran.stdout + ran.stderr).includes(said), ran.stdout + ran.stderr);
    t.same(await stored(cluster), before, 'nothing is written');
  });
}

t.test('objects of one file may rest on one another', async (t) => {
  const tier = { apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 'own' }, spec: { order: 5 } };
  const cluster = new Cluster({ env: nobody });
  const ran = await cluster.run('apply --dry-run=server -f -', text(tier, policy({ tier: 'own' }, 'own.a')));
  t.match(ran, { code: 0, stdout: 'Successfully applied 2 resource(s) (server dry run)\n' });
  t.match(await cluster.run('apply --dry-run=none -f -', text(tier)), {
    stdout: "Successfully applied 1 'Tier' resource(s)\n",
  });
  t.ok(await cluster.store.get({ kind: 'Tier', name: 'own' }), 'none is no dry run');
});

t.test('policy is compared with live connections, where a daemon answers', async (t) => {
  const socket = join(await directory(t, {}), 'd.sock');
  const asked: Request[] = [];
  const word = { allowed: true, direction: 'ingress', decidedBy: 'no policy is asked' };
  const flow = {
    ...{ source: 'red/web (10.0.0.1)', destination: 'red/db (10.0.0.2)', protocol: 'tcp', destinationPort: 80 },
    ...{ before: word, after: { ...word, allowed: false, decidedBy: 'end of tier default' } },
  };
  const answer = async (request: Request): Promise<unknown> => {
    asked.push(request);
    return { flows: 7, changed: [flow], more: 2 };
  };
  const server = await ControlServer.listen(socket, answer, silentLog);
  t.teardown(() => server.close());
  const cluster = new Cluster({ env: { ...nobody, VROUTER_SOCKET: socket } });
  const ran = await cluster.run('apply --dry-run=server -f -', text(policy()));
  t.match(asked, [
    {
      op: 'policy.changes',
      changes: [{ kind: 'NetworkPolicy', name: 'shut', namespace: 'red', resource: { spec: { selector: 'all()' } } }],
    },
  ]);
  t.equal(
    ran.stdout,
    [
      "Successfully applied 1 'NetworkPolicy' resource(s) (server dry run)",
      'SOURCE               DESTINATION         PROTOCOL   BEFORE                                  AFTER',
      'red/web (10.0.0.1)   red/db (10.0.0.2)   tcp/80     allowed (ingress: no policy is asked)   denied (ingress: end of tier default)',
      "The verdict of 3 of 7 live connections of this node's pods would change",
      '',
    ].join('\n'),
  );
  await cluster.put(policy());
  await cluster.run('delete --dry-run=server networkpolicy shut -n red');
  t.match(asked[1], { changes: [{ kind: 'NetworkPolicy', namespace: 'red', resource: undefined }] });
  await cluster.run('apply --dry-run=client -f -', text(policy()));
  await cluster.run('apply --dry-run=server -f -', text(pool('b', '10.2.0.0/16')));
  t.equal(asked.length, 2, 'and the daemon is asked of nothing else');
});

t.test('without a daemon it is only checked, and that is said', async (t) => {
  t.match(await new Cluster({ env: nobody }).run('apply --dry-run=server -f -', text(policy())), {
    code: 0,
    stdout: "Successfully applied 1 'NetworkPolicy' resource(s) (server dry run)\n",
    stderr: /^Checked, but not against live connections: the vRouter daemon does not answer/,
  });
});

t.test('on Kubernetes the API server is asked too, which may have rules that nobody else knows', async (t) => {
  const server = await ApiServer.start();
  t.teardown(() => server.stop());
  const openStore = async () => new KubernetesStore({ type: 'kubernetes', apiEndpoint: server.url });
  const cluster = new Cluster({ env: { ...nobody, DATASTORE_TYPE: 'kubernetes' }, openStore });
  const before = server.objects.backup();
  t.match(await cluster.run('apply --dry-run=server -f -', text(pool('a', '10.1.0.0/16'))), {
    code: 0,
    stdout: "Successfully applied 1 'IPPool' resource(s) (server dry run)\n",
  });
  server.denies = ({ metadata: { name } }) => (name === 'b' ? 'pools are called a' : undefined);
  for (const verb of ['apply', 'create']) {
    const ran = await cluster.run(`${verb} --dry-run=server -f -`, text(pool('b', '10.1.0.0/16')));
    t.match(ran, { code: 1, stderr: /the API server finds IPPool\(b\) invalid: .* pools are called a/ });
  }
  t.same(server.objects.backup(), before, 'nothing is written');
});
