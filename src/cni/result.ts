import type { CniInput } from './input.ts';

/**
 * The daemon's result in the shape of the version that was asked for: interface MTUs exist from 1.1.0 on, and before
 * 1.0.0 every address names its family.
 */
export function resultFor(result: Record<string, unknown>, input: CniInput): Record<string, unknown> {
  const version = input.request.config.cniVersion;
  const interfaces = result['interfaces'] as Record<string, unknown>[];
  const ips = result['ips'] as Record<string, unknown>[];
  return {
    ...result,
    cniVersion: version,
    interfaces: version === '1.1.0' ? interfaces : interfaces.map(({ mtu: _, ...rest }) => rest),
    ips: version.startsWith('0.')
      ? ips.map((ip) => ({ version: String(ip['address']).includes(':') ? '6' : '4', ...ip }))
      : ips,
  };
}
