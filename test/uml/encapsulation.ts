import type { Test } from 'tap';
import type { Lab, PodState } from '../../src/lab/index.ts';
import { cluster } from '../cluster/cluster.ts';

/** How a node sends to the blocks of the others, as ip(8) says it: straight to the node, or packed by a tunnel. */
export const DIRECT = /^via 172\.18\.\d\.1\d dev eth0 proto 80$/;
export const BY_VXLAN = /^via 10\.244\.\S+ dev vxlan\.calico proto 80 onlink$/;
export const TUNNELLED = /^via 172\.18\.\d\.1\d dev tunl0 proto 80 onlink$/;

/** One after another: a guest has one CPU, and reads the programs from the host the first time. */
export async function nodesWithPods(
  t: Test,
  nodes: number,
  ipip: string,
  options: { readonly subnets?: number } = {},
): Promise<Lab> {
  const lab = await cluster(t, { ...options, environment: { CALICO_IPV4POOL_IPIP: ipip } });
  for (let node = 0; node < nodes; node++) await lab.addNode();
  await lab.addPods(1);
  await lab.untilConverged();
  return lab;
}

export async function output(lab: Lab, node: string, command: string): Promise<string> {
  return (await lab.exec(node, command.split(' '))).stdout;
}

/** The node's way to each address: `via … dev …`, by the block that has it. */
export async function ways(lab: Lab, name: string): Promise<ReadonlyMap<string, string>> {
  const lines = (await lab.routes(name)).filter((line) => /^10\.244\.\S+ via /.test(line));
  return new Map(lines.map((line) => [line.split(' ')[0], line.replace(/^\S+ /, '')]));
}

/** Waits until all ways of all nodes are such. */
export async function untilAll(lab: Lab, way: RegExp): Promise<void> {
  for (const { name } of lab.nodes) {
    await lab.until(`${name} to have ways ${way}`, async () => {
      const all = [...(await ways(lab, name)).values()];
      return all.length === lab.nodes.length - 1 && all.every((one) => way.test(one));
    });
  }
}

/** Three echoes from a pod; resolves to ping's exit code. */
export async function ping(lab: Lab, from: PodState, to: PodState, ...options: string[]): Promise<number> {
  const command = ['nsenter', `--net=/run/netns/${from.namespace}`, '--', 'ping', '-n', '-c', '3', '-i', '0.2'];
  return (await lab.exec(from.node, [...command, ...options, `${to.address}`])).code;
}

/** What goes over the node's cable while one pod pings the other: the first packet with an echo request in it. */
export async function onTheWire(lab: Lab, node: string, from: PodState, to: PodState): Promise<string> {
  // Protocol 4 is IPIP; the pods' own packets have their addresses outside.
  const filter = `ip proto 4 or (icmp and host ${from.address})`;
  const captured = lab.exec(node, ['timeout', '20', 'tcpdump', '-n', '-l', '-i', 'eth0', '-c', '1', filter]);
  let line: string | undefined;
  void captured.then(({ stdout }) => {
    line = stdout;
  });
  return lab.until('a packet to be captured', async () => {
    await ping(lab, from, to);
    return line;
  });
}
