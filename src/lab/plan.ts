import { formatAddress, parseAddress } from '../base/index.ts';
import { LabError } from './errors.ts';

/**
 * The parts of a lab, by name. Pure: nothing here makes anything. A dual-stack lab has IPv6 beside IPv4:
 * fd00:172:18::11 for 172.18.0.11.
 *
 *     vr-lab-fabric   br0 ── to-node1, to-node2 …          a switch for each subnet, 172.18.0.0/24 …, and, where
 *                     br1 ── …                             there are several, a router between them: 172.18.0.1 …
 *     vr-lab-node1    eth0 172.18.0.11/24, cali…           one per node, a daemon in each
 *     vr-lab-node1-p1 eth0                                 one per pod, made by the lab, wired by the CNI plugin
 */
export interface LabPlan {
  readonly name: string;
  readonly fabric: string;
  readonly directory: string;
  readonly datastore: string;
  /** Nodes take them in turn. */
  readonly subnets: number;
  /** Whether nodes and pods have IPv6 too. */
  readonly dualStack: boolean;
}

/** How large a lab is, and what it speaks. */
export interface LabShape {
  /** Subnets that the nodes take in turn, with a router between them; one by default. */
  readonly subnets?: number;
  /** IPv6 beside IPv4; not by default. */
  readonly dualStack?: boolean;
}

export interface NodePlan {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  /** In a dual-stack lab. */
  readonly address6?: string | undefined;
  /** Counted from 0. */
  readonly subnet: number;
  readonly socket: string;
  readonly log: string;
}

export interface PodPlan {
  readonly name: string;
  readonly node: string;
  readonly namespace: string;
  readonly containerId: string;
}

export const LAB_DIRECTORY = '/run/vrouter-lab';
const FIRST_HOST = 11;
export const MAX_NODES = 240;
export const MAX_SUBNETS = 16;

export function planLab(name: string, { subnets = 1, dualStack = false }: LabShape = {}): LabPlan {
  checkName('lab', name, 16);
  if (subnets < 1 || subnets > MAX_SUBNETS) throw new LabError('BAD_NAME', `a lab has 1 to ${MAX_SUBNETS} subnets`);
  const directory = `${LAB_DIRECTORY}/${name}`;
  return { name, fabric: `vr-${name}-fabric`, directory, datastore: `${directory}/datastore.db`, subnets, dualStack };
}

/** The `index`-th node of the lab, counted from 0. */
export function planNode(lab: LabPlan, index: number, name = `node${index + 1}`): NodePlan {
  checkName('node', name, 12);
  if (index >= MAX_NODES) throw new LabError('BAD_NAME', `a lab has at most ${MAX_NODES} nodes`);
  const subnet = index % lab.subnets;
  return {
    name,
    namespace: `vr-${lab.name}-${name}`,
    address: `172.18.${subnet}.${FIRST_HOST + index}/24`,
    ...(lab.dualStack && { address6: ipv6Address(subnet, FIRST_HOST + index) }),
    subnet,
    socket: `${lab.directory}/${name}.sock`,
    log: `${lab.directory}/${name}.log`,
  };
}

/** The `index`-th pod of the node, counted from 0. */
export function planPod(lab: LabPlan, node: NodePlan, index: number): PodPlan {
  const name = `${node.name}-p${index + 1}`;
  return { name, node: node.name, namespace: `${node.namespace}-p${index + 1}`, containerId: `${lab.name}-${name}` };
}

/** The switch of a subnet. */
export function fabricBridge(subnet: number): string {
  return `br${subnet}`;
}

/** The router's addresses in a subnet, one of each family that the lab speaks. */
export function routerAddresses(lab: LabPlan, subnet: number): readonly string[] {
  return [`172.18.${subnet}.1/24`, ...(lab.dualStack ? [ipv6Address(subnet, 1)] : [])];
}

/** The fabric's end of the node's link. */
export function fabricPort(node: NodePlan): string {
  return `to-${node.name}`;
}

/** The host's number is written as in IPv4: what is decimal there are hex digits here. */
function ipv6Address(subnet: number, host: number): string {
  return `${formatAddress(parseAddress(`fd00:172:18:${subnet}::${host}`))}/64`;
}

function checkName(what: string, name: string, longest: number): void {
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name) || name.length > longest) {
    throw new LabError('BAD_NAME', `${what} name '${name}': use 1 to ${longest} of a-z, 0-9 and '-' within`);
  }
}
