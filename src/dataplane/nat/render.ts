import type { Family } from '../../base/index.ts';
import type {
  DesiredNat,
  DesiredPool,
  DesiredServices,
  DesiredSpoofing,
  DesiredWireguard,
} from '../../calc/desired/index.ts';
import { type Encapsulation, encapsulated } from '../tunnels/packet-filter.ts';
import { reversePath } from '../wireguard/reverse-path.ts';
import { dscpMarks } from './dscp.ts';
import { floatingIps } from './floating-ips.ts';
import {
  addresses,
  type Contents,
  FORWARD,
  isOf,
  type NatTable,
  outermost,
  POSTROUTING,
  PREROUTING,
  tableOf,
  wordOf,
} from './table.ts';

/** All that the packet filter's tables of ours follow from. */
export interface NatInputs {
  readonly pools: readonly DesiredPool[];
  readonly nat: DesiredNat;
  readonly services: DesiredServices;
  readonly spoofing: readonly DesiredSpoofing[];
  /** Tunnel devices that have an address. */
  readonly tunnels: Readonly<Record<Family, readonly string[]>>;
  readonly wireguard: DesiredWireguard | undefined;
  readonly encapsulation: Encapsulation;
  /** How the names of pods' interfaces begin. */
  readonly interfacePrefix: string;
}

/** Our tables, each with what it should be: one is refused without harm to the others. First is what keeps strangers out. */
export function natTables(inputs: NatInputs): readonly NatTable[] {
  return ([4, 6] as const).flatMap((family) => [
    tableOf(family, 'encapsulation', 'vrouter-encapsulation', encapsulated(family, inputs)),
    tableOf(family, 'source addresses', 'vrouter-sources', [ownSources(family, inputs)]),
    tableOf(family, 'NAT', 'vrouter-nat', [floatingIps(family, inputs.nat), natOutgoing(family, inputs)]),
    tableOf(family, 'tunnel source', 'vrouter-tunnels', [tunnelSource(inputs.tunnels[family], inputs.wireguard)]),
    tableOf(family, 'service loops', 'vrouter-services', [serviceLoops(family, inputs.services)]),
    tableOf(family, 'DSCP', 'vrouter-dscp', [dscpMarks(family, inputs.pools, inputs.nat.dscp)]),
    tableOf(family, 'host encryption', 'vrouter-wireguard', [reversePath(family, inputs.wireguard)]),
  ]);
}

/**
 * A packet from a pool with natOutgoing, to anywhere outside all pools (disabled ones included, whether they have
 * natOutgoing or not), leaves with the node's own address. Connections that are translated already stay so when the
 * table changes, since conntrack remembers them. `fully-random`: two connections at once never take one port.
 */
function natOutgoing(family: Family, { pools, nat }: NatInputs): Contents | undefined {
  const own = pools.filter(({ cidr, loadBalancerOnly }) => isOf(family, cidr) && !loadBalancerOnly);
  const hidden = own.filter((pool) => pool.natOutgoing).map(({ cidr }) => cidr);
  if (hidden.length === 0) return undefined;
  const word = wordOf(family);
  const hosts = nat.hosts?.filter((cidr) => isOf(family, cidr));
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
      ...(hosts === undefined ? [] : [[addresses(family, 'all-hosts-net'), outermost(hosts)] as const]),
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

/**
 * A packet of the host itself that enters a tunnel with an address of another link gets the tunnel's: the far end
 * answers through the tunnel only to that. It happens when a service is translated after the route, and with it the
 * source, was chosen. Pods' addresses are not local here, so their packets pass as they are. With host encryption the
 * device has the node's own address: `fib` finds that on the first link that has it alone.
 */
function tunnelSource(devices: readonly string[], wireguard: DesiredWireguard | undefined): Contents | undefined {
  if (devices.length === 0) return undefined;
  const rules = devices.map((name) => {
    const shared = wireguard?.hostEncryption && wireguard.device === name;
    const foreign = shared ? `ip saddr != ${wireguard.address}` : 'fib saddr . oif type != local';
    return {
      expression: `oifname "${name}" ${foreign} fib saddr type local masquerade fully-random`,
      why: `tunnel source ${name}`,
    };
  });
  return { chains: [[POSTROUTING, rules]] };
}

/**
 * A packet to a service's address that is forwarded still untranslated belongs to no service: sent on, it would come
 * back from the gateway that BGP told to send such addresses here, until its TTL ends.
 */
function serviceLoops(family: Family, { cidrs, loops }: DesiredServices): Contents | undefined {
  const own = cidrs.filter((cidr) => isOf(family, cidr));
  if (own.length === 0 || loops === 'Disabled') return undefined;
  const set = addresses(family, 'service-ips');
  const expression = `${wordOf(family)} daddr @${set.name} ${loops === 'Drop' ? 'drop' : 'reject'}`;
  return { sets: [[set, outermost(own)]], chains: [[FORWARD, [{ expression, why: 'serviceLoopPrevention' }]]] };
}

/**
 * A pod sends from where a route leads back to it, its own addresses, and from networks that it is allowed. IPv6 knows no
 * `rp_filter`, and that of IPv4 is loose wherever an administrator has set 2 for all interfaces: the kernel takes the larger.
 */
function ownSources(family: Family, { spoofing, interfacePrefix }: NatInputs): Contents {
  const word = wordOf(family);
  const allowed = spoofing.flatMap(({ interfaceName, prefixes, why }) => {
    const own = outermost(prefixes.filter((cidr) => isOf(family, cidr)));
    const expression = `iifname "${interfaceName}" ${word} saddr { ${own.join(', ')} } accept`;
    return own.length === 0 ? [] : [{ expression, why }];
  });
  const expression = `iifname "${interfacePrefix}*" fib saddr . iif oif missing counter drop`;
  return { chains: [[PREROUTING, [...allowed, { expression, why: 'pods send from their own addresses' }]]] };
}
