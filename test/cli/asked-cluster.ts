import { runStatus } from '../../src/cli/index.ts';
import { answeredAnnotations, type Request } from '../../src/control/index.ts';
import { MemoryStore } from '../../src/datastore/index.ts';
import { Cluster, node } from './harness.ts';

export const NOON = Date.UTC(2026, 0, 2, 12);

type Sessions = readonly [up: number, down: number];
/** What the daemon of a node answers to the question that is asked by way of the datastore. */
export type Daemon = (request: Request) => unknown;

export interface FakeNode {
  readonly sessions: Sessions;
  readonly daemon?: Daemon;
}

/** Nodes that answer so; what isn't said stays silent. */
export async function askCluster(
  nodes: Readonly<Record<string, FakeNode | undefined>>,
  words: readonly string[],
  program: typeof runStatus = runStatus,
) {
  const cluster = new Cluster({}, NOON);
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
  const ran = program(words, {
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
      const { sessions, daemon } = nodes[String(asked.spec.node)] ?? {};
      if (sessions === undefined || asked.status !== undefined) continue;
      const agent = { birdV4: { state: 'Ready', version: '0.1.0' } };
      const bgp = { numberEstablishedV4: sessions[0], numberNotEstablishedV4: sessions[1], numberEstablishedV6: 0 };
      const question = asked.metadata.annotations ?? {};
      const answer = daemon === undefined ? {} : await answeredAnnotations(question, async (one) => daemon(one));
      const metadata = { ...asked.metadata, annotations: { ...question, ...answer } };
      await cluster.store.update({ ...asked, metadata, status: { agent, bgp } }).catch(() => undefined);
    }
    clock.advance(250);
  }
  const left = (await cluster.store.list('CalicoNodeStatus')).items.length;
  return { code: await ran, stdout: out.join(''), stderr: err.join(''), left };
}
