import type { Family } from '../../base/index.ts';
import type { DesiredTunnels } from '../../calc/desired.ts';
import type { Chain } from '../../nftables/index.ts';
import { addresses, type Contents, FORWARD, isOf, outermost, PREROUTING, wordOf } from '../nat/table.ts';

/** Who takes part in IPIP and VXLAN. */
export type Encapsulation = Pick<DesiredTunnels, 'ipip' | 'vxlan4' | 'vxlan6' | 'hosts'>;

/** A packet comes here whole, when all its fragments have come. */
const INPUT: Chain = { name: 'input', base: { type: 'filter', hook: 'input', priority: 0 } };
/** Before connections are tracked. */
const OUTPUT: Chain = { name: 'output', base: { type: 'filter', hook: 'output', priority: -300 } };

/** A protocol that carries packets to other nodes. */
interface Carrier {
  readonly name: 'IPIP' | 'VXLAN';
  readonly match: string;
  readonly fromPods: boolean;
}

/**
 * Whoever may put a packet into a tunnel is in the pods' network, so that is for nodes alone. What goes through here to a
 * node must come from one too: natOutgoing would give a pod's packet our own address, and it would be taken for ours.
 * VXLAN's packets are not tracked, as they are never answered: each flow inside would be a connection outside that nobody needs.
 */
export function encapsulated(family: Family, encapsulation: Encapsulation): Contents | undefined {
  const carriers = carriersOf(family, encapsulation);
  if (carriers.length === 0) return undefined;
  const word = wordOf(family);
  const set = addresses(family, 'all-hosts-net');
  const [from, to] = [`${word} saddr @${set.name}`, `${word} daddr @${set.name}`];
  const alien = `${word} saddr != @${set.name}`;
  const vxlan = carriers.filter(({ name }) => name === 'VXLAN');
  const closed = carriers.filter(({ fromPods }) => !fromPods);
  const untracked = 'VXLAN between nodes is not tracked';
  return {
    sets: [[set, outermost(encapsulation.hosts.filter((cidr) => isOf(family, cidr)))]],
    chains: [
      [PREROUTING, vxlan.map(({ match }) => ({ expression: `${match} ${from} notrack`, why: untracked }))],
      [OUTPUT, vxlan.map(({ match }) => ({ expression: `${match} ${to} notrack`, why: untracked }))],
      [
        INPUT,
        carriers.map(({ name, match }) => {
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

function carriersOf(family: Family, { ipip, vxlan4, vxlan6 }: Encapsulation): readonly Carrier[] {
  const vxlan = family === 4 ? vxlan4 : vxlan6;
  const carriers: Carrier[] = [];
  if (vxlan !== undefined) {
    carriers.push({ name: 'VXLAN', match: `udp dport ${vxlan.port}`, fromPods: vxlan.fromPods ?? false });
  }
  if (ipip !== undefined && family === 4) {
    carriers.push({ name: 'IPIP', match: 'ip protocol 4', fromPods: ipip.fromPods ?? false });
  }
  return carriers;
}
