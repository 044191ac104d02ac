import type { Filter, FilterRule } from 'bgp-speaker-ts';
import { same } from '../base/index.ts';
import type { DesiredBgp, DesiredPeer, DesiredPool, PrefixCommunities } from '../calc/desired/index.ts';
import { withCommunities } from './communities.ts';

type Filters = DesiredBgp['filters'];

const GRACEFUL_SHUTDOWN = 'graceful-shutdown';

/** What goes to a peer, and what is believed of it. */
export interface PeerFilters {
  readonly exportFilter: Filter;
  readonly importFilter: Filter | undefined;
}

/** Routes that this node originates itself carry this tag, so that export rules can tell them. */
export const OWN = 'own';

/**
 * What leaves to a peer, in the order of Calico's own export function: the peer's filters; nothing from pools with
 * `disableBGPExport`; our own blocks, borrowed addresses and services; on a route reflector what others tell of services; any other route inside a pool, be it disabled: that gives out
 * no new addresses, and has routes as before; nothing else. What the peer's filters accept gets no communities of
 * BGPConfiguration: in Calico too they decide alone.
 */
export function exportFilter(peer: DesiredPeer, filters: Filters, ofPools: readonly FilterRule[]): Filter {
  return {
    name: `export ${peer.filters.join(',') || 'default'}`,
    rules: [...filterRules(peer, filters, 'export'), ...ofPools],
    default: 'reject',
  };
}

/** What is believed of a peer: its filters decide, and else everything, as in Calico: the peer knows its own network. */
export function importFilter(peer: DesiredPeer, filters: Filters): Filter | undefined {
  const rules = filterRules(peer, filters, 'import');
  return rules.length === 0 ? undefined : { name: `import ${peer.filters.join(',')}`, rules, default: 'accept' };
}

/** The rules of every export filter that are the pools' doing. */
export function poolRules(
  pools: readonly DesiredPool[],
  communities: readonly PrefixCommunities[] = [],
  reflected: readonly string[] = [],
): FilterRule[] {
  const hidden = pools.filter((pool) => pool.disableBgpExport);
  const open = pools.filter((pool) => !pool.disableBgpExport);
  return [
    ...hidden.map((pool) => inPool(pool, 'reject', `pool ${pool.name} has disableBGPExport`)),
    ...withCommunities(
      [
        { name: 'own block, borrowed address or service', match: { source: 'local', tag: OWN }, action: 'accept' },
        ...reflected.map((cidr) => inside(cidr, 'accept', `of services inside ${cidr}`)),
        ...open.map((pool) => inPool(pool, 'accept', `inside pool ${pool.name}`)),
      ],
      communities,
    ),
  ];
}

/** The same routes as the last choice of whoever hears of them (RFC 8326): by the community, and inside the AS by LOCAL_PREF too. */
function lastChoice({ rules, ...filter }: Filter): Filter {
  return {
    ...filter,
    rules: rules.map((rule) => {
      if (rule.action === 'reject') return rule;
      const { addCommunities = [] } = rule.set ?? {};
      return { ...rule, set: { ...rule.set, addCommunities: [...addCommunities, GRACEFUL_SHUTDOWN], localPref: 0 } };
    }),
  };
}

function filterRules(peer: DesiredPeer, filters: Filters, direction: 'import' | 'export'): readonly FilterRule[] {
  const list = `${direction}${peer.address.includes(':') ? 'V6' : 'V4'}` as const;
  return peer.filters.flatMap((name) => filters.get(name)?.lists[list] ?? []);
}

function inPool({ cidr }: DesiredPool, action: 'accept' | 'reject', name: string): FilterRule {
  return inside(cidr, action, name);
}

function inside(cidr: string, action: 'accept' | 'reject', name: string): FilterRule {
  return { name, match: { prefix: { cidr, operator: 'in' } }, action };
}

/** The filters of peers: those that ask for the same have the same objects, until a filter or a pool says otherwise. */
export class SharedFilters {
  readonly #shared = new Map<string, PeerFilters>();
  #filters: Filters = new Map();
  #pools: readonly DesiredPool[] | undefined;
  #communities: readonly PrefixCommunities[] | undefined;
  #reflected: readonly string[] | undefined;
  #ofPools: readonly FilterRule[] = [];
  #isDraining = false;

  /** Takes in what filters are made of; whether any of them is another now. */
  take(
    { filters, communities, reflected }: Pick<DesiredBgp, 'filters' | 'communities' | 'reflected'>,
    pools: readonly DesiredPool[],
  ): boolean {
    const isSameReflected = reflected === this.#reflected;
    const isKnown = pools === this.#pools && communities === this.#communities && isSameReflected;
    const ofPools = isKnown ? this.#ofPools : poolRules(pools, communities, reflected);
    const isSame = filters === this.#filters && same(ofPools, this.#ofPools);
    this.#pools = pools;
    this.#communities = communities;
    this.#reflected = reflected;
    if (isSame) return false;
    this.#filters = filters;
    this.#ofPools = ofPools;
    this.#shared.clear();
    return true;
  }

  /** Whether all that is announced is to be the last choice. True if that is news. */
  drain(isDraining: boolean): boolean {
    if (isDraining === this.#isDraining) return false;
    this.#isDraining = isDraining;
    this.#shared.clear();
    return true;
  }

  of(peer: DesiredPeer): PeerFilters {
    const key = `${peer.address.includes(':') ? 6 : 4} ${peer.filters.join(',')}`;
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      shared = {
        exportFilter: this.#isDraining
          ? lastChoice(exportFilter(peer, this.#filters, this.#ofPools))
          : exportFilter(peer, this.#filters, this.#ofPools),
        importFilter: importFilter(peer, this.#filters),
      };
      this.#shared.set(key, shared);
    }
    return shared;
  }
}
