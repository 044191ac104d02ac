import {
  type Address,
  containsAddress,
  type Family,
  formatAddress,
  type Prefix,
  tryParseAddress,
  tryParsePrefix,
} from '../../base/index.ts';
import { allows, type Pool } from '../../ipam/index.ts';
import { type KubernetesService, SERVICE_ANNOTATION } from '../../model/index.ts';

/** The class of our Services, where they name one. */
const CLASS = 'calico';

/** `controllers.loadBalancer.assignIPs`: whether Services without a class or an annotation of ours are ours, too. */
export type AssignIPs = 'AllServices' | 'RequestedServicesOnly';

/** The wishes of a Service to the load balancer. */
export interface LoadBalancerAsks {
  /** By name, at most one of a family; none: any will do. */
  readonly addresses: readonly Address[];
  /** The families that it is to have, in its order. */
  readonly families: readonly Family[];
  /** Where to take addresses of a family from; absent: from any pool that doesn't wait to be asked for. */
  readonly pools: { readonly [family in Family]?: readonly Prefix[] };
}

/** Whether it is for us to give the Service addresses. */
export function isOurs({ metadata, spec }: KubernetesService, assignIPs: AssignIPs): boolean {
  if (spec.type !== 'LoadBalancer') return false;
  const { loadBalancerClass } = spec;
  if (loadBalancerClass !== undefined) return loadBalancerClass === CLASS;
  return assignIPs === 'AllServices' || isAnnotated(metadata.annotations);
}

/** It says by name that it waits for us. */
export function isRequested({ metadata, spec }: KubernetesService): boolean {
  return spec.loadBalancerClass === CLASS || isAnnotated(metadata.annotations);
}

function isAnnotated(annotations: Readonly<Record<string, string>> | undefined): boolean {
  return Object.values(SERVICE_ANNOTATION).some((name) => annotations?.[name]);
}

/** Reads its wishes; or tells in a sentence why they can't be read. */
export function readAsks({ metadata, spec }: KubernetesService, pools: readonly Pool[]): LoadBalancerAsks | string {
  const read = (name: string): readonly string[] => listIn(name, metadata.annotations?.[name]);
  try {
    return {
      addresses: addressesIn(read(SERVICE_ANNOTATION.addresses)),
      families: familiesOf(spec),
      pools: {
        ...restriction(4, read(SERVICE_ANNOTATION.pools4), pools),
        ...restriction(6, read(SERVICE_ANNOTATION.pools6), pools),
      },
    };
  } catch (error) {
    if (error instanceof Misread) return error.message;
    throw error;
  }
}

/** A text by a person isn't what it should be. */
class Misread extends Error {}

/** An annotation that is absent, or empty, is no wish. */
function listIn(name: string, text: string | undefined): readonly string[] {
  if (!text) return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new Misread(`annotation ${name}: ${JSON.stringify(text)} is no JSON list of texts, such as '["a"]'`);
}

function addressesIn(texts: readonly string[]): readonly Address[] {
  const name = SERVICE_ANNOTATION.addresses;
  const addresses = texts.map((text) => {
    const address = tryParseAddress(text.trim());
    if (address === undefined) throw new Misread(`annotation ${name}: ${JSON.stringify(text)} is no address`);
    return address;
  });
  const unique = [...new Map(addresses.map((address) => [formatAddress(address), address])).values()];
  for (const family of [4, 6]) {
    if (unique.filter((address) => address.family === family).length > 1) {
      throw new Misread(`annotation ${name}: a Service can have one IPv4 and one IPv6 address`);
    }
  }
  return unique;
}

function familiesOf({ ipFamilies, clusterIPs }: KubernetesService['spec']): readonly Family[] {
  const told = ipFamilies.flatMap((word): Family[] => (word === 'IPv4' ? [4] : word === 'IPv6' ? [6] : []));
  const inside = clusterIPs.flatMap((text) => tryParseAddress(text)?.family ?? []);
  const families = told.length > 0 ? told : inside;
  return families.length > 0 ? [...new Set(families)] : [4];
}

function restriction(family: Family, wanted: readonly string[], pools: readonly Pool[]): LoadBalancerAsks['pools'] {
  if (wanted.length === 0) return {};
  const name = family === 4 ? SERVICE_ANNOTATION.pools4 : SERVICE_ANNOTATION.pools6;
  const ranges = wanted.map((text) => {
    const cidr = tryParsePrefix(text) ?? pools.find((pool) => pool.name === text && allows(pool, 'LoadBalancer'))?.cidr;
    if (cidr === undefined) {
      throw new Misread(`annotation ${name}: ${JSON.stringify(text)} is no IPPool with allowedUses: [LoadBalancer]`);
    }
    if (cidr.family !== family) throw new Misread(`annotation ${name}: ${JSON.stringify(text)} is not of IPv${family}`);
    return cidr;
  });
  return { [family]: ranges };
}

export function isWithin(address: Address, ranges: readonly Prefix[]): boolean {
  return ranges.some((range) => containsAddress(range, address));
}
