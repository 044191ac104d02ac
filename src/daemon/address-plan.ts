import { formatAddress, tryParseAddress } from '../base/index.ts';
import { RequestRefused } from '../control/index.ts';
import type { NetworkConfig } from './network-config.ts';

const PREFIX = 'cni.projectcalico.org/';
/** CNI's "invalid network config": kubelet shows the message at the pod. */
const INVALID_CONFIG = 7;

type Annotations = Readonly<Record<string, string>>;

/** Where a pod's addresses come from, and its MAC. */
export type AddressPlan = { readonly mac?: string } & (
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
 * before its namespace before the configuration. Refuses what can't be read, what contradicts itself, and what this
 * version does not do, naming the annotation.
 */
export function addressPlan(pod: Annotations, namespace: Annotations, config: NetworkConfig): AddressPlan {
  const nearest = (name: string): string | undefined => pod[PREFIX + name] ?? namespace[PREFIX + name];
  if (pod[`${PREFIX}floatingIPs`] !== undefined) throw refused('floatingIPs', 'floating IPs are not supported');
  const mac = hardwareAddress(pod[`${PREFIX}hwAddr`]);
  const fixed = fixedAddresses(pod, config);
  if (fixed !== undefined) return { ...mac, ...fixed };
  const families = familiesOf(nearest('ipFamilies'), config);
  const pools4 = listOf('ipv4pools', nearest('ipv4pools')) ?? config.ipam.ipv4_pools;
  const pools6 = listOf('ipv6pools', nearest('ipv6pools')) ?? config.ipam.ipv6_pools;
  return {
    ...mac,
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
  if (wanted !== undefined && free !== undefined) throw refused('ipAddrs', 'cannot stand beside ipAddrsNoIpam');
  if (free !== undefined && !config.feature_control?.ip_addrs_no_ipam) {
    throw refused('ipAddrsNoIpam', "needs feature_control.ip_addrs_no_ipam in the node's network configuration");
  }
  const name = wanted === undefined ? 'ipAddrsNoIpam' : 'ipAddrs';
  const list = listOf(name, wanted ?? free);
  if (list === undefined) return undefined;
  const addresses = list.map((text) => {
    const address = tryParseAddress(text);
    if (address === undefined) throw refused(name, `'${text}' is not an IP address`);
    return address;
  });
  const families = addresses.map(({ family }) => family);
  if (new Set(families).size < families.length) throw refused(name, 'at most one address of each family');
  return { kind: 'fixed', addresses: addresses.map(formatAddress), ipam: name === 'ipAddrs' };
}

function familiesOf(annotation: string | undefined, { ipam }: NetworkConfig): readonly string[] {
  const families = listOf('ipFamilies', annotation);
  if (families === undefined) return [...(ipam.assign_ipv4 ? ['IPv4'] : []), ...(ipam.assign_ipv6 ? ['IPv6'] : [])];
  const unknown = families.find((family) => family !== 'IPv4' && family !== 'IPv6');
  if (unknown !== undefined) throw refused('ipFamilies', `'${unknown}' is neither IPv4 nor IPv6`);
  return families;
}

/** A JSON list of text that is not empty. */
function listOf(name: string, annotation: string | undefined): readonly string[] | undefined {
  if (annotation === undefined) return undefined;
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
