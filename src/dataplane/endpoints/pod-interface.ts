import { type Family, parsePrefix, prefixWords } from '../../base/index.ts';
import { isKernelError, type Kernel, KernelError, type Link, ROUTE_REPLACE } from '../../netlink/index.ts';
import { HOST_MAC, hostSysctls, type PodRoute, podAddress, podNeighbors, podRoutes, podSysctls } from './render.ts';
import { settle } from './sysctls.ts';

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
  /** The destinations that the pod reaches through the node, as CIDRs. */
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
    await settle(kernel, hostSysctls(spec.interfaceName, { hasIpv6: families.includes(6), spoofs: false }));
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
  await settle(pod, podSysctls(spec.ifName, families.includes(6), spec.forwarding));
  await pod.linkSet('lo', { up: true });
  await pod.linkSet(spec.ifName, { up: true });
  for (const address of spec.addresses) await pod.addressAdd(podAddress(spec.ifName, address));
  const link = await findLink(pod, spec.ifName);
  for (const neighbor of podNeighbors(spec.ifName, families, hostMac)) await pod.neighborAdd(neighbor);
  for (const family of families) await addRoutes(pod, family, podRoutes(link.index, family, spec.destinations));
  return { podMac: link.mac ?? '', mtu: link.mtu };
}

async function findLink(kernel: Kernel, name: string): Promise<Link> {
  const found = await kernel.linkGet(name);
  if (found === undefined)
    throw new KernelError('ENODEV', `interface ${name}`, 'it vanished while it was being set up');
  return found;
}

async function addRoutes(kernel: Kernel, family: Family, routes: readonly PodRoute[]): Promise<void> {
  const prefixes = routes.map(({ destination }) => parsePrefix(destination));
  const failures = await kernel.applyRoutes({
    family,
    count: routes.length,
    addresses: Uint32Array.from(prefixes.flatMap((prefix) => [...prefixWords(prefix)])),
    lengths: Uint8Array.from(prefixes, ({ length }) => length),
    verbs: new Uint8Array(routes.length).fill(ROUTE_REPLACE),
    infoIndex: Uint32Array.from(routes.keys()),
    infos: routes.map(({ info }) => info),
  });
  for (const { entry, code, reason } of failures) {
    throw new KernelError(code, `route ${routes[entry].destination}`, reason);
  }
}
