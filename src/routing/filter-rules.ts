import { ParseError, tryParsePrefix } from '../base/index.ts';
import { type FilterMatch, type FilterRule, parseCommunity } from '../bgp/index.ts';
import { asNumber } from '../calc/index.ts';
import type { BGPFilter } from '../model/index.ts';

type Spec = BGPFilter['spec'];
export type RuleList = 'exportV4' | 'importV4' | 'exportV6' | 'importV6';
type Rule = NonNullable<Spec[RuleList]>[number];

/** `2147483647 − priority` is how Calico writes a route's priority, which is its metric, into LOCAL_PREF. */
export const MAX_PRIORITY = 2147483647;

/** What becomes of one rule: one for the BGP library, or why there is none. */
export type RenderedRule =
  | { readonly kind: 'rule'; readonly rule: FilterRule }
  | { readonly kind: 'matches nothing'; readonly name: string; readonly reason: string };

/** One of a rule's own words that has no meaning here. */
class NotUnderstood extends Error {}

/** The rules of one list of a BGPFilter, in their order. One that is not understood matches nothing. */
export function renderRules({ metadata, spec }: BGPFilter, list: RuleList): RenderedRule[] {
  return (spec[list] ?? []).map((rule, index) => {
    const name = `BGPFilter ${metadata.name} ${list}[${index}]`;
    try {
      return { kind: 'rule', rule: renderRule(rule, name, list.endsWith('V6') ? 6 : 4) };
    } catch (error) {
      if (!(error instanceof NotUnderstood || error instanceof ParseError)) throw error;
      return { kind: 'matches nothing', name, reason: error.message };
    }
  });
}

function renderRule(rule: Rule, name: string, family: 4 | 6): FilterRule {
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
  readonly [Key in Exclude<keyof Rule, 'action' | 'operations'>]-?: (rule: Rule, family: 4 | 6) => FilterMatch;
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

function renderMatch({ action: _, operations: __, ...criteria }: Rule, family: 4 | 6): FilterMatch {
  const parts = Object.entries(criteria).flatMap(([key, value]) => {
    if (present(value) === undefined) return [];
    if (!Object.hasOwn(CRITERIA, key)) return fail(`${key} is not known`);
    return CRITERIA[key as keyof typeof CRITERIA](criteria as Rule, family);
  });
  return Object.assign({}, ...parts);
}

const OPERATORS = { Equal: 'equal', NotEqual: 'not-equal', In: 'in', NotIn: 'not-in' } as const;

function renderPrefix(
  { cidr = '', matchOperator, prefixLength }: Rule,
  family: 4 | 6,
): NonNullable<FilterMatch['prefix']> {
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
  parseCommunity(values[0], 'communities.values[0]');
  return values[0];
}

/** What the operations of an accepting rule change, as one. */
function renderOperations(operations: NonNullable<Rule['operations']>): FilterRule['set'] {
  if (operations.length === 0) return undefined;
  const addCommunities: string[] = [];
  const prependAsPath: number[] = [];
  let localPref: number | undefined;
  for (const { addCommunity, prependASPath, setPriority, ...rest } of operations) {
    for (const key of Object.keys(rest)) fail(`operations: ${key} is not known`);
    if (!addCommunity && !prependASPath && !setPriority) fail('operations: an entry is empty');
    if (addCommunity) parseCommunity(addCommunity.value, 'operations.addCommunity.value');
    if (addCommunity) addCommunities.push(addCommunity.value);
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

function asn(value: number | string): number {
  const number = asNumber(value);
  return number !== undefined && Number.isInteger(number) ? number : fail(`'${value}' is not an AS number`);
}

function localPrefOf(field: string, priority: number | undefined): number {
  const valid = Number.isInteger(priority) && priority !== undefined && priority > 0 && priority < MAX_PRIORITY;
  return valid ? MAX_PRIORITY - priority : fail(`${field} '${priority}' is not 1 to 2147483646`);
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
