import { formatAddress, tryParseInterfaceAddress } from '../base/index.ts';
import type { BGPConfiguration, Node } from '../model/index.ts';
import type { PrefixCommunities } from './desired/index.ts';

const DEFAULT_ASN = 64512;
export const DEFAULT_PORT = 179;
/** The metric of an ordinary route, which peers are told of as LOCAL_PREF. */
const DEFAULT_PRIORITY = 1024;
export const MAX_PRIORITY = 2147483647;

/** The BGPConfigurations, by name. */
export interface Configurations {
  get(name: string): BGPConfiguration | undefined;
}

/** The AS of the cluster: `BGPConfiguration default`, else 64512. */
export function globalAsn(configurations: Configurations): number {
  return asNumber(configurations.get('default')?.spec.asNumber) ?? DEFAULT_ASN;
}

export function nodeAsn(node: Node, configurations: Configurations): number {
  return asNumber(node.spec.bgp?.asNumber) ?? globalAsn(configurations);
}

/** A node's listen port: its own BGPConfiguration `node.<name>` before the default one. */
export function listenPort(nodename: string, configurations: Configurations): number {
  return (
    configurations.get(`node.${nodename}`)?.spec.listenPort ||
    configurations.get('default')?.spec.listenPort ||
    DEFAULT_PORT
  );
}

/** Where a node listens: everywhere, or with `bindMode: NodeIP` on its own addresses alone. */
export function listenAddresses(node: Node, configurations: Configurations): readonly string[] {
  if (configurations.get('default')?.spec.bindMode !== 'NodeIP') return ['0.0.0.0', '::'];
  return ([4, 6] as const).map((family) => nodeAddress(node, family)).filter((address) => address !== undefined);
}

/** Interfaces whose networks are no routes of ours: the node's own list instead of the cluster's, as in Calico. */
export function ignoredInterfaces(nodename: string, configurations: Configurations): readonly string[] {
  const specs = [`node.${nodename}`, 'default'].map((name) => configurations.get(name)?.spec);
  return specs.find((spec) => spec?.ignoredInterfaces?.length)?.ignoredInterfaces ?? [];
}

/** The LOCAL_PREF of ordinary routes of each family: as Calico writes their priority (metric), smaller ones being better. */
export function localPrefs(configurations: Configurations): { readonly 4: number; readonly 6: number } {
  const { ipv4NormalRoutePriority: four, ipv6NormalRoutePriority: six } = configurations.get('default')?.spec ?? {};
  return { 4: localPrefOfPriority(four ?? DEFAULT_PRIORITY), 6: localPrefOfPriority(six ?? DEFAULT_PRIORITY) };
}

/** `2147483647 − priority` is what Calico's filters read and write. */
export function localPrefOfPriority(priority: number): number {
  return MAX_PRIORITY - priority;
}

/**
 * The communities of prefixes: the node's own BGPConfiguration `node.<name>` instead of the default one, as in Calico. Names
 * are those of either object; one that stands for nothing is left out, and the object is reported as broken.
 */
export function prefixCommunities(nodename: string, configurations: Configurations): PrefixCommunities[] {
  const specs = [`node.${nodename}`, 'default'].map((name) => configurations.get(name)?.spec);
  const named = new Map(
    specs.toReversed().flatMap((spec) => spec?.communities?.map((one) => [one.name, one.value]) ?? []),
  );
  const advertisements = specs.find((spec) => spec?.prefixAdvertisements?.length)?.prefixAdvertisements ?? [];
  return advertisements.flatMap(({ cidr, communities = [] }) => {
    const values = communities.map((text) => named.get(text) ?? text).filter((text) => /^\d+(:\d+){1,2}$/.test(text));
    return values.length === 0 ? [] : [{ cidr, communities: values }];
  });
}

/**
 * ASNs are stored as numbers, decimal text, or `asdot` text such as `1.10`. AS 0 is nobody's (RFC 7607), and in Go the same
 * as none.
 */
export function asNumber(value: number | string | undefined | null): number | undefined {
  if (value === undefined || value === null) return undefined;
  const dotted = typeof value === 'string' ? /^(\d+)\.(\d+)$/.exec(value) : null;
  const number = dotted === null ? Number(value) : Number(dotted[1]) * 65536 + Number(dotted[2]);
  return number === 0 ? undefined : number;
}

/** The node's address without its prefix length, or undefined. */
export function nodeAddress(node: Node | undefined, family: 4 | 6): string | undefined {
  const text = family === 4 ? node?.spec.bgp?.ipv4Address : node?.spec.bgp?.ipv6Address;
  const parsed = text ? tryParseInterfaceAddress(text) : undefined;
  return parsed && formatAddress(parsed.address);
}
