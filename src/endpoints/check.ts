import { parsePrefix } from '../base/index.ts';
import { type CniRequest, RequestRefused } from '../control/index.ts';
import type { ResourceKey, Store } from '../datastore/index.ts';
import type { Ipam } from '../ipam/index.ts';
import type { Kernel } from '../netlink/index.ts';
import { assignedAddresses } from './addresses.ts';
import { networkConfig } from './network-config.ts';
import { podNamespace } from './pod-namespace.ts';

/** CHECK has no error code of its own in the specification. */
const CHECK_FAILED = 999;

interface CheckParts {
  readonly store: Store;
  readonly kernel: Kernel;
  readonly ipam: Ipam;
}

/** CNI CHECK: the store, the host end, and in the pod the addresses and the default routes; refused with what is wrong. */
export async function checkEndpoint(
  { store, kernel, ipam }: CheckParts,
  request: CniRequest,
  key: ResourceKey<'WorkloadEndpoint'>,
  identity: { readonly handle: string },
): Promise<Record<string, never>> {
  const endpoint = await store.get(key);
  if (endpoint?.spec.containerID !== request.containerId) {
    throw refused(`no endpoint for container ${request.containerId}`);
  }
  const host = await kernel.linkGet(endpoint.spec.interfaceName ?? '');
  if (!host?.up) throw refused(`interface ${endpoint.spec.interfaceName} is missing or down`);
  const stored = endpoint.spec.ipNetworks ?? [];
  const assigned = await assignedAddresses(ipam, request, identity, stored);
  const lacking = assigned.find((address) => !stored.includes(address));
  if (lacking !== undefined) throw refused(`the datastore does not know that ${lacking} is the pod's: ${stored}`);
  const pod = await kernel.inNamespace(podNamespace(request));
  try {
    await checkPod(pod, request, assigned);
  } finally {
    pod.close();
  }
  return {};
}

async function checkPod(pod: Kernel, request: CniRequest, assigned: readonly string[]): Promise<void> {
  const { ipam, include_default_routes: always } = networkConfig(request.config);
  // Another IPAM plugin may have named other routes in its place.
  const routed = always || ipam.type === undefined || ipam.type === 'calico-ipam';
  const addresses = (await pod.addressList({ dev: request.ifName })).map(({ address }) => address);
  for (const wanted of assigned) {
    if (!addresses.includes(wanted)) throw refused(`${request.ifName} in ${request.netns} has lost ${wanted}`);
    const { family } = parsePrefix(wanted);
    const all = family === 4 ? '0.0.0.0/0' : '::/0';
    if (routed && !(await pod.routeList({ family })).some(({ destination }) => destination === all)) {
      throw refused(`no default IPv${family} route in ${request.netns}`);
    }
  }
}

function refused(message: string): RequestRefused {
  return new RequestRefused('CHECK', message, CHECK_FAILED);
}
