import type { Test } from 'tap';
import type { Lab, NodePlan } from '../../src/lab/index.ts';
import { cluster } from '../cluster/cluster.ts';
import { Containerd, makeKit } from './containerd.ts';
import { leftovers } from './leftovers.ts';

export interface RuntimeNode {
  readonly node: NodePlan;
  readonly containerd: Containerd;
}

/** A cluster whose nodes run containerd, and what the runtimes' pods may leave behind. */
export interface Runtimes {
  readonly lab: Lab;
  readonly nodes: readonly RuntimeNode[];
  /** What is left that no pod owns any more: interfaces, routes, namespaces, objects in the store. Empty is good. */
  left(): Promise<string[]>;
}

/** What the tuning plugin in the chain sets in each pod. */
export const SOMAXCONN = '321';

export function conflist({ socket }: NodePlan, calico: object = {}): object {
  return {
    cniVersion: '1.0.0',
    name: 'k8s-pod-network',
    plugins: [
      { type: 'calico', ipam: { type: 'calico-ipam' }, vrouter_socket: socket, ...calico },
      { type: 'bandwidth', capabilities: { bandwidth: true } },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
      { type: 'tuning', sysctl: { 'net.core.somaxconn': SOMAXCONN } },
    ],
  };
}

/** Removed with the test. `pods`: how many the lab has on each node, which no runtime knows. */
export async function runtimes(t: Test, count: number, pods = 0): Promise<Runtimes> {
  const kit = await makeKit(`${process.pid}`);
  t.teardown(() => kit.remove());
  const lab = await cluster(t, { nodes: count, pods });
  const nodes = lab.nodes.map((node) => ({
    node,
    containerd: Containerd.ofNode(kit, node.name, node.namespace, conflist(node)),
  }));
  t.teardown(async () => {
    for (const { containerd } of nodes) await containerd.remove();
  });
  await Promise.all(nodes.map(({ containerd }) => containerd.start()));
  return { lab, nodes, left: () => left(lab, nodes) };
}

async function left(lab: Lab, nodes: readonly RuntimeNode[]): Promise<string[]> {
  const found = await leftovers(lab);
  for (const { node, containerd } of nodes) {
    found.push(
      ...containerd.namespaces(),
      ...(await containerd.cri.sandboxes()).map((id) => `sandbox ${id} on ${node.name}`),
    );
  }
  return found;
}
