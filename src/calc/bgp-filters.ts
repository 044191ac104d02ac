import { type Entries, ParseError, tryParsePrefix } from '../base/index.ts';
import { type BGPFilter, isCommunity } from '../model/index.ts';
import type { DesiredFilter, DesiredFilterRule, FilterList } from './desired/index.ts';
import { asNumber, localPrefOfPriority, MAX_PRIORITY } from './node-bgp.ts';

type FilterRule = NonNullable<BGPFilter['spec'][FilterList]>[number];
type Match = DesiredFilterRule['match'];

const LISTS: readonly FilterList[] = ['exportV4', 'importV4', 'exportV6', 'importV6'];

/** One of a rule's own words that has no meaning here. */
class NotUnderstood extends Error {}

/**
 * A BGPFilter, read: its rules in their order. One that is not understood matches nothing, and is among the problems.
 */
export function desiredFilter({ metadata, spec }: BGPFilter): DesiredFilter {
  const problems: string[] = [];
  const read = (list: FilterList): DesiredFilterRule[] =>
    (spec[list] ?? []).flatMap((rule, index) => {
      const name = `BGPFilter ${metadata.name} ${list}[${index}]`;
      try {
        return renderRule(rule, name, list.endsWith('V6') ? 6 : 4);
      } catch (error) {
        if (!(error instanceof NotUnderstood || error instanceof ParseError)) throw error;
        problems.push(`${name} matches nothing: ${error.message}`);
        return [];
      }
    });
  const lists = Object.fromEntries(LISTS.map((list) => [list, read(list)])) as unknown as DesiredFilter['lists'];
  return { name: metadata.name, lists, problems };
}

/** BGPFilters → what they say, by name. The same map as before while none of them says something else. */
export class Filters {
  #seen: Entries<BGPFilter> | undefined;
  #filters: ReadonlyMap<string, DesiredFilter> = new Map();

  run(filters: Entries<BGPFilter>): ReadonlyMap<string, DesiredFilter> {
    const changes = filters.since(this.#seen);
    this.#seen = filters;
    if (changes.length === 0) return this.#filters;
    const all = new Map(this.#filters);
    for (const [name, now] of changes) {
      if (now === undefined) all.delete(name);
      else all.set(name, desiredFilter(now));
    }
    this.#filters = all;
    return all;
  }
}

function renderRule(rule: FilterRule, name: string, family: 4 | 6): DesiredFilterRule {
  const set = renderOperations(present(rule.operations) ?? []);
  return {
    name,
    match: renderMatch(rule, family),
    action: word('action', rule.action, { Accept: 'accept', Reject: 'reject' } as const),
    ...(set && { set }),
  };
}

/** How each criterion is rendered: a key that is not here is one that nobody knows. */
const CRITERIA: {
  readonly [Key in Exclude<keyof FilterRule, 'action' | 'operations'>]-?: (rule: FilterRule, family: 4 | 6) => Match;
} = {
  cidr: (rule, family) => ({ prefix: renderPrefix(rule, family) }),
  matchOperator: (rule) => (present(rule.cidr) === undefined ? fail('matchOperator without cidr') : {}),
  prefixLength: (rule) => (present(rule.cidr) === undefined ? fail('prefixLength without cidr') : {}),
  source: ({ source }) => ({ source: word('source', source, { RemotePeers: 'bgp' } as const) }),
  interface: ({ interface: pattern = '' }) => ({ interface: pattern }),
  peerType: ({ peerType }) => ({ peerType: word('peerType', peerType, { eBGP: 'ebgp', iBGP: 'ibgp' } as const) }),
  communities: ({ communities }) => ({ community: renderCommunity(communities?.values ?? []) }),
  asPathPrefix: ({ asPathPrefix = [] }) => ({ asPathPrefix: asPathPrefix.map(asn) }),
  priority: ({ priority }) => ({ localPref: localPrefOf('priority', priority) }),
};

function renderMatch({ action: _, operations: __, ...criteria }: FilterRule, family: 4 | 6): Match {
  const parts = Object.entries(criteria).flatMap(([key, value]) => {
    if (present(value) === undefined) return [];
    if (!Object.hasOwn(CRITERIA, key)) return fail(`${key} is not known`);
    return CRITERIA[key as keyof typeof CRITERIA](criteria as FilterRule, family);
  });
  return Object.assign({}, ...parts);
}

const OPERATORS = { Equal: 'equal', NotEqual: 'not-equal', In: 'in', NotIn: 'not-in' } as const;

function renderPrefix(
  { cidr = '', matchOperator, prefixLength }: FilterRule,
  family: 4 | 6,
): NonNullable<Match['prefix']> {
  if (tryParsePrefix(cidr)?.family !== family) fail(`cidr '${cidr}' is not a CIDR of IPv${family}`);
  const { min, max, ...rest } = prefixLength ?? {};
  for (const key of Object.keys(rest)) fail(`prefixLength.${key} is not known`);
  return {
    cidr,
    operator: word('matchOperator', matchOperator, OPERATORS),
    ...(min != null && { min }),
    ...(max != null && { max }),
  };
}

function renderCommunity(values: readonly string[]): string {
  if (values.length !== 1) fail(`communities.values has ${values.length} entries, not one`);
  return community('communities.values[0]', values[0]);
}

/** The operations of an accepting rule, as one change. */
function renderOperations(operations: NonNullable<FilterRule['operations']>): DesiredFilterRule['set'] {
  if (operations.length === 0) return undefined;
  const addCommunities: string[] = [];
  const prependAsPath: number[] = [];
  let localPref: number | undefined;
  for (const { addCommunity, prependASPath, setPriority, ...rest } of operations) {
    for (const key of Object.keys(rest)) fail(`operations: ${key} is not known`);
    if (!addCommunity && !prependASPath && !setPriority) fail('operations: an entry is empty');
    if (addCommunity) addCommunities.push(community('operations.addCommunity.value', addCommunity.value));
    // Each is put in front of what is there by then.
    prependAsPath.unshift(...(prependASPath?.prefix.map(asn) ?? []));
    if (setPriority) localPref = localPrefOf('operations.setPriority', setPriority.value);
  }
  return {
    ...(addCommunities.length > 0 && { addCommunities }),
    ...(prependAsPath.length > 0 && { prependAsPath }),
    ...(localPref !== undefined && { localPref }),
  };
}

function community(field: string, text: string): string {
  return isCommunity(text) ? text : fail(`${field} '${text}' is not a community such as 65000:100 or 65000:1:2`);
}

function asn(value: number | string): number {
  const number = asNumber(value);
  return number !== undefined && Number.isInteger(number) ? number : fail(`'${value}' is not an AS number`);
}

function localPrefOf(field: string, priority: number | undefined): number {
  const valid = Number.isInteger(priority) && priority !== undefined && priority > 0 && priority < MAX_PRIORITY;
  return valid ? localPrefOfPriority(priority) : fail(`${field} '${priority}' is not 1 to 2147483646`);
}

function word<T>(field: string, value: string | undefined, meanings: Readonly<Record<string, T>>): T {
  if (value !== undefined && Object.hasOwn(meanings, value)) return meanings[value];
  return fail(`${field} '${value ?? ''}' is not one of ${Object.keys(meanings).join(', ')}`);
}

/** In Go's JSON an empty value is an absent one. */
function present<T>(value: T | null | undefined): T | undefined {
  const empty = value == null || value === '' || (Array.isArray(value) && value.length === 0);
  return empty ? undefined : value;
}

function fail(reason: string): never {
  throw new NotUnderstood(reason);
}
