import { inNamespace, mustRun, run } from './command.ts';
import { fabricBridge, fabricPort, type LabPlan, type NodePlan, routerAddresses } from './plan.ts';

/** The lab's namespaces and links, made and removed with ip(8). */

export async function addNamespace(namespace: string): Promise<void> {
  await mustRun(['ip', 'netns', 'add', namespace]);
  await mustRun(['ip', '-n', namespace, 'link', 'set', 'lo', 'up']);
}

/** Makes a switch for each subnet; where there are several, the fabric's namespace is the router between them. */
export async function addFabric(lab: LabPlan): Promise<void> {
  await addNamespace(lab.fabric);
  for (let subnet = 0; subnet < lab.subnets; subnet++) {
    const bridge = fabricBridge(subnet);
    await batch(lab.fabric, [`link add ${bridge} type bridge forward_delay 0`, `link set ${bridge} up`]);
    if (lab.subnets > 1) await batch(lab.fabric, addressLines(routerAddresses(lab, subnet), bridge));
  }
  const forwarding = ['net.ipv4.ip_forward=1', ...(lab.dualStack ? ['net.ipv6.conf.all.forwarding=1'] : [])];
  if (lab.subnets > 1) await mustRun(inNamespace(lab.fabric, ['sysctl', '-qw', ...forwarding]));
}

/** Makes the node's namespace and plugs it into the fabric. */
export async function addNodeNetwork(lab: LabPlan, node: NodePlan): Promise<void> {
  await addNamespace(node.namespace);
  const port = fabricPort(node);
  await batch(lab.fabric, [
    `link add ${port} type veth peer name eth0 netns ${node.namespace}`,
    `link set ${port} master ${fabricBridge(node.subnet)} up`,
  ]);
  const addresses = [node.address, node.address6].filter((address) => address !== undefined);
  await batch(node.namespace, [...addressLines(addresses, 'eth0'), 'link set eth0 up']);
  if (lab.subnets === 1) return;
  const routers = routerAddresses(lab, node.subnet).map((address) => address.split('/')[0]);
  await batch(
    node.namespace,
    routers.map((router) => `route add default via ${router}`),
  );
}

/** Pulls the node's cable out of the fabric, or puts it back. */
export async function setCable(lab: LabPlan, node: NodePlan, up: boolean): Promise<void> {
  await batch(lab.fabric, [`link set ${fabricPort(node)} ${up ? 'up' : 'down'}`]);
}

/**
 * Ends every process in the namespaces, then removes them, and with them every link inside. They were made by the
 * lab, so all that is in them is the lab's. A namespace that was never made is no error.
 */
export async function removeNamespaces(namespaces: readonly string[]): Promise<void> {
  await Promise.all(
    namespaces.map(async (namespace) => {
      const pids = (await run(['ip', 'netns', 'pids', namespace])).stdout.split('\n').filter((line) => line !== '');
      for (const pid of pids) endProcess(Number(pid));
      await run(['ip', 'netns', 'delete', namespace]);
    }),
  );
}

/** Routes of the node as ip(8) prints them. */
export async function showRoutes(node: NodePlan, family: 4 | 6): Promise<readonly string[]> {
  const text = await mustRun(['ip', '-n', node.namespace, `-${family}`, 'route', 'show']);
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** Round-trip time in milliseconds of one echo from the namespace, or undefined. */
export async function ping(namespace: string, address: string): Promise<number | undefined> {
  const { code, stdout } = await run(inNamespace(namespace, ['ping', '-n', '-q', '-c', '1', '-W', '1', address]));
  const match = /= ([0-9.]+)\//.exec(stdout);
  return code === 0 && match !== null ? Number(match[1]) : undefined;
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** IPv6 addresses are used at once: in a lab nobody else has them. */
function addressLines(addresses: readonly string[], dev: string): readonly string[] {
  return addresses.map((address) => `addr add ${address} dev ${dev}${address.includes(':') ? ' nodad' : ''}`);
}

async function batch(namespace: string, lines: readonly string[]): Promise<void> {
  await mustRun(['ip', '-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
