import * as z from 'zod';
import type { Output } from '../../../src/lab/command.ts';
import type { RealCluster } from './cluster.ts';

const condition = z.object({ type: z.string(), status: z.string(), reason: z.string().optional() });

const podsSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        namespace: z.string(),
        uid: z.string(),
        deletionTimestamp: z.string().optional(),
      }),
      spec: z.object({ nodeName: z.string().default('') }),
      status: z.object({
        podIP: z.string().optional(),
        hostIP: z.string().optional(),
        conditions: z.array(condition).default([]),
        containerStatuses: z.array(z.object({ restartCount: z.int() })).default([]),
      }),
    }),
  ),
});

const nodesSchema = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string() }), status: z.object({ conditions: z.array(condition) }) }),
  ),
});

/** A pod as the API server tells of it. */
export interface SeenPod {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly node: string;
  readonly address: string | undefined;
  readonly isReady: boolean;
  readonly restarts: number;
}

/** The pods that a label selector names and that are not to be deleted. */
export async function podsOf(cluster: RealCluster, selector: string, namespace = 'default'): Promise<SeenPod[]> {
  const text = await cluster.kubectl('get', 'pods', '-n', namespace, '-l', selector, '-o', 'json');
  return podsSchema
    .parse(JSON.parse(text))
    .items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec, status }) => ({
      ...{ name: metadata.name, namespace: metadata.namespace, uid: metadata.uid, node: spec.nodeName },
      address: status.podIP,
      isReady: status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      restarts: status.containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
    }));
}

/** A node's condition as `STATUS REASON`. */
export async function conditionOf(cluster: RealCluster, node: string, type: string): Promise<string> {
  const { items } = nodesSchema.parse(JSON.parse(await cluster.kubectl('get', 'nodes', '-o', 'json')));
  const found = items
    .find(({ metadata }) => metadata.name === node)
    ?.status.conditions.find((one) => one.type === type);
  return found === undefined ? 'none' : `${found.status} ${found.reason}`;
}

/** Runs a command in the pod's first container, as `kubectl exec` does. */
export function exec(cluster: RealCluster, pod: SeenPod, ...words: readonly string[]): Promise<Output> {
  return cluster.control.tryKubectl(['exec', '-n', pod.namespace, pod.name, '--', ...words]);
}

/** What the web server at the address answers to the pod: the body, or nothing. Two seconds are waited. */
export async function fetch(cluster: RealCluster, from: SeenPod, address: string, port = 8080): Promise<string> {
  const ask = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${address} ${port}`;
  const { stdout } = await exec(cluster, from, 'sh', '-c', ask);
  return stdout.split('\r\n\r\n')[1]?.trim() ?? '';
}

/** Who of the pods does not reach whom, by their web servers' answers. Empty is good. */
export async function unreached(cluster: RealCluster, pods: readonly SeenPod[]): Promise<string[]> {
  const asks = pods.map(
    ({ address }) => `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${address ?? 'none'} 8080 2>/dev/null`,
  );
  const found: string[] = [];
  for (const from of pods) {
    // The last word of each answer, in a line of its own though there is none.
    const script = asks.map((ask) => `said=$(${ask}); echo "\${said##*[[:space:]]}"`).join('\n');
    const { stdout, stderr } = await exec(cluster, from, 'sh', '-c', script);
    const said = stdout.split('\n');
    for (const [at, to] of pods.entries()) {
      const words = said[at]?.trim() ?? '';
      if (words !== to.name)
        found.push(`${from.name} on ${from.node} to ${to.name} on ${to.node}: '${words}' ${stderr}`);
    }
  }
  return found;
}
