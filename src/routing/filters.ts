import type { Filter, FilterRule } from '../bgp/index.ts';
import type { DesiredBgp, DesiredPeer, DesiredPool } from '../calc/desired/index.ts';
import { withCommunities } from './communities.ts';
import { type RuleList, renderRules } from './filter-rules.ts';

type Direction = 'import' | 'export';
const RULE_LISTS: readonly RuleList[] = ['exportV4', 'importV4', 'exportV6', 'importV6'];

/** Routes that this node originates itself carry this tag, so that export rules can tell them. */
export const OWN = 'own';

/**
 * What leaves to a peer, in the order of Calico's own export function: the peer's BGPFilters; nothing from pools with
 * `disableBGPExport`; our own blocks and borrowed addresses; any other route inside a pool, be it disabled: that gives out
 * no new addresses, and has routes as before; nothing else. What the BGPFilters accept gets no communities of
 * BGPConfiguration: in Calico too they decide alone.
 */
export function exportFilter(peer: DesiredPeer, bgp: DesiredBgp, pools: readonly DesiredPool[]): Filter {
  const hidden = pools.filter((pool) => pool.disableBgpExport);
  const open = pools.filter((pool) => !pool.disableBgpExport);
  return {
    name: `export ${filterNames(peer).join(',') || 'default'}`,
    rules: [
      ...filterRules(peer, bgp, 'export'),
      ...hidden.map((pool) => inPool(pool, 'reject', `pool ${pool.name} has disableBGPExport`)),
      ...withCommunities(
        [
          { name: 'own block or borrowed address', match: { source: 'local', tag: OWN }, action: 'accept' },
          ...open.map((pool) => inPool(pool, 'accept', `inside pool ${pool.name}`)),
        ],
        bgp.communities,
      ),
    ],
    default: 'reject',
  };
}

/** What is believed of a peer: its BGPFilters decide, and else everything, as in Calico: the peer knows its own network. */
export function importFilter(peer: DesiredPeer, bgp: DesiredBgp): Filter | undefined {
  const rules = filterRules(peer, bgp, 'import');
  return rules.length === 0 ? undefined : { name: `import ${filterNames(peer).join(',')}`, rules, default: 'accept' };
}

function filterNames(peer: DesiredPeer): readonly string[] {
  return peer.spec?.filters ?? [];
}

function filterRules(peer: DesiredPeer, bgp: DesiredBgp, direction: Direction): FilterRule[] {
  const list = `${direction}${peer.address.includes(':') ? 'V6' : 'V4'}` as const;
  return filterNames(peer).flatMap((name) => {
    const filter = bgp.filters.get(name);
    if (filter === undefined) return [];
    return renderRules(filter, list).flatMap((rendered) => (rendered.kind === 'rule' ? [rendered.rule] : []));
  });
}

/** What is left out of the filters that this node's peers name, and why; also names that stand for no filter. */
export function filterProblems({ peers, filters }: Pick<DesiredBgp, 'peers' | 'filters'>): string[] {
  const used = [...new Set(peers.flatMap(filterNames))];
  return used.flatMap((name) => {
    const filter = filters.get(name);
    if (filter === undefined) return [`BGPFilter ${name} does not exist: peers that name it do without`];
    return RULE_LISTS.flatMap((list) => renderRules(filter, list)).flatMap((rendered) =>
      rendered.kind === 'rule' ? [] : [`${rendered.name} matches nothing: ${rendered.reason}`],
    );
  });
}

function inPool(pool: DesiredPool, action: 'accept' | 'reject', name: string): FilterRule {
  return { name, match: { prefix: { cidr: pool.cidr, operator: 'in' } }, action };
}
