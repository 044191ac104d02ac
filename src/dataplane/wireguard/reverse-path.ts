import type { Entries, Family } from '../../base/index.ts';
import type { DesiredWireguard } from '../../calc/desired/index.ts';
import { addresses, type Contents, PREROUTING } from '../filter/index.ts';

/**
 * With host encryption the way back to another node leads into the tunnel. But what carries the tunnel comes by the cable,
 * and so does what a node sends in clear before it knows our key: a strict `rp_filter` would drop both. So they get the
 * mark by which the way back is looked for in the ordinary routes. What comes out of the tunnel is left alone: its way back
 * is the tunnel. IPv6 knows no `rp_filter`. `nodes`: the other nodes' own addresses.
 */
export function reversePath(
  family: Family,
  desired: DesiredWireguard | undefined,
  nodes: Entries<string>,
): Contents | undefined {
  if (family === 6 || !desired?.hostEncryption || desired.peers.size === 0) return undefined;
  const { device, mark } = desired;
  const set = addresses(4, 'wireguard-nodes');
  const expression = `iifname != "${device}" ip saddr @${set.name} meta mark set meta mark or 0x${mark.toString(16)}`;
  return {
    sets: [[set, nodes]],
    chains: [[PREROUTING, [{ expression, why: 'FelixConfiguration: wireguardHostEncryptionEnabled' }]]],
  };
}
