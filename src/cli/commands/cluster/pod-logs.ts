import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Io } from '../../io.ts';

export interface LogLimits {
  readonly since: string | undefined;
  /** Pods of one namespace whose logs are fetched. */
  readonly logs: number;
  readonly parallel: number;
  readonly focus: readonly string[];
}

/** Namespaces that Calico's and our own pods live in. */
const NAMESPACES = ['kube-system', 'calico-system', 'vrouter-system'];

interface Pod {
  readonly name: string;
  readonly node: string;
}

/** Logs of the pods, by kubectl, where there is one and it reaches a cluster. Bare machines have none: then a word. */
export async function podLogs(io: Io, directory: string, limits: LogLimits): Promise<void> {
  if ((await io.exec('kubectl', ['version', '--request-timeout=5s'])).code !== 0) {
    io.stdout('No Kubernetes cluster within reach of kubectl; skipping the logs of pods\n');
    return;
  }
  await mkdir(directory);
  for (const namespace of NAMESPACES) {
    const pods = await podsOf(io, namespace);
    const chosen = pods.toSorted((a, b) => rank(a, limits) - rank(b, limits)).slice(0, limits.logs);
    if (chosen.length > 0) io.stdout(`Collecting logs of ${chosen.length} pods in ${namespace}\n`);
    const waiting = [...chosen];
    const fetchAll = async (): Promise<void> => {
      for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift()) {
        const since = limits.since === undefined ? [] : [`--since=${limits.since}`];
        const { output } = await io.exec('kubectl', ['logs', '-n', namespace, pod.name, '--all-containers', ...since]);
        await writeFile(join(directory, `${namespace}-${pod.name}.log`), output);
      }
    };
    await Promise.all(Array.from({ length: Math.min(limits.parallel, chosen.length) }, fetchAll));
  }
}

async function podsOf(io: Io, namespace: string): Promise<readonly Pod[]> {
  const format = '{range .items[*]}{.metadata.name} {.spec.nodeName}{"\\n"}{end}';
  const { code, output } = await io.exec('kubectl', ['get', 'pods', '-n', namespace, '-o', `jsonpath=${format}`]);
  if (code !== 0) return [];
  const lines = output.split('\n').map((line) => line.trim().split(' '));
  const named = lines.map(([name, node = '']) => ({ name, node }));
  return named.filter(({ name }) => /^(calico|tigera|vrouter|kube-controllers)/.test(name));
}

/** Pods of the nodes in focus come first. */
function rank({ node }: Pod, { focus }: LogLimits): number {
  return focus.includes(node) ? 0 : 1;
}
