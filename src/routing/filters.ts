import type { Filter, FilterRule } from 'bgp-speaker-ts';
import { same } from '../base/index.ts';
import type { DesiredBgp, DesiredPeer, DesiredPool, PrefixCommunities } from '../calc/desired/index.ts';
import { withCommunities } from './communities.ts';

type Filters = DesiredBgp['filters'];

const GRACEFUL_SHUTDOWN = 'graceful-shutdown';

/** The export and import filter of a peer. */
export interface PeerFilters {
  readonly exportFilter: Filter;
  readonly importFilter: Filter | undefined;
}

/** RFC 8212: without filters an external peer gets and gives nothing. */
const NOTHING: Filter = { name: 'ebgpRequiresPolicy', rules: [], default: 'reject' };

/** RFC 6811: somebody else may announce it. */
const INVALID: readonly FilterRule[] = [
  { name: 'the origin is invalid by RPKI', match: { originValidity: 'invalid' }, action: 'reject' },
];

/** Routes that this node originates itself carry this tag, so that export rules can tell them. */
export const OWN = 'own';

/**
 * The filter for routes to a peer, in the order of Calico's own export function: the peer's filters; nothing from pools with
 * `disableBGPExport`; our own blocks, borrowed addresses and services; on a route reflector what others tell of
 * services; any other route inside a pool, be it disabled: that gives out no new addresses, and has routes as before;
 * nothing else. What the peer's filters accept gets no communities of BGPConfiguration: in Calico too they decide
 * alone.
 */
export function exportFilter(
  peer: DesiredPeer,
  filters: Filters,
  ofPools: readonly FilterRule[],
  needsPolicy = false,
): Filter {
  const rules = filterRules(peer, filters, 'export');
  if (needsPolicy && rules.length === 0) return NOTHING;
  return {
    name: `export ${peer.filters.join(',') || 'default'}`,
    rules: [...rules, ...ofPools],
    default: 'reject',
  };
}

/**
 * The filter for routes from a peer: nothing of the cluster's own prefixes, where only nodes tell of them, and nothing
 * invalid by RPKI where that is to be refused; else its filters decide, and else everything, as in Calico: the peer
 * knows its own network.
 */
export function importFilter(
  peer: DesiredPeer,
  filters: Filters,
  guards: readonly FilterRule[] = [],
  needsPolicy = false,
): Filter | undefined {
  const rules = filterRules(peer, filters, 'import');
  if (needsPolicy && rules.length === 0) return NOTHING;
  if (rules.length + guards.length === 0) return undefined;
  return { name: `import ${peer.filters.join(',') || 'default'}`, rules: [...guards, ...rules], default: 'accept' };
}

/** The cluster's own prefixes, of which the peer is not believed. */
export function guardRules(ownPrefixes: readonly string[]): FilterRule[] {
  return ownPrefixes.map((cidr) => ({
    ...inside(cidr, 'reject', `inside ${cidr}, which is the cluster’s own`),
    guards: true,
  }));
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

/**
 * The same routes as the last choice of whoever hears of them (RFC 8326): by the community, and inside the AS by
 * LOCAL_PREF too.
 */
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

/** Of a session with both families each rule is about its own. */
function filterRules(peer: DesiredPeer, filters: Filters, direction: 'import' | 'export'): readonly FilterRule[] {
  const families = familiesOf(peer);
  return peer.filters.flatMap((name) =>
    families.flatMap((family): readonly FilterRule[] => {
      const rules = filters.get(name)?.lists[`${direction}V${family}`] ?? [];
      return families.length === 1 ? rules : rules.map((rule) => within(rule, family));
    }),
  );
}

function within({ match, ...rule }: FilterRule, family: 4 | 6): FilterRule {
  const everything = { cidr: family === 4 ? '0.0.0.0/0' : '::/0', operator: 'in' } as const;
  return { ...rule, match: { ...match, prefix: match.prefix ?? everything } };
}

/** Whose routes a session speaks of. */
function familiesOf({ families, address }: DesiredPeer): readonly (4 | 6)[] {
  return families ?? [address.includes(':') ? 6 : 4];
}

function inPool({ cidr }: DesiredPool, action: 'accept' | 'reject', name: string): FilterRule {
  return inside(cidr, action, name);
}

function inside(cidr: string, action: 'accept' | 'reject', name: string): FilterRule {
  return { name, match: { prefix: { cidr, operator: 'in' } }, action };
}

/** The inputs of filters, beside the pools. */
export type PeerFilterInputs = Pick<DesiredBgp, 'filters' | 'communities' | 'reflected'> &
  Partial<Pick<DesiredBgp, 'asn' | 'ownPrefixes' | 'carriedByOthers' | 'ebgpRequiresPolicy' | 'rpkiInvalid'>>;

/** The filters of peers: those that ask for the same have the same objects, until a filter or a pool says otherwise. */
export class SharedFilters {
  readonly #shared = new Map<string, PeerFilters>();
  #inputs: PeerFilterInputs = { filters: new Map(), communities: [] };
  #pools: readonly DesiredPool[] | undefined;
  #ofPools: readonly FilterRule[] = [];
  #isDraining = false;
  #guards: readonly FilterRule[] = [];

  /** Takes in what filters are made of; whether any of them is another now. */
  take(inputs: PeerFilterInputs, pools: readonly DesiredPool[]): boolean {
    const before = this.#inputs;
    const { communities, reflected, ownPrefixes = [] } = inputs;
    const isKnown = pools === this.#pools && communities === before.communities && reflected === before.reflected;
    const ofPools = isKnown ? this.#ofPools : poolRules(pools, communities, reflected);
    const guards = inputs.ownPrefixes === before.ownPrefixes ? this.#guards : guardRules(ownPrefixes);
    const isSame =
      inputs.filters === before.filters &&
      inputs.carriedByOthers === before.carriedByOthers &&
      inputs.ebgpRequiresPolicy === before.ebgpRequiresPolicy &&
      inputs.rpkiInvalid === before.rpkiInvalid &&
      inputs.asn === before.asn &&
      same(guards, this.#guards) &&
      same(ofPools, this.#ofPools);
    this.#inputs = inputs;
    this.#pools = pools;
    if (isSame) return false;
    this.#ofPools = ofPools;
    this.#guards = guards;
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
    const refused = this.#inputs.rpkiInvalid === 'Reject' && !peer.ofCluster ? INVALID : [];
    const guards = [...(this.#isGuarded(peer) ? this.#guards : []), ...refused];
    const needsPolicy = this.#needsPolicy(peer);
    const key = `${familiesOf(peer).join()} ${guards.length} ${needsPolicy} ${peer.filters.join(',')}`;
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      const { filters } = this.#inputs;
      const announced = exportFilter(peer, filters, this.#ofPools, needsPolicy);
      shared = {
        exportFilter: this.#isDraining ? lastChoice(announced) : announced,
        importFilter: importFilter(peer, filters, guards, needsPolicy),
      };
      this.#shared.set(key, shared);
    }
    return shared;
  }

  /** Nodes are believed; a pod never carries what is another's; a router does where the mesh is off. */
  #isGuarded({ ofCluster, acceptOwnPrefixes, type }: DesiredPeer): boolean {
    if (ofCluster) return false;
    const isCarrier = type !== 'local workload' && (this.#inputs.carriedByOthers ?? false);
    return !(acceptOwnPrefixes ?? isCarrier);
  }

  #needsPolicy({ ofCluster, asn, localAsn }: DesiredPeer): boolean {
    const { ebgpRequiresPolicy = false, asn: own } = this.#inputs;
    return !ofCluster && ebgpRequiresPolicy && asn !== (localAsn ?? own);
  }
}
