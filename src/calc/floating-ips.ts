import { formatAddress, networkAddress, parseAddress, parsePrefix } from '../base/index.ts';
import type { WorkloadEndpoint } from '../model/index.ts';
import type { FloatingIp } from './desired/index.ts';

/**
 * The floating IPs of each endpoint, by its key. An address that some pod here has is nobody's floating IP. Of two pods
 * with the same one, that with the alphabetically first address has it, as in Calico: the choice depends on nothing else.
 */
export function floatingIps(
  endpoints: readonly (readonly [key: string, endpoint: WorkloadEndpoint])[],
): ReadonlyMap<string, readonly FloatingIp[]> {
  const ownerOf = new Map(endpoints.flatMap(([key, endpoint]) => addresses(endpoint).map((at) => [at, key] as const)));
  const asked = endpoints
    .flatMap(([key, { spec }]) =>
      (spec.ipNATs ?? []).map(({ internalIP, externalIP }) => ({
        key,
        floatingIp: { external: normal(externalIP), internal: normal(internalIP) },
      })),
    )
    .filter(({ key, floatingIp: { external, internal } }) => {
      const isOneFamily = external.includes(':') === internal.includes(':');
      return isOneFamily && ownerOf.get(internal) === key && !ownerOf.has(external);
    })
    .sort((a, b) => (a.floatingIp.internal < b.floatingIp.internal ? -1 : 1));
  const given = new Set<string>();
  const byEndpoint = new Map<string, FloatingIp[]>();
  for (const { key, floatingIp } of asked) {
    if (given.has(floatingIp.external)) continue;
    given.add(floatingIp.external);
    byEndpoint.set(key, [...(byEndpoint.get(key) ?? []), floatingIp]);
  }
  return byEndpoint;
}

function addresses({ spec }: WorkloadEndpoint): readonly string[] {
  return (spec.ipNetworks ?? []).map((cidr) => formatAddress(networkAddress(parsePrefix(cidr))));
}

/** In the one way that the kernel writes it too. */
function normal(address: string): string {
  return formatAddress(parseAddress(address));
}
