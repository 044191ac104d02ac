import type { KubernetesNode } from './node.ts';

/** What a container is to containerd's CRI plugin: a pod's pause process, or one of its containers. */
export type Kind = { readonly kind: 'sandbox' } | { readonly kind: 'container'; readonly name: string };

/** The process that is the first of a pod's sandbox or container on the node, by containerd's own record. */
export async function pidOf(node: KubernetesNode, pod: string, of: Kind): Promise<number> {
  const ctr = (...words: readonly string[]): Promise<string> =>
    node.machine.run(['ctr', '-a', node.machine.path('containerd/sock'), '-n', 'k8s.io', ...words]);
  const labels = [`labels."io.kubernetes.pod.name"==${pod}`, `labels."io.cri-containerd.kind"==${of.kind}`];
  if (of.kind === 'container') labels.push(`labels."io.kubernetes.container.name"==${of.name}`);
  const ids = (await ctr('containers', 'list', '--quiet', labels.join(','))).split('\n').filter(Boolean);
  const tasks = (await ctr('tasks', 'list')).split('\n').map((line) => line.split(/\s+/));
  const running = tasks.find(([id, , state]) => ids.includes(id) && state === 'RUNNING');
  if (running === undefined) throw new Error(`${pod} has no running ${of.kind} on ${node.name}`);
  return Number(running[1]);
}
