import { type Family, parsePrefix, prefixWords } from '../../base/index.ts';
import { isKernelError, type Kernel, KernelError, type Link, ROUTE_REPLACE } from '../../netlink/index.ts';
import { HOST_MAC, hostSysctls, type PodRoute, podAddress, podNeighbors, podRoutes, podSysctls } from './render.ts';

export interface PodInterfaceSpec {
  /** Host end, `cali…`. */
  readonly interfaceName: string;
  /** Path of the pod's network namespace. */
  readonly netns: string;
  /** Name inside the pod, usually `eth0`. */
  readonly ifName: string;
  /** `/32` and `/128` CIDRs. */
  readonly addresses: readonly string[];
  readonly mtu: number;
  readonly mac?: string;
  /** Whether the pod may route for others. */
  readonly forwarding: boolean;
  /** What the pod reaches through the node, as CIDRs. */
  readonly destinations: readonly string[];
  /** `namespace/pod`, kept as the interface's alias for people who run `ip link`. */
  readonly alias: string;
}

export interface PodInterface {
  /** The host end, as the kernel shows it. */
  readonly host: Link;
  readonly podMac: string;
  readonly mtu: number;
}

/**
 * Makes a pod's interface: a veth whose far end is born in the pod's namespace, its addresses and routes there, and
 * the host end's sysctls. What a former attempt left under the same name is removed first, so it may be called again.
 */
export async function createPodInterface(kernel: Kernel, spec: PodInterfaceSpec): Promise<PodInterface> {
  const families = [...new Set(spec.addresses.map((cidr) => parsePrefix(cidr).family))];
  await removeHostEnd(kernel, spec.interfaceName);
  const pod = await kernel.inNamespace(spec.netns);
  try {
    await kernel.linkAdd({
      kind: 'veth',
      name: spec.interfaceName,
      mac: HOST_MAC,
      mtu: spec.mtu,
      peerName: spec.ifName,
      peerNamespace: spec.netns,
      ...(spec.mac !== undefined && { peerMac: spec.mac }),
    });
    for (const [name, value] of hostSysctls(spec.interfaceName, families.includes(6)))
      await sysctl(kernel, name, value);
    await kernel.linkSet(spec.interfaceName, { up: true, alias: spec.alias });
    const host = await findLink(kernel, spec.interfaceName);
    return { ...(await configurePod(pod, spec, families, host.mac ?? HOST_MAC)), host };
  } catch (error) {
    await removeHostEnd(kernel, spec.interfaceName);
    throw error;
  } finally {
    pod.close();
  }
}

/** Removes the host end, and with it the pod's: done also when there is none. */
export async function removeHostEnd(kernel: Kernel, interfaceName: string): Promise<void> {
  try {
    await kernel.linkDelete(interfaceName);
  } catch (error) {
    if (!isKernelError(error, 'ENODEV')) throw error;
  }
}

async function configurePod(
  pod: Kernel,
  spec: PodInterfaceSpec,
  families: readonly Family[],
  hostMac: string,
): Promise<{ podMac: string; mtu: number }> {
  for (const [name, value] of podSysctls(spec.ifName, families.includes(6), spec.forwarding))
    await sysctl(pod, name, value);
  await pod.linkSet('lo', { up: true });
  await pod.linkSet(spec.ifName, { up: true });
  for (const address of spec.addresses) await pod.addressAdd(podAddress(spec.ifName, address));
  const link = await findLink(pod, spec.ifName);
  for (const neighbor of podNeighbors(spec.ifName, families, hostMac)) await pod.neighborAdd(neighbor);
  for (const route of podRoutes(link.index, families, spec.destinations)) await addRoute(pod, route);
  return { podMac: link.mac ?? '', mtu: link.mtu };
}

async function findLink(kernel: Kernel, name: string): Promise<Link> {
  const found = (await kernel.linkList()).find((link) => link.name === name);
  if (found === undefined)
    throw new KernelError('ENODEV', `interface ${name}`, 'it vanished while it was being set up');
  return found;
}

async function addRoute(kernel: Kernel, { destination, how }: PodRoute): Promise<void> {
  const prefix = parsePrefix(destination);
  const failures = await kernel.applyRoutes({
    family: prefix.family,
    count: 1,
    addresses: prefixWords(prefix),
    lengths: Uint8Array.of(prefix.length),
    verbs: Uint8Array.of(ROUTE_REPLACE),
    howIndex: Uint32Array.of(0),
    hows: [how],
  });
  for (const { code, reason } of failures) throw new KernelError(code, `route ${destination}`, reason);
}

/** A kernel without IPv6 has no IPv6 sysctls: nothing to set there. */
async function sysctl(kernel: Kernel, name: string, value: string): Promise<void> {
  try {
    await kernel.sysctl(name, value);
  } catch (error) {
    if (!(name.startsWith('net.ipv6.') && isKernelError(error, 'ENOENT'))) throw error;
  }
}
