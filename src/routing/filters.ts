import type { Filter, FilterMatch, FilterRule } from '../bgp/index.ts';
import type { DesiredBgp, DesiredPeer, DesiredPool } from '../calc/desired.ts';
import type { BGPFilter } from '../model/index.ts';

type Rule = NonNullable<NonNullable<BGPFilter['spec']['exportV4']>[number]>;
type Direction = 'import' | 'export';

/** Routes that this node originates itself carry this tag, so that export rules can tell them. */
export const OWN = 'own';

/** `2147483647 − priority` is how Calico writes a route's metric into LOCAL_PREF. */
const MAX_PRIORITY = 2147483647;

/**
 * What leaves to a peer, in the order of Calico's own export function: the peer's BGPFilters; nothing from pools with
 * `disableBGPExport`; our own blocks and borrowed addresses; any other route inside an enabled pool; nothing else.
 */
export function exportFilter(peer: DesiredPeer, bgp: DesiredBgp, pools: readonly DesiredPool[]): Filter {
  const hidden = pools.filter((pool) => pool.disableBgpExport);
  const open = pools.filter((pool) => !pool.disabled && !pool.disableBgpExport);
  return {
    name: `export ${filterNames(peer).join(',') || 'default'}`,
    rules: [
      ...filterRules(peer, bgp, 'export'),
      ...hidden.map((pool) => inPool(pool, 'reject', `pool ${pool.name} has disableBGPExport`)),
      { name: 'own block or borrowed address', match: { source: 'local', tag: OWN }, action: 'accept' },
      ...open.map((pool) => inPool(pool, 'accept', `inside pool ${pool.name}`)),
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
  const key = `${direction}${peer.address.includes(':') ? 'V6' : 'V4'}` as const;
  return filterNames(peer).flatMap((name) =>
    (bgp.filters.get(name)?.spec[key] ?? []).map((rule, index) =>
      renderRule(rule, `BGPFilter ${name} ${key}[${index}]`),
    ),
  );
}

function renderRule(rule: Rule, name: string): FilterRule {
  const operations = rule.operations ?? [];
  const communities = operations.flatMap((operation) => (operation.addCommunity ? [operation.addCommunity.value] : []));
  const prepend = operations.flatMap((operation) => operation.prependASPath?.prefix.map(Number) ?? []);
  const priority = operations.find((operation) => operation.setPriority)?.setPriority?.value;
  return {
    name,
    match: renderMatch(rule),
    action: rule.action === 'Accept' ? 'accept' : 'reject',
    ...(operations.length > 0 && {
      set: {
        ...(communities.length > 0 && { addCommunities: communities }),
        ...(prepend.length > 0 && { prependAsPath: prepend }),
        ...(priority !== undefined && { localPref: MAX_PRIORITY - priority }),
      },
    }),
  };
}

const OPERATORS = { Equal: 'equal', NotEqual: 'not-equal', In: 'in', NotIn: 'not-in' } as const;

function renderMatch(rule: Rule): FilterMatch {
  return {
    ...(rule.cidr !== undefined && {
      prefix: {
        cidr: rule.cidr,
        operator: OPERATORS[rule.matchOperator ?? 'In'],
        ...(rule.prefixLength?.min != null && { min: rule.prefixLength.min }),
        ...(rule.prefixLength?.max != null && { max: rule.prefixLength.max }),
      },
    }),
    ...(rule.source === 'RemotePeers' && { source: 'bgp' as const }),
    ...(rule.peerType !== undefined && { peerType: rule.peerType === 'eBGP' ? ('ebgp' as const) : ('ibgp' as const) }),
    ...(rule.communities?.values[0] !== undefined && { community: rule.communities.values[0] }),
    ...(rule.asPathPrefix !== undefined && { asPathPrefix: rule.asPathPrefix.map(Number) }),
  };
}

function inPool(pool: DesiredPool, action: 'accept' | 'reject', name: string): FilterRule {
  return { name, match: { prefix: { cidr: pool.cidr, operator: 'in' } }, action };
}
