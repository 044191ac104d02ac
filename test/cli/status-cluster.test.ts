import t from 'tap';
import { runStatus } from '../../src/cli/index.ts';
import { MemoryStore } from '../../src/datastore/index.ts';
import { Cluster, node } from './harness.ts';

const CLUSTER = ['--cluster'];

/** Nodes that answer with so many sessions up and down; what isn't named stays silent. */
async function ask(nodes: Readonly<Record<string, readonly [number, number] | undefined>>, words: readonly string[]) {
  const cluster = new Cluster();
  const { clock, database } = cluster;
  for (const name of Object.keys(nodes)) await cluster.put(node(name));
  await cluster.put({
    apiVersion: 'projectcalico.org/v3',
    kind: 'BlockAffinity',
    metadata: { name: 'n1-10-0-0-0-26' },
    spec: { node: 'n1', cidr: '10.0.0.0/26', state: 'confirmed', type: 'host', deleted: 'false' },
  });
  const [out, err]: [string[], string[]] = [[], []];
  let running = true;
  const ran = runStatus(words, {
    stdout: (text) => out.push(text),
    stderr: (text) => err.push(text),
    env: { DATASTORE_TYPE: 'memory' },
    uid: 1000,
    cwd: '/',
    clock,
    openStore: async () => new MemoryStore({ database, clock }),
  }).finally(() => {
    running = false;
  });
  while (running) {
    await new Promise((resolve) => setImmediate(resolve));
    for (const asked of (await cluster.store.list('CalicoNodeStatus')).items) {
      const [up, down] = nodes[String(asked.spec.node)] ?? [];
      if (up === undefined || asked.status !== undefined) continue;
      const agent = { birdV4: { state: 'Ready', version: '0.1.0' } };
      const bgp = { numberEstablishedV4: up, numberNotEstablishedV4: down, numberEstablishedV6: 0 };
      await cluster.store.update({ ...asked, status: { agent, bgp } }).catch(() => undefined);
    }
    clock.advance(250);
  }
  const left = (await cluster.store.list('CalicoNodeStatus')).items.length;
  return { code: await ran, stdout: out.join(''), stderr: err.join(''), left };
}

t.test('every node is asked by way of the datastore, and nothing of that is left there', async (t) => {
  const { code, stdout, left } = await ask({ n1: [2, 0], n2: [1, 1], n3: [0, 2], n4: undefined }, CLUSTER);
  t.equal(code, 1);
  t.equal(
    stdout,
    `NODE   HEALTH     VERSION   SESSIONS   BLOCKS   PODS
n1     ok         0.1.0     2/2        1        0
n2     degraded   0.1.0     1/2        0        0
n3     down       0.1.0     0/2        0        0
n4     silent     -         -          0        0
`,
  );
  t.equal(left, 0);
});

t.test('where all are well the exit code is 0, and there is JSON', async (t) => {
  const { code, stdout } = await ask({ n1: [1, 0], n2: [0, 0] }, [...CLUSTER, '-o', 'json']);
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
