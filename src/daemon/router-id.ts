import { createHash } from 'node:crypto';
import { formatIpv4 } from '../base/index.ts';
import type { DaemonConfig } from './config.ts';

/** Calico's rule for nodes without IPv4: four octets of SHA-256, the first lowered by 32 if above 223. */
function hashedRouterId(nodename: string): string {
  const digest = createHash('sha256').update(nodename).digest();
  const first = digest[0] > 223 ? digest[0] - 32 : digest[0];
  return formatIpv4(((first << 24) | (digest[1] << 16) | (digest[2] << 8) | digest[3]) >>> 0);
}

/** The router ids of the node: the configured one, or its IPv4 address, or else one made from its name. */
export function routerIds({ CALICO_ROUTER_ID: told, NODENAME: name }: DaemonConfig): {
  readonly routerId: string | undefined;
  readonly spareRouterId: string;
} {
  const spareRouterId = hashedRouterId(name);
  return { routerId: told === 'hash' ? spareRouterId : told, spareRouterId };
}
