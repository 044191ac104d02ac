import {
  type Address,
  formatAddress,
  formatPrefix,
  parsePrefix,
  tryParseAddress,
  tryParsePrefix,
} from '../base/index.ts';
import { RequestRefused } from '../control/index.ts';
import type { NetworkConfig } from './network-config.ts';

const PREFIX = 'cni.projectcalico.org/';
/** CNI's "invalid network config": kubelet shows the message at the pod. */
const INVALID_CONFIG = 7;
/** CNI's "invalid necessary environment variables". */
const INVALID_ENVIRONMENT = 4;

type Annotations = Readonly<Record<string, string>>;

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
  /** These very addresses; `ipam` tells whether IPAM is asked for them, or knows nothing of them. */
  | { readonly kind: 'fixed'; readonly addresses: readonly string[]; readonly ipam: boolean }
);

/**
 * What the pod's and its namespace's annotations and the network configuration ask for, in Calico's order: the pod
 * before its namespace before the configuration; and `asked`, the address that the runtime names in `CNI_ARGS`, after
 * those that the pod's annotations name. Refuses what can't be read, what contradicts itself, and what this
 * version does not do, naming the annotation.
 */
export function addressPlan(
  pod: Annotations,
  namespace: Annotations,
  config: NetworkConfig,
  asked?: string,
): AddressPlan {
  const nearest = (name: string): string | undefined => pod[PREFIX + name] || namespace[PREFIX + name];
  const besides = { ...hardwareAddress(pod[`${PREFIX}hwAddr`]), ...floatingIps(pod, config), ...sourcePrefixes(pod) };
  const fixed = fixedAddresses(pod, config) ?? askedAddress(asked);
  if (fixed !== undefined) return { ...besides, ...fixed };
  const families = familiesOf(nearest('ipFamilies'), config);
  const pools4 = listOf('ipv4pools', nearest('ipv4pools')) ?? config.ipam.ipv4_pools;
  const pools6 = listOf('ipv6pools', nearest('ipv6pools')) ?? config.ipam.ipv6_pools;
  return {
    ...besides,
    kind: 'auto',
    num4: families.includes('IPv4') ? 1 : 0,
    num6: families.includes('IPv6') ? 1 : 0,
    ...(pools4 && { pools4 }),
    ...(pools6 && { pools6 }),
  };
}

function fixedAddresses(
  pod: Annotations,
  config: NetworkConfig,
): { readonly kind: 'fixed'; readonly addresses: readonly string[]; readonly ipam: boolean } | undefined {
  const [wanted, free] = [pod[`${PREFIX}ipAddrs`], pod[`${PREFIX}ipAddrsNoIpam`]];
  if (wanted && free) throw refused('ipAddrs', 'cannot stand beside ipAddrsNoIpam');
  if (free) requireFeature('ipAddrsNoIpam', 'ip_addrs_no_ipam', config);
  const name = free ? 'ipAddrsNoIpam' : 'ipAddrs';
  const addresses = addressesOf(name, wanted || free);
  if (addresses === undefined) return undefined;
  const families = addresses.map(({ family }) => family);
  if (new Set(families).size < families.length) throw refused(name, 'at most one address of each family');
  return { kind: 'fixed', addresses: addresses.map(formatAddress), ipam: name === 'ipAddrs' };
}

/** `IP=` of `CNI_ARGS`: this one address, from IPAM. */
function askedAddress(
  asked: string | undefined,
): { readonly kind: 'fixed'; readonly addresses: readonly string[]; readonly ipam: boolean } | undefined {
  if (!asked) return undefined;
  const address = tryParseAddress(asked);
  if (address !== undefined) return { kind: 'fixed', addresses: [formatAddress(address)], ipam: true };
  const message = `CNI_ARGS: IP='${asked}' is not an IP address such as 10.244.0.7 or fd00::7, without a prefix length`;
  throw new RequestRefused('CNI_ARGS', message, INVALID_ENVIRONMENT);
}

/** Whether the pod has addresses of their families is seen when it has got them: `requireTargets`. */
function floatingIps(pod: Annotations, config: NetworkConfig): { readonly floatingIps?: readonly string[] } {
  const addresses = addressesOf('floatingIPs', pod[`${PREFIX}floatingIPs`]);
  if (addresses === undefined) return {};
  requireFeature('floatingIPs', 'floating_ips', config);
  return { floatingIps: addresses.map(formatAddress) };
}

/** Refuses floating IPs that can lead to none of the pod's addresses. */
export function requireTargets(floatingIps: readonly string[], addresses: readonly string[]): void {
  const lost = floatingIps.find((external) => !addresses.some((own) => own.includes(':') === external.includes(':')));
  if (lost === undefined) return;
  throw refused(
    'floatingIPs',
    `'${lost}': the pod has no IPv${lost.includes(':') ? 6 : 4} address that it could lead to`,
  );
}

function sourcePrefixes(pod: Annotations): { readonly sourcePrefixes?: readonly string[] } {
  const name = 'allowedSourcePrefixes';
  const list = listOf(name, pod[PREFIX + name]);
  const wrong = list?.find((text) => tryParsePrefix(text) === undefined);
  if (wrong !== undefined) throw refused(name, `'${wrong}' is not a CIDR such as 10.0.0.0/16`);
  return list === undefined ? {} : { sourcePrefixes: list.map((text) => formatPrefix(parsePrefix(text))) };
}

function requireFeature(
  annotation: string,
  feature: 'ip_addrs_no_ipam' | 'floating_ips',
  { feature_control }: NetworkConfig,
): void {
  if (feature_control?.[feature]) return;
  throw refused(annotation, `needs feature_control.${feature} in the node's network configuration`);
}

function familiesOf(annotation: string | undefined, { ipam }: NetworkConfig): readonly string[] {
  const families = listOf('ipFamilies', annotation);
  if (families === undefined) return [...(ipam.assign_ipv4 ? ['IPv4'] : []), ...(ipam.assign_ipv6 ? ['IPv6'] : [])];
  const unknown = families.find((family) => family !== 'IPv4' && family !== 'IPv6');
  if (unknown !== undefined) throw refused('ipFamilies', `'${unknown}' is neither IPv4 nor IPv6`);
  return families;
}

function addressesOf(name: string, annotation: string | undefined): readonly Address[] | undefined {
  return listOf(name, annotation)?.map((text) => {
    const address = tryParseAddress(text);
    if (address === undefined) throw refused(name, `'${text}' is not an IP address`);
    return address;
  });
}

/** A JSON list of text that is not empty; an empty annotation says as little as none. */
function listOf(name: string, annotation: string | undefined): readonly string[] | undefined {
  if (!annotation) return undefined;
  let list: unknown;
  try {
    list = JSON.parse(annotation);
  } catch {
    throw refused(name, `'${annotation}' is not JSON`);
  }
  if (!Array.isArray(list) || list.length === 0 || !list.every((entry) => typeof entry === 'string')) {
    throw refused(name, `'${annotation}' is not a list such as ["a", "b"]`);
  }
  return list;
}

function hardwareAddress(annotation: string | undefined): { readonly mac?: string } {
  if (annotation === undefined) return {};
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(annotation)) throw refused('hwAddr', `'${annotation}' is not a MAC`);
  // The lowest bit of the first octet is for groups; no interface may have it.
  if (Number.parseInt(annotation.slice(0, 2), 16) % 2 === 1) {
    throw refused('hwAddr', `'${annotation}' is the address of a group`);
  }
  return { mac: annotation.toLowerCase() };
}

function refused(name: string, message: string): RequestRefused {
  return new RequestRefused('ANNOTATION', `annotation ${PREFIX}${name}: ${message}`, INVALID_CONFIG);
}
