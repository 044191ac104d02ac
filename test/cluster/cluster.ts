import t, { type Test } from 'tap';
import { Lab, type LabOptions, type PodState, programsOf } from '../../src/lab/index.ts';
import { MAIN } from './program.ts';

export { needsRoot } from '../fakes/namespaces.ts';

// How long a cluster takes says how busy the machine is; the runner ends what makes no progress.
t.setTimeout(3_600_000);

/** Where Node keeps what it has compiled, if the runner has a place for that: of a daemon's start it is a good part. */
const { NODE_COMPILE_CACHE } = process.env;
const COMPILED = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };

let labs = 0;

export interface ClusterOptions extends Pick<LabOptions, 'subnets' | 'dualStack' | 'environment'> {
  readonly nodes?: number;
  readonly pods?: number;
}

/** A converged cluster that goes with the test. */
export async function cluster(
  t: Test,
  { nodes = 0, pods = 0, environment = {}, ...shape }: ClusterOptions,
): Promise<Lab> {
  const lab = await Lab.start({
    name: `t${process.pid}${labs++ === 0 ? '' : `-${labs}`}`,
    programs: programsOf(MAIN),
    ...shape,
    environment: { ...COMPILED, FELIX_LOGSEVERITYSCREEN: 'debug', ...environment },
  });
  t.teardown(() => lab.stop());
  await lab.addNodes(nodes);
  await lab.addPods(pods);
  await lab.untilConverged();
  return lab;
}

/** The blocks that the node holds. */
export async function blocksOf(lab: Lab, node: string): Promise<readonly string[]> {
  return (await lab.status(node)).blocks.map(({ cidr }) => cidr);
}

/** Whether the node's kernel has a route to the prefix. */
export async function hasRoute(lab: Lab, node: string, prefix: string): Promise<boolean> {
  return (await lab.routes(node, prefix.includes(':') ? 6 : 4)).some((line) => line.startsWith(`${prefix} `));
}

/** Waits until the node's kernel has a route to none of the prefixes. */
export async function untilNoRoute(
  lab: Lab,
  node: string,
  prefixes: readonly string[],
  timeout?: number,
): Promise<void> {
  const gone = async (): Promise<boolean> =>
    (await Promise.all(prefixes.map((prefix) => hasRoute(lab, node, prefix)))).every((present) => !present);
  await lab.until(`${node} to forget ${prefixes.join(', ')}`, gone, timeout);
}

/** Pods of the node. */
export function podsOf(lab: Lab, node: string): readonly PodState[] {
  return lab.pods.filter((pod) => pod.node === node);
}

/** Changes fields of a default pool, as an operator would. */
export async function patchPool(lab: Lab, spec: object, pool = 'default-ipv4-ippool'): Promise<void> {
  await patch(lab, 'ippool', pool, { spec });
}

/** Changes fields of a resource, as an operator would. */
export async function patch(lab: Lab, kind: string, name: string, fields: object): Promise<void> {
  const words = ['patch', kind, name, '--patch', JSON.stringify(fields)];
  const { code, stderr } = await lab.calicoctl('node1', words);
  if (code !== 0) throw new Error(stderr);
}

/** Stores a resource, as an operator would; `said`: annotations of ours. */
export async function put(
  lab: Lab,
  kind: string,
  name: string,
  spec: object,
  said: Readonly<Record<string, string>> = {},
): Promise<void> {
  const entries = Object.entries(said).map(([field, text]) => [`vrouter.projectcalico.org/${field}`, text]);
  const metadata = { name, ...(entries.length > 0 && { annotations: Object.fromEntries(entries) }) };
  const object = { apiVersion: 'projectcalico.org/v3', kind, metadata, spec };
  const { code, stderr } = await lab.calicoctl('node1', ['apply', '-f', '-'], JSON.stringify(object));
  if (code !== 0) throw new Error(stderr);
}

/** What `vrouter …` says on the node. */
export async function vrouter(lab: Lab, node: string, ...words: readonly string[]): Promise<string> {
  return (await lab.exec(node, [process.execPath, MAIN, ...words])).stdout;
}
