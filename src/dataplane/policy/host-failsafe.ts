import type { Family } from '../../base/index.ts';
import { formatPrefix } from '../../base/index.ts';
import type { DesiredHosts } from '../../calc/desired/index.ts';
import { type Failsafe, type HostAsk, NEIGHBOUR_TYPES } from '../../policy/index.ts';
import { type Contents, type ReasonedRule, wordOf } from '../filter/index.ts';
import type { HostPlace } from './host-place.ts';

type Failsafes = DesiredHosts['failsafes'];

/** Before tracking there are no connections yet, so there the answers have to be let through by rules too. */
export function failsafeChain(place: HostPlace): string {
  const way = place.endsWith('ingress') ? 'in' : 'out';
  return place.startsWith('untracked') ? `failsafe-untracked-${way}` : `failsafe-${way}`;
}

export function renderFailsafes(ask: HostAsk, { inbound, outbound }: Failsafes, family: Family): Contents {
  const isIn = ask.endsWith('ingress');
  const [list, others] = isIn ? [inbound, outbound] : [outbound, inbound];
  const word = isIn ? 'inbound' : 'outbound';
  const far = isIn ? 'saddr' : 'daddr';
  const lines = portLines(list, 'dport', far, family, `${word} failsafe`);
  const answers = ask.startsWith('untracked')
    ? portLines(others, 'sport', far, family, `answer of an ${isIn ? 'outbound' : 'inbound'} failsafe`)
    : [];
  return { chains: [[{ name: failsafeChain(ask) }, [...neighbours(family), ...lines, ...answers]]] };
}

/** Without them no address of IPv6 is found, and they are of no connection. */
export function neighbours(family: Family): readonly ReasonedRule[] {
  if (family === 4) return [];
  const types = [...NEIGHBOUR_TYPES].join(', ');
  return [{ expression: `icmpv6 type { ${types} } accept`, why: 'neighbours find each other' }];
}

function portLines(
  failsafes: readonly Failsafe[],
  field: 'dport' | 'sport',
  far: 'saddr' | 'daddr',
  family: Family,
  why: string,
): readonly ReasonedRule[] {
  const groups = Map.groupBy(
    failsafes.filter(({ net }) => net === undefined || net.family === family),
    ({ protocol, net }) => `meta l4proto ${protocol} ${net === undefined ? '' : netMatch(net, far, family)}`,
  );
  return [...groups].map(([match, group]) => {
    const ports = [...new Set(group.map(({ port }) => port))].sort((a, b) => a - b);
    const which = ports.length === 1 ? `${ports[0]}` : `{ ${ports.join(', ')} }`;
    return { expression: `${match}th ${field} ${which} accept`, why };
  });
}

function netMatch(net: NonNullable<Failsafe['net']>, far: 'saddr' | 'daddr', family: Family): string {
  return net.length === 0 ? '' : `${wordOf(family)} ${far} ${formatPrefix(net)} `;
}
