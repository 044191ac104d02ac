import type { CniRequest, CniResult } from '../control/index.ts';
import type { PodInterface } from '../dataplane/index.ts';
import type { AutoAssignment } from '../ipam/index.ts';
import type { WorkloadEndpoint } from '../model/index.ts';

/** The runtime's result: the host end, the pod's end, and the addresses that the pod was assigned. */
export function cniResult(
  request: CniRequest,
  endpoint: WorkloadEndpoint,
  made: PodInterface,
  addresses: readonly string[],
): CniResult {
  return {
    cniVersion: request.config.cniVersion,
    interfaces: [
      { name: endpoint.spec.interfaceName ?? '' },
      { name: request.ifName, mac: made.podMac, mtu: made.mtu, sandbox: request.netns },
    ],
    ips: addresses.map((address) => ({ address, interface: 1 })),
    ...(request.config['dns'] !== undefined && { dns: request.config['dns'] }),
  };
}

/** Why fewer addresses came than were asked for, in Calico's words; undefined when all came. */
export function shortfallOf(assigned: AutoAssignment): string | undefined {
  for (const family of [assigned.v4, assigned.v6]) {
    if (family === undefined || family.addresses.length >= family.requested) continue;
    const why = family.shortfall === undefined ? '' : `: ${family.shortfall}`;
    return `failed to request ${family.requested} IPv${family.family} addresses. IPAM allocated only ${family.addresses.length}${why}`;
  }
  return undefined;
}
