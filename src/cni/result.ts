import type { CniInput } from './input.ts';

type Result = Readonly<Record<string, unknown>>;

/**
 * The daemon's result in the shape of the version that was asked for: interface MTUs exist from 1.1.0 on, before 1.0.0
 * every address names its family, and before 0.3.0 there was one address of each family, and no interfaces.
 */
export function resultFor(result: Result, input: CniInput): Result {
  const version = input.request.config.cniVersion;
  const interfaces = result['interfaces'] as Record<string, unknown>[];
  const ips = result['ips'] as Record<string, unknown>[];
  if (version === '0.1.0' || version === '0.2.0') return oldResult(version, ips, result);
  return {
    ...result,
    cniVersion: version,
    interfaces: version === '1.1.0' ? interfaces : interfaces.map(({ mtu: _, ...rest }) => rest),
    ips: version.startsWith('0.') ? ips.map((ip) => ({ version: String(familyOf(ip)), ...ip })) : ips,
  };
}

/** The first address of each family, with the routes of its family. */
function oldResult(cniVersion: string, ips: readonly Result[], { routes = [], dns = {} }: Result): Result {
  const family = (wanted: 4 | 6): Result | undefined => {
    const found = ips.find((ip) => familyOf(ip) === wanted);
    if (found === undefined) return undefined;
    const own = (routes as Result[]).filter(({ dst }) => String(dst).includes(':') === (wanted === 6));
    const { address: ip, gateway } = found;
    return { ip, ...(gateway !== undefined && { gateway }), ...(own.length > 0 && { routes: own }) };
  };
  const [ip4, ip6] = [family(4), family(6)];
  return { cniVersion, ...(ip4 && { ip4 }), ...(ip6 && { ip6 }), dns };
}

function familyOf(ip: Result): 4 | 6 {
  return String(ip['address']).includes(':') ? 6 : 4;
}
