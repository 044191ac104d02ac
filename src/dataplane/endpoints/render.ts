import { hostCidr } from '../../base/index.ts';
import type { DesiredWorkload } from '../../calc/desired/index.ts';
import { type FibInfo, type InterfaceAddressSpec, type Neighbor, sysctlWord } from '../../netlink/index.ts';
import type { Sysctls } from './sysctls.ts';

/** Every host end has this MAC, so that a pod's ARP entry for its gateway holds wherever it runs. */
export const HOST_MAC = 'ee:ee:ee:ee:ee:ee';
/** The gateway that every pod is told; no interface has it, the host end answers for it (proxy ARP). */
export const GATEWAY_4 = '169.254.1.1';
/** The link-local address that follows from `HOST_MAC` (EUI-64): the pods' IPv6 gateway. */
export const GATEWAY_6 = 'fe80::ecee:eeff:feee:eeee';

/** Where routes lead to the pod, as `/32` and `/128` CIDRs: to its addresses and floating IPs. */
export function routedTo({ addresses, floatingIps }: DesiredWorkload): readonly string[] {
  return [...addresses, ...floatingIps.map(({ external }) => hostCidr(external))];
}

/** The inputs of a host end's settings. */
export interface HostEnd {
  /** Whether the pod has IPv6: else it is switched off. */
  readonly hasIpv6: boolean;
  /** Whether it may send from addresses that no route leads back to: which, the packet filter looks after. */
  readonly spoofs: boolean;
}

export function hostEndOf({ addresses, sourcePrefixes }: DesiredWorkload): HostEnd {
  return {
    hasIpv6: addresses.some((cidr) => cidr.includes(':')),
    spoofs: sourcePrefixes.some((cidr) => !cidr.includes(':')),
  };
}

/** Sysctls of a host end, in the order in which they are written. */
export function hostSysctls(interfaceName: string, { hasIpv6, spoofs }: HostEnd): Sysctls {
  const name = sysctlWord(interfaceName);
  const v4 = `net.ipv4.conf.${name}`;
  const v6 = `net.ipv6.conf.${name}`;
  return [
    [`${v4}.route_localnet`, '1'],
    [`net.ipv4.neigh.${name}.proxy_delay`, '0'],
    [`${v4}.proxy_arp`, '1'],
    [`${v4}.forwarding`, '1'],
    [`${v4}.rp_filter`, spoofs ? '0' : '1'],
    // Policy sees where a packet is to go next, not where its options lead it then; nor, in IPv6, its segments.
    [`${v4}.accept_source_route`, '0'],
    ...(hasIpv6
      ? ([
          [`${v6}.disable_ipv6`, '0'],
          [`${v6}.proxy_ndp`, '1'],
          [`${v6}.forwarding`, '1'],
          [`${v6}.accept_ra`, '0'],
          [`${v6}.accept_dad`, '0'],
          [`${v6}.seg6_enabled`, '0'],
          [`${v6}.rpl_seg_enabled`, '0'],
        ] as const)
      : ([[`${v6}.disable_ipv6`, '1']] as const)),
  ];
}

/** Sysctls inside the pod's namespace. */
export function podSysctls(ifName: string, hasIpv6: boolean, forwarding: boolean): Sysctls {
  const forward = forwarding ? '1' : '0';
  return [
    ['net.ipv4.ip_forward', forward],
    ...(hasIpv6
      ? ([
          ['net.ipv6.conf.all.disable_ipv6', '0'],
          ['net.ipv6.conf.all.forwarding', forward],
          [`net.ipv6.conf.${sysctlWord(ifName)}.accept_dad`, '0'],
        ] as const)
      : []),
  ];
}

export function podAddress(ifName: string, address: string): InterfaceAddressSpec {
  return { dev: ifName, address };
}

/** One route in a pod's namespace: where to, and how. `dev` is the index of the pod's interface. */
export interface PodRoute {
  readonly destination: string;
  readonly info: FibInfo;
}

/**
 * The pod is told its gateway's MAC. Proxy ARP would answer too, but only on a host that has some route to
 * 169.254.1.1, which one without a default route has not; and the first packet need not wait for an answer.
 */
export function podNeighbors(ifName: string, families: readonly (4 | 6)[], mac: string): Neighbor[] {
  return families.map((family) => ({
    dev: ifName,
    destination: family === 4 ? GATEWAY_4 : GATEWAY_6,
    mac,
    state: 'permanent',
  }));
}

const MAIN = 254;
const BOOT = 3;

/** The destinations of a pod through the node: those that its IPAM names, or else, or besides if so configured, all. */
export function podDestinations(named: readonly string[], everythingToo: boolean): readonly string[] {
  return named.length === 0 || everythingToo ? [...new Set([...named, '0.0.0.0/0', '::/0'])] : named;
}

/** The pod's routes in one family: the gateway on the link, and through it the destinations. */
export function podRoutes(dev: number, family: 4 | 6, destinations: readonly string[]): PodRoute[] {
  const base = { kind: 'unicast', protocol: BOOT, table: MAIN } as const;
  const via = family === 4 ? GATEWAY_4 : GATEWAY_6;
  const through = destinations.filter((destination) => destination.includes(':') === (family === 6));
  const onLink: PodRoute[] =
    family === 4 ? [{ destination: `${GATEWAY_4}/32`, info: { ...base, scope: 'link', nextHops: [{ dev }] } }] : [];
  const info: FibInfo = { ...base, nextHops: [{ via, dev }] };
  return [...onLink, ...through.map((destination) => ({ destination, info }))];
}
