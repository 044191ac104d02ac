import type { Family } from '../../base/index.ts';
import type { DesiredNat, DesiredPool } from '../../calc/desired/index.ts';
import { addresses, type Contents, isOf, outermost, POSTROUTING, wordOf } from '../filter/index.ts';

/**
 * A packet from a pool with natOutgoing, to anywhere outside all pools (disabled ones included, whether they have
 * natOutgoing or not), leaves with the node's own address. Connections that are translated already stay so when the
 * table changes, since conntrack remembers them. `fully-random`: two connections at once never take one port.
 * A pool with an egress address is translated by its gateway.
 */
export function natOutgoing(family: Family, pools: readonly DesiredPool[], nat: DesiredNat): Contents | undefined {
  const own = pools.filter(({ cidr, loadBalancerOnly }) => isOf(family, cidr) && !loadBalancerOnly);
  const apart = new Set(nat.egress?.pools.map(({ pool }) => pool));
  const hidden = own.filter((pool) => pool.natOutgoing && !apart.has(pool.name)).map(({ cidr }) => cidr);
  if (hidden.length === 0) return undefined;
  const word = wordOf(family);
  const hosts = nat.hosts?.[family];
  const match = [
    `${word} saddr @masq-ipam-pools ${word} daddr != @network-ip-pools`,
    ...(hosts === undefined ? [] : [`${word} daddr != @all-hosts-net`]),
    ...(nat.outInterface === undefined ? [] : [`oifname "${nat.outInterface.replace(/\+$/, '*')}"`]),
  ].join(' ');
  const fixed = nat.address !== undefined && isOf(family, nat.address) ? nat.address : undefined;
  const plain = fixed === undefined ? 'masquerade' : `snat to ${fixed}`;
  const fixedHost = family === 6 && fixed !== undefined ? `[${fixed}]` : fixed;
  const ranged = fixedHost === undefined ? `masquerade to :${nat.ports}` : `snat to ${fixedHost}:${nat.ports}`;
  const withPorts = `${match} meta l4proto { tcp, udp } ${ranged} fully-random`;
  return {
    sets: [
      [addresses(family, 'masq-ipam-pools'), outermost(hidden)],
      [addresses(family, 'network-ip-pools'), outermost(own.map(({ cidr }) => cidr))],
      ...(hosts === undefined ? [] : [[addresses(family, 'all-hosts-net'), hosts] as const]),
    ],
    chains: [
      [
        POSTROUTING,
        [
          ...(nat.ports === undefined ? [] : [{ expression: withPorts, why: 'natOutgoing ports' }]),
          { expression: `${match} ${plain} fully-random`, why: 'natOutgoing' },
        ],
      ],
    ],
  };
}
