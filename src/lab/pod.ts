import { cniResultSchema } from '../control/index.ts';
import { inNamespace, mustRun } from './command.ts';
import { LabError } from './errors.ts';
import type { LabPlan, NodePlan, PodPlan } from './plan.ts';
import { nodeEnvironment, type Programs } from './program.ts';

const NETWORK = JSON.stringify({
  cniVersion: '1.0.0',
  name: 'k8s-pod-network',
  type: 'calico',
  ipam: { type: 'calico-ipam' },
});

/** Asks the CNI plugin, as a runtime does, to wire the pod's namespace; resolves to the pod's address. */
export async function wirePod(lab: LabPlan, node: NodePlan, pod: PodPlan, programs: Programs): Promise<string> {
  const answer = await callPlugin('ADD', lab, node, pod, programs);
  const result = cniResultSchema.safeParse(parseJson(answer));
  if (!result.success || result.data.ips.length === 0) {
    throw new LabError('COMMAND_FAILED', `the CNI plugin's answer for ${pod.name} has no address: ${answer}`);
  }
  return result.data.ips[0].address.split('/')[0];
}

/** Asks the CNI plugin to release what the pod had. */
export async function unwirePod(lab: LabPlan, node: NodePlan, pod: PodPlan, programs: Programs): Promise<void> {
  await callPlugin('DEL', lab, node, pod, programs);
}

function callPlugin(
  command: 'ADD' | 'DEL',
  lab: LabPlan,
  node: NodePlan,
  pod: PodPlan,
  programs: Programs,
): Promise<string> {
  return mustRun(inNamespace(node.namespace, programs.cni), {
    input: NETWORK,
    env: {
      PATH: process.env['PATH'],
      ...nodeEnvironment(lab, node),
      CNI_COMMAND: command,
      CNI_CONTAINERID: pod.containerId,
      CNI_NETNS: `/run/netns/${pod.namespace}`,
      CNI_IFNAME: 'eth0',
      CNI_PATH: programs.bin ?? '/opt/cni/bin',
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=lab;K8S_POD_NAME=${pod.name};K8S_POD_INFRA_CONTAINER_ID=${pod.containerId}`,
    },
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
