import { formatAddress, tryParseAddress } from '../base/index.ts';
import { RequestRefused } from '../control/index.ts';
import { Annotations, refusedAnnotation } from './annotations.ts';
import type { NetworkConfig } from './network-config.ts';

/** CNI's "invalid necessary environment variables". */
const INVALID_ENVIRONMENT = 4;

/** Where a pod's addresses come from, and what it is to have besides. */
export type AddressPlan = {
  readonly mac?: string;
  /** Further addresses that are to lead to it. */
  readonly floatingIps?: readonly string[];
  /** Networks that it may send from besides its addresses. */
  readonly sourcePrefixes?: readonly string[];
} & (
  | {
      /** IPAM chooses: so many of each family, from these pools (names or CIDRs) or any. */
      readonly kind: 'auto';
      readonly num4: number;
      readonly num6: number;
      readonly pools4?: readonly string[];
      readonly pools6?: readonly string[];
    }
  | FixedAddresses
);

/** These very addresses; `ipam` tells whether IPAM is asked for them, or knows nothing of them. */
interface FixedAddresses {
  readonly kind: 'fixed';
  readonly addresses: readonly string[];
  readonly ipam: boolean;
}

/**
 * The plan that the pod's and its namespace's annotations and the network configuration ask for, in Calico's order: the
 * pod before its namespace before the configuration; and `asked`, the address that the runtime names in `CNI_ARGS`,
 * after those that the pod's annotations name. Refuses what can't be read, what contradicts itself, and what this
 * version does not do, naming the annotation.
 */
export function addressPlan(
  pod: Readonly<Record<string, string>>,
  namespace: Readonly<Record<string, string>>,
  config: NetworkConfig,
  asked?: string,
): AddressPlan {
  const annotations = new Annotations(pod, namespace);
  const besides = besidesOf(annotations, config);
  const fixed = fixedAddresses(annotations, config) ?? askedAddress(asked);
  if (fixed !== undefined) return { ...besides, ...fixed };
  const families = annotations.families ?? familiesOf(config);
  const pools4 = annotations.pools4 ?? config.ipam.ipv4_pools;
  const pools6 = annotations.pools6 ?? config.ipam.ipv6_pools;
  return {
    ...besides,
    kind: 'auto',
    num4: families.includes('IPv4') ? 1 : 0,
    num6: families.includes('IPv6') ? 1 : 0,
    ...(pools4 && { pools4 }),
    ...(pools6 && { pools6 }),
  };
}

/** Refuses floating IPs that can lead to none of the pod's addresses. */
export function requireTargets(floatingIps: readonly string[], addresses: readonly string[]): void {
  const lost = floatingIps.find((external) => !addresses.some((own) => own.includes(':') === external.includes(':')));
  if (lost === undefined) return;
  const family = lost.includes(':') ? 6 : 4;
  throw refusedAnnotation('floatingIPs', `'${lost}': the pod has no IPv${family} address that it could lead to`);
}

/** Whether the pod has addresses that floating IPs can lead to is seen when it has got them: `requireTargets`. */
function besidesOf(annotations: Annotations, config: NetworkConfig) {
  const { mac, floatingIps } = annotations;
  if (floatingIps !== undefined) requireFeature('floatingIPs', 'floating_ips', config);
  const { sourcePrefixes } = annotations;
  return { ...(mac && { mac }), ...(floatingIps && { floatingIps }), ...(sourcePrefixes && { sourcePrefixes }) };
}

function fixedAddresses(annotations: Annotations, config: NetworkConfig): FixedAddresses | undefined {
  const { fixed } = annotations;
  if (fixed === undefined) return undefined;
  if (!fixed.ipam) requireFeature('ipAddrsNoIpam', 'ip_addrs_no_ipam', config);
  return { kind: 'fixed', ...fixed };
}

/** `IP=` of `CNI_ARGS`: this one address, from IPAM. */
function askedAddress(asked: string | undefined): FixedAddresses | undefined {
  if (!asked) return undefined;
  const address = tryParseAddress(asked);
  if (address !== undefined) return { kind: 'fixed', addresses: [formatAddress(address)], ipam: true };
  const message = `CNI_ARGS: IP='${asked}' is not an IP address such as 10.244.0.7 or fd00::7, without a prefix length`;
  throw new RequestRefused('CNI_ARGS', message, INVALID_ENVIRONMENT);
}

function requireFeature(
  annotation: 'ipAddrsNoIpam' | 'floatingIPs',
  feature: 'ip_addrs_no_ipam' | 'floating_ips',
  { feature_control }: NetworkConfig,
): void {
  if (feature_control?.[feature]) return;
  throw refusedAnnotation(annotation, `needs feature_control.${feature} in the node's network configuration`);
}

function familiesOf({ ipam }: NetworkConfig): readonly string[] {
  return [...(ipam.assign_ipv4 ? ['IPv4'] : []), ...(ipam.assign_ipv6 ? ['IPv6'] : [])];
}
