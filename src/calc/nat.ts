import { formatPrefix, tryParsePrefix } from '../base/index.ts';
import type { BGPConfiguration } from '../model/index.ts';
import type { DesiredEgress, DesiredNat, DesiredServices, DesiredWorkload, HostAddresses } from './desired/index.ts';
import type { FelixSettings } from './felix.ts';
import { desiredDscp } from './qos.ts';
import { isReachableByL2 } from './reachability.ts';

/** How natOutgoing translates, as FelixConfiguration has it, and the pods' floating IPs and marks. */
export function desiredNat(
  felix: FelixSettings,
  hosts: HostAddresses,
  workloads: readonly DesiredWorkload[],
  egress?: DesiredEgress,
): DesiredNat {
  const dscp = desiredDscp(workloads);
  const apart = felix.natOutgoingExclusions === 'IPPoolsAndHostIPs';
  return {
    hosts: apart ? hosts : undefined,
    address: felix.natOutgoingAddress || undefined,
    ports: portRange(felix.natPortRange),
    outInterface: felix.iptablesNATOutgoingInterfaceFilter || undefined,
    floatingIps: workloads.flatMap(({ key, floatingIps }) =>
      floatingIps.map((floatingIp) => ({ ...floatingIp, why: `floating IP of endpoint ${key}` })),
    ),
    ...(dscp && { dscp }),
    ...(egress && { egress }),
  };
}

/** `min-max` of a port, or of Calico's range `min:max`; undefined for none, and for 0, which says none. */
function portRange(value: number | string | undefined): string | undefined {
  const [, min, max = min] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(String(value ?? '')) ?? [];
  return min === undefined || Number(max) === 0 ? undefined : `${min}-${max}`;
}

/**
 * Where services live, as `BGPConfiguration default` tells, and what becomes of a packet for one that does not exist:
 * left alone it would go to the default gateway, which was told by BGP to send it here.
 */
export function desiredServices(
  felix: FelixSettings,
  configurations: ReadonlyMap<string, BGPConfiguration>,
  hasGateways = false,
): DesiredServices {
  const { serviceClusterIPs, serviceExternalIPs, serviceLoadBalancerIPs } = configurations.get('default')?.spec ?? {};
  const listed = [serviceClusterIPs, serviceExternalIPs, serviceLoadBalancerIPs].flatMap((list) => list ?? []);
  const cidrs = listed.flatMap(({ cidr }) => {
    const network = cidr === undefined ? undefined : tryParsePrefix(cidr);
    return network === undefined ? [] : [formatPrefix(network)];
  });
  return {
    cidrs: [...new Set(cidrs)].sort(),
    loops: felix.serviceLoopPrevention ?? 'Drop',
    ...((isReachableByL2(felix) || hasGateways) && { toLoopback: true }),
  };
}
