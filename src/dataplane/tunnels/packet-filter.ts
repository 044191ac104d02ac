import type { Family } from '../../base/index.ts';
import type { DesiredPodTunnels, DesiredTunnels } from '../../calc/desired/index.ts';
import type { Chain } from '../../nftables/index.ts';
import { addresses, type Contents, FORWARD, PREROUTING, wordOf } from '../filter/index.ts';

/** The hosts that take part in IPIP and VXLAN. */
export type TunnelUse = Pick<DesiredTunnels, 'ipip' | 'vxlan4' | 'vxlan6' | 'hosts' | 'fromPods'>;

/** A packet comes here whole, when all its fragments have come. */
const INPUT: Chain = { name: 'input', base: { type: 'filter', hook: 'input', priority: 0 } };
/** Before connections are tracked. */
const OUTPUT: Chain = { name: 'output', base: { type: 'filter', hook: 'output', priority: -300 } };

/** A protocol that carries packets to other nodes. */
interface Carrier {
  readonly name: 'IPIP' | 'VXLAN';
  readonly match: string;
  /** Whether pods may send it. */
  readonly fromPods: boolean;
}

/**
 * Whoever may put a packet into a tunnel is in the pods' network, so that is for nodes alone. Pods have no part in it,
 * whosever address they claim, and whether this node uses tunnels or not, since another may. Looked at after services
 * are translated: one may have its endpoint at a node's port.
 */
export function encapsulated(
  family: Family,
  { encapsulation, interfacePrefix }: { readonly encapsulation: TunnelUse; readonly interfacePrefix: string },
): readonly (Contents | undefined)[] {
  return [podTunnels(encapsulation.fromPods, interfacePrefix), nodeTunnels(family, encapsulation)];
}

function podTunnels(fromPods: DesiredPodTunnels, interfacePrefix: string): Contents | undefined {
  const rules = carriers(fromPods)
    .filter((carrier) => !carrier.fromPods)
    .map(({ name, match }) => ({
      expression: `iifname "${interfacePrefix}*" ${match} counter drop`,
      why: `${name} comes from no pod`,
    }));
  if (rules.length === 0) return undefined;
  return {
    chains: [
      [INPUT, rules],
      [FORWARD, rules],
    ],
  };
}

/**
 * Lets only nodes send through tunnels to nodes: natOutgoing would give another's packet our own address, and
 * it would be taken for ours. VXLAN's packets are not tracked, as they are never answered: each flow inside would be a
 * connection outside that nobody needs.
 */
function nodeTunnels(family: Family, encapsulation: TunnelUse): Contents | undefined {
  const used = carriersOf(family, encapsulation);
  if (used.length === 0) return undefined;
  const word = wordOf(family);
  const set = addresses(family, 'all-hosts-net');
  const [from, to] = [`${word} saddr @${set.name}`, `${word} daddr @${set.name}`];
  const alien = `${word} saddr != @${set.name}`;
  const vxlan = used.filter(({ name }) => name === 'VXLAN');
  const closed = used.filter(({ fromPods }) => !fromPods);
  const untracked = 'VXLAN between nodes is not tracked';
  return {
    sets: [[set, encapsulation.hosts[family]]],
    chains: [
      [PREROUTING, vxlan.map(({ match }) => ({ expression: `${match} ${from} notrack`, why: untracked }))],
      [OUTPUT, vxlan.map(({ match }) => ({ expression: `${match} ${to} notrack`, why: untracked }))],
      [
        INPUT,
        used.map(({ name, match }) => {
          return { expression: `${match} ${alien} counter drop`, why: `${name} comes from nodes alone` };
        }),
      ],
      [
        FORWARD,
        closed.map(({ name, match }) => {
          return { expression: `${match} ${alien} ${to} counter drop`, why: `${name} to nodes comes from nodes alone` };
        }),
      ],
    ],
  };
}

/** Those that this node takes itself. */
function carriersOf(family: Family, { ipip, vxlan4, vxlan6, fromPods }: TunnelUse): readonly Carrier[] {
  const vxlan = family === 4 ? vxlan4 : vxlan6;
  return carriers({ ...fromPods, vxlanPort: vxlan?.port ?? fromPods.vxlanPort }).filter(({ name }) =>
    name === 'VXLAN' ? vxlan !== undefined : ipip !== undefined && family === 4,
  );
}

function carriers({ ipip, vxlan, vxlanPort }: DesiredPodTunnels): readonly Carrier[] {
  return [
    { name: 'VXLAN', match: `udp dport ${vxlanPort}`, fromPods: vxlan },
    { name: 'IPIP', match: 'meta l4proto 4', fromPods: ipip },
  ];
}
