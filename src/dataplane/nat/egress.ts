import type { Family } from '../../base/index.ts';
import type { DesiredEgress } from '../../calc/desired/index.ts';
import { addresses, type Contents, FORWARD, POSTROUTING, wordOf } from '../filter/index.ts';

/**
 * Packets of a pool's pods, of this node and of others, that leave the cluster by this node as their gateway get the
 * pool's address. The port stays where it can: what a former gateway has begun goes on by the next one.
 */
export function egressSources(family: Family, egress: DesiredEgress | undefined): Contents | undefined {
  const own = (egress?.pools ?? []).filter((pool) => pool.family === family && pool.way.kind === 'here');
  if (egress === undefined || own.length === 0) return undefined;
  const [inside, hosts] = [addresses(family, 'egress-inside'), addresses(family, 'egress-hosts')];
  const ip = wordOf(family);
  return {
    sets: [
      [inside, egress.inside[family]],
      [hosts, egress.hosts[family]],
    ],
    chains: [
      [
        POSTROUTING,
        own.map(({ cidr, address, why }) => ({
          expression: `${ip} saddr ${cidr} ${ip} daddr != @${inside.name} ${ip} daddr != @${hosts.name} snat to ${address}`,
          why,
        })),
      ],
      // A packet that answers nobody is for no pod. The neighbour to whom the address was announced would send it here again.
      [
        FORWARD,
        own.map(({ address, why }) => ({ expression: `${ip} daddr ${address} drop`, why: `${why}; answers alone` })),
      ],
    ],
  };
}
