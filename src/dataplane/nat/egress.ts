import type { Family } from '../../base/index.ts';
import type { DesiredEgress } from '../../calc/desired/index.ts';
import { addresses, type Contents, POSTROUTING } from '../filter/index.ts';

/**
 * Packets of a pool's pods, of this node and of others, that leave the cluster by this node as their gateway get the
 * pool's address. The port stays where it can: what a former gateway has begun goes on by the next one.
 */
export function egressSources(family: Family, egress: DesiredEgress | undefined): Contents | undefined {
  const own = (egress?.pools ?? []).filter(({ way }) => way.kind === 'here');
  if (family === 6 || egress === undefined || own.length === 0) return undefined;
  const [inside, hosts] = [addresses(4, 'egress-inside'), addresses(4, 'egress-hosts')];
  return {
    sets: [
      [inside, egress.inside],
      [hosts, egress.hosts[4]],
    ],
    chains: [
      [
        POSTROUTING,
        own.map(({ cidr, address, why }) => ({
          expression: `ip saddr ${cidr} ip daddr != @${inside.name} ip daddr != @${hosts.name} snat to ${address}`,
          why,
        })),
      ],
    ],
  };
}
