import * as z from 'zod';
import { cniResultSchema } from '../control/answers.ts';
import { inNamespace, run } from './command.ts';
import { LabError } from './errors.ts';
import { parseJson } from './json.ts';
import type { LabPlan, NodePlan, PodPlan } from './plan.ts';
import { nodeEnvironment, type Programs } from './program.ts';

/** A pod, and all that calling the CNI plugin for it takes. */
export interface PodCall {
  readonly lab: LabPlan;
  readonly node: NodePlan;
  readonly pod: PodPlan;
  readonly programs: Programs;
  /** Added to the network configuration, such as `{ ipam: { ipv4_pools: [...] } }`. */
  readonly network?: object;
}

const NETWORK = { cniVersion: '1.0.0', name: 'k8s-pod-network', type: 'calico' };

const refusal = z.object({ msg: z.string(), details: z.string().optional() });

/** The pod's addresses, without their prefix lengths. */
export interface PodAddresses {
  readonly address?: string;
  readonly address6?: string;
}

/** Asks the CNI plugin, as a runtime does, to wire the pod's namespace; resolves to what the pod has got. */
export async function wirePod(call: PodCall): Promise<PodAddresses> {
  const answer = await callPlugin('ADD', call);
  const result = cniResultSchema.safeParse(parseJson(answer));
  if (!result.success || result.data.ips.length === 0) {
    throw new LabError('COMMAND_FAILED', `the CNI plugin's answer for ${call.pod.name} has no address: ${answer}`);
  }
  const addresses = result.data.ips.map(({ address }) => address.split('/')[0]);
  const [address, address6] = [false, true].map((six) => addresses.find((one) => one.includes(':') === six));
  return { ...(address !== undefined && { address }), ...(address6 !== undefined && { address6 }) };
}

/** Asks the CNI plugin to release what the pod had. */
export async function unwirePod(call: PodCall): Promise<void> {
  await callPlugin('DEL', call);
}

function ipamOf({ dualStack }: LabPlan): object {
  return { type: 'calico-ipam', ...(dualStack && { assign_ipv4: 'true', assign_ipv6: 'true' }) };
}

async function callPlugin(command: 'ADD' | 'DEL', { lab, node, pod, programs, network }: PodCall): Promise<string> {
  const { code, stdout, stderr } = await run(inNamespace(node.namespace, programs.cni), {
    input: JSON.stringify({ ...NETWORK, ipam: ipamOf(lab), ...network }),
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
  if (code === 0) return stdout;
  const said = refusal.safeParse(parseJson(stdout));
  const why = said.success ? `${said.data.msg} ${said.data.details ?? ''}` : stderr || stdout || `exit code ${code}`;
  throw new LabError('COMMAND_FAILED', `CNI ${command} of ${pod.name}: ${why.trim()}`);
}
